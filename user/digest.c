// SPDX-License-Identifier: GPL-2.0
/* SHA-256, from libcrypto. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"

/* libcrypto's context under a name of ours. */
struct digest *digest_start(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1)
		return (struct digest *)context;
	EVP_MD_CTX_free(context);
	return NULL;
}

/* Cannot fail once the context has been set up: it allocates nothing. */
void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (EVP_DigestUpdate((EVP_MD_CTX *)digest, data, len) != 1)
		abort();
}

void digest_finish(struct digest *digest, unsigned char result[DIGEST_BYTES])
{
	if (EVP_DigestFinal_ex((EVP_MD_CTX *)digest, result, NULL) != 1)
		abort();
	EVP_MD_CTX_free((EVP_MD_CTX *)digest);
}

char *digest_text(const unsigned char result[DIGEST_BYTES],
		  char text[DIGEST_TEXT])
{
	size_t i;

	for (i = 0; i < DIGEST_BYTES; i++)
		sprintf(text + 2 * i, "%02x", result[i]);
	return text;
}
