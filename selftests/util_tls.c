// SPDX-License-Identifier: GPL-2.0
/* TLS connections for tests: OpenSSL at both ends. See util_tls.h. */
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util_tls.h"

static _Noreturn void die_of_tls(const char *what)
{
	ERR_print_errors_fp(stderr);
	zt_die(what);
}

/* A certificate that nobody has signed but its owner: the peer does not look. */
static X509 *self_signed(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name;

	if (!certificate || !X509_set_version(certificate, 2) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) ||
	    !X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) ||
	    !X509_set_pubkey(certificate, key))
		die_of_tls("certificate");
	name = X509_get_subject_name(certificate);
	if (!X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					(const unsigned char *)"zcopy", -1, -1,
					0) ||
	    !X509_set_issuer_name(certificate, name) ||
	    !X509_sign(certificate, key, EVP_sha256()))
		die_of_tls("certificate");
	return certificate;
}

static SSL_CTX *context_of(const SSL_METHOD *method,
			   const struct zt_tls_kind *kind)
{
	SSL_CTX *context = SSL_CTX_new(method);
	int set;

	if (!context)
		die_of_tls("SSL_CTX_new");
	if (kind->version == TLS1_3_VERSION)
		set = SSL_CTX_set_ciphersuites(context, kind->cipher);
	else
		set = SSL_CTX_set_cipher_list(context, kind->cipher);
	if (!set || !SSL_CTX_set_min_proto_version(context, kind->version) ||
	    !SSL_CTX_set_max_proto_version(context, kind->version))
		die_of_tls(kind->cipher);
	return context;
}

SSL_CTX *zt_tls_sender(const struct zt_tls_kind *kind)
{
	SSL_CTX *context = context_of(TLS_server_method(), kind);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate;

	if (!key)
		die_of_tls("EVP_EC_gen");
	certificate = self_signed(key);
	if (!SSL_CTX_use_certificate(context, certificate) ||
	    !SSL_CTX_use_PrivateKey(context, key) ||
	    !SSL_CTX_set_num_tickets(context, 0))
		die_of_tls("SSL_CTX");
	SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return context;
}

static SSL *ssl_of(SSL_CTX *context, int fd)
{
	SSL *ssl = SSL_new(context);

	if (!ssl || !SSL_set_fd(ssl, fd))
		die_of_tls("SSL_new");
	return ssl;
}

SSL *zt_tls_accept(SSL_CTX *context, int fd)
{
	SSL *ssl = ssl_of(context, fd);

	if (SSL_accept(ssl) != 1)
		die_of_tls("SSL_accept");
	if (BIO_get_ktls_send(SSL_get_wbio(ssl)))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static void *connect_in_thread(void *arg)
{
	if (SSL_connect(arg) != 1)
		die_of_tls("SSL_connect");
	return NULL;
}

bool zt_tls_open(struct zt_tls *tls, const struct zt_pair *pair,
		 const struct zt_tls_kind *kind)
{
	SSL_CTX *context = context_of(TLS_client_method(), kind);
	pthread_t thread;

	tls->context = zt_tls_sender(kind);
	tls->rx = ssl_of(context, pair->rx);
	SSL_CTX_free(context);
	if (pthread_create(&thread, NULL, connect_in_thread, tls->rx))
		zt_die("pthread_create");
	tls->tx = zt_tls_accept(tls->context, pair->tx);
	if (pthread_join(thread, NULL))
		zt_die("pthread_join");
	/* The peer must be of user space alone. */
	if (BIO_get_ktls_recv(SSL_get_rbio(tls->rx)))
		die_of_tls("the receiver uses kTLS");
	return tls->tx;
}

void zt_tls_close(struct zt_tls *tls)
{
	SSL_free(tls->tx);
	SSL_free(tls->rx);
	SSL_CTX_free(tls->context);
	memset(tls, 0, sizeof(*tls));
}

size_t zt_tls_read_full(SSL *ssl, void *buf, size_t len)
{
	size_t got = 0, part;

	while (got < len &&
	       SSL_read_ex(ssl, (char *)buf + got, len - got, &part))
		got += part;
	return got;
}

pid_t zt_tls_client_program(const struct zt_tls_kind *kind, int port, int *out)
{
	bool tls13 = kind->version == TLS1_3_VERSION;
	char where[32];
	int pipes[2];
	pid_t child;

	snprintf(where, sizeof(where), "127.0.0.1:%d", port);
	if (pipe2(pipes, O_CLOEXEC))
		zt_die("pipe");
	child = fork();
	if (child < 0)
		zt_die("fork");
	if (!child) {
		dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
		dup2(pipes[1], STDOUT_FILENO);
		execlp("openssl", "openssl", "s_client", "-quiet", "-connect",
		       where, tls13 ? "-tls1_3" : "-tls1_2",
		       tls13 ? "-ciphersuites" : "-cipher", kind->cipher, NULL);
		_exit(127);
	}
	close(pipes[1]);
	*out = pipes[0];
	return child;
}
