// SPDX-License-Identifier: GPL-2.0
/* SHA-256 and SipHash, from libcrypto. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

/* SipHash gives 16 bytes unless it is told otherwise. */
#define KEY_BYTES 16

/**
 * struct digest - one under way
 * @hash: for DIGEST_SHA256, or NULL
 * @mac: for DIGEST_KEYED, or NULL
 */
struct digest {
	EVP_MD_CTX *hash;
	EVP_MAC_CTX *mac;
};

static unsigned char key[KEY_BYTES];

int digest_choose_key(void)
{
	return RAND_bytes(key, sizeof(key)) == 1 ? 0 : -1;
}

static void digest_free(struct digest *digest)
{
	EVP_MD_CTX_free(digest->hash);
	EVP_MAC_CTX_free(digest->mac);
	free(digest);
}

static int start_keyed(struct digest *digest)
{
	EVP_MAC *siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);

	digest->mac = siphash ? EVP_MAC_CTX_new(siphash) : NULL;
	EVP_MAC_free(siphash);
	return digest->mac &&
	       EVP_MAC_init(digest->mac, key, sizeof(key), NULL) == 1;
}

static int start_hash(struct digest *digest)
{
	digest->hash = EVP_MD_CTX_new();
	return digest->hash &&
	       EVP_DigestInit_ex(digest->hash, EVP_sha256(), NULL) == 1;
}

struct digest *digest_start(enum digest_kind kind)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (digest &&
	    (kind == DIGEST_KEYED ? start_keyed(digest) : start_hash(digest)))
		return digest;
	if (digest)
		digest_free(digest);
	return NULL;
}

/* Cannot fail once it has been set up: it allocates nothing. */
void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (digest->mac ? EVP_MAC_update(digest->mac, data, len) != 1
			: EVP_DigestUpdate(digest->hash, data, len) != 1)
		abort();
}

void digest_finish(struct digest *digest, unsigned char result[DIGEST_BYTES])
{
	size_t len;

	memset(result, 0, DIGEST_BYTES);
	if (digest->mac ? EVP_MAC_final(digest->mac, result, &len,
					DIGEST_BYTES) != 1
			: EVP_DigestFinal_ex(digest->hash, result, NULL) != 1)
		abort();
	digest_free(digest);
}

char *digest_text(const unsigned char result[DIGEST_BYTES],
		  char text[DIGEST_TEXT])
{
	size_t i;

	for (i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", result[i]);
	return text;
}
