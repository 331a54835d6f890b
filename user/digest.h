/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two ways to know bytes again, both from libcrypto: SHA-256, which people can
 * compare; and SipHash with a random key of this process and its children,
 * which is as good at telling right from wrong and costs a fraction.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#define DIGEST_BYTES 32
#define DIGEST_TEXT (2 * DIGEST_BYTES + 1)

enum digest_kind {
	DIGEST_SHA256,
	DIGEST_KEYED, /* 16 bytes, then zeros */
};

struct digest;

/* Makes the key of DIGEST_KEYED. Returns 0, or -1: no random numbers. */
int digest_choose_key(void);

/* NULL where libcrypto cannot; freed by digest_finish(). */
struct digest *digest_start(enum digest_kind kind);
void digest_add(struct digest *digest, const void *data, size_t len);
void digest_finish(struct digest *digest, unsigned char result[DIGEST_BYTES]);

/* Lower-case hexadecimal, as sha256sum(1) prints it. Returns @text. */
char *digest_text(const unsigned char result[DIGEST_BYTES],
		  char text[DIGEST_TEXT]);

#endif /* DIGEST_H */
