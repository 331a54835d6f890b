// SPDX-License-Identifier: GPL-2.0
/*
 * kTLS without a handshake: both ends are told the same key. The sender is the
 * kernel. The receiver is the kernel too, or else a thread here, which reads the
 * records from TCP, decrypts them with OpenSSL and passes the plaintext on: it
 * shares no code with what it verifies.
 */
#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "matrix.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define HEADER 5
#define NONCE 12
#define SALT 4
#define TAG 16
#define TYPE_DATA 23
#define RECORD_ROOM (HEADER + 16384 + 256)

/* Any bytes will do; salt and iv together are TLS 1.3's iv. */
static const unsigned char key[32] = "a key for tests, of thirty-two B";
static const unsigned char salt[SALT] = { 1, 2, 3, 4 };
static const unsigned char iv[8] = { 5, 6, 7, 8, 9, 10, 11, 12 };

static bool set_key(const struct mx_sink *sink, int fd, int direction)
{
	struct tls12_crypto_info_aes_gcm_128 short_key = {
		.info = { (uint16_t)sink->tls, TLS_CIPHER_AES_GCM_128 },
	};
	struct tls12_crypto_info_aes_gcm_256 long_key = {
		.info = { (uint16_t)sink->tls, TLS_CIPHER_AES_GCM_256 },
	};

	if (setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")))
		return false;
	if (sink->key_len == 16) {
		memcpy(short_key.key, key, sizeof(short_key.key));
		memcpy(short_key.salt, salt, sizeof(salt));
		memcpy(short_key.iv, iv, sizeof(iv));
		return !setsockopt(fd, SOL_TLS, direction, &short_key,
				   sizeof(short_key));
	}
	memcpy(long_key.key, key, sizeof(long_key.key));
	memcpy(long_key.salt, salt, sizeof(salt));
	memcpy(long_key.iv, iv, sizeof(iv));
	return !setsockopt(fd, SOL_TLS, direction, &long_key, sizeof(long_key));
}

struct decryptor {
	const struct mx_sink *sink;
	int from; /* TCP */
	int to;	  /* plaintext */
	uint64_t sequence;
	EVP_CIPHER_CTX *context;
	unsigned char record[RECORD_ROOM];
	unsigned char plain[RECORD_ROOM];
};

static void put_number(unsigned char *at, uint64_t number, int bytes)
{
	while (bytes--) {
		at[bytes] = (unsigned char)number;
		number >>= 8;
	}
}

/* Decrypt @len bytes behind @nonce and @aad; what does not verify is false. */
static bool decrypt(struct decryptor *decryptor, const unsigned char *nonce,
		    const unsigned char *aad, int aad_len,
		    unsigned char *cipher, int len)
{
	EVP_CIPHER_CTX *context = decryptor->context;
	int out;

	return EVP_DecryptInit_ex(context, NULL, NULL, key, nonce) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &out, aad, aad_len) == 1 &&
	       EVP_DecryptUpdate(context, decryptor->plain, &out, cipher,
				 len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG,
				   cipher + len) == 1 &&
	       EVP_DecryptFinal_ex(context, decryptor->plain + out, &out) == 1;
}

/* RFC 5288: part of the nonce is in the record. Returns bytes, or -1. */
static int open_record_12(struct decryptor *decryptor, int body)
{
	unsigned char *record = decryptor->record, nonce[NONCE], aad[13];
	int len = body - (int)sizeof(iv) - TAG;

	if (len < 0 || record[0] != TYPE_DATA)
		return -1;
	memcpy(nonce, salt, SALT);
	memcpy(nonce + SALT, record + HEADER, sizeof(iv));
	put_number(aad, decryptor->sequence, 8);
	memcpy(aad + 8, record, 3);
	put_number(aad + 11, (uint64_t)len, 2);
	return decrypt(decryptor, nonce, aad, sizeof(aad),
		       record + HEADER + sizeof(iv), len)
		       ? len
		       : -1;
}

/* RFC 8446: the type is behind the plaintext. Returns bytes, or -1. */
static int open_record_13(struct decryptor *decryptor, int body)
{
	unsigned char *record = decryptor->record, nonce[NONCE], count[8];
	int len = body - TAG, i;

	memcpy(nonce, salt, SALT);
	memcpy(nonce + SALT, iv, sizeof(iv));
	put_number(count, decryptor->sequence, 8);
	for (i = 0; i < 8; i++)
		nonce[SALT + i] ^= count[i];
	if (len < 1 ||
	    !decrypt(decryptor, nonce, record, HEADER, record + HEADER, len))
		return -1;
	return decryptor->plain[len - 1] == TYPE_DATA ? len - 1 : -1;
}

/* One record from TCP; bytes of plaintext, or -1 at the end. */
static int read_record(struct decryptor *decryptor)
{
	unsigned char *record = decryptor->record;
	size_t body, got = zt_read_full(decryptor->from, record, HEADER);
	int len;

	if (!got)
		return -1;
	body = (size_t)(record[3] << 8 | record[4]);
	if (got < HEADER || HEADER + body > RECORD_ROOM ||
	    zt_read_full(decryptor->from, record + HEADER, body) != body) {
		mx_fail("TLS: a record is cut or too long");
		return -1;
	}
	len = decryptor->sink->tls == TLS_1_2_VERSION
		      ? open_record_12(decryptor, (int)body)
		      : open_record_13(decryptor, (int)body);
	if (len < 0)
		mx_fail("TLS: record %llu does not verify",
			(unsigned long long)decryptor->sequence);
	decryptor->sequence++;
	return len;
}

static void *decrypt_all(void *arg)
{
	struct decryptor *decryptor = arg;
	ssize_t sent = 0;
	int len, at;

	while (sent >= 0 && (len = read_record(decryptor)) >= 0) {
		for (at = 0; sent >= 0 && at < len; at += (int)sent)
			sent = send(decryptor->to, decryptor->plain + at,
				    (size_t)(len - at), MSG_NOSIGNAL);
	}
	close(decryptor->from);
	close(decryptor->to);
	EVP_CIPHER_CTX_free(decryptor->context);
	free(decryptor);
	return NULL;
}

/* What comes from *@rx is read by a thread; its plaintext takes that place. */
static void decrypt_in_thread(const struct mx_sink *sink, int *rx)
{
	struct decryptor *decryptor = zt_alloc(sizeof(*decryptor));
	pthread_t thread;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		zt_die("socketpair");
	decryptor->sink = sink;
	decryptor->from = *rx;
	decryptor->to = ends[0];
	decryptor->sequence = 0;
	decryptor->context = EVP_CIPHER_CTX_new();
	if (!decryptor->context ||
	    EVP_DecryptInit_ex(decryptor->context,
			       sink->key_len == 16 ? EVP_aes_128_gcm()
						   : EVP_aes_256_gcm(),
			       NULL, NULL, NULL) != 1)
		zt_die("OpenSSL");
	*rx = ends[1];
	if (pthread_create(&thread, NULL, decrypt_all, decryptor) ||
	    pthread_detach(thread))
		zt_die("pthread_create");
}

bool mx_tls_start(const struct mx_sink *sink, int tx, int *rx,
		  enum mx_peer peer)
{
	if (!set_key(sink, tx, TLS_TX))
		return false;
	if (peer == MX_PEER_KERNEL)
		return set_key(sink, *rx, TLS_RX);
	decrypt_in_thread(sink, rx);
	return true;
}
