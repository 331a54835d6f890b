/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-256, from libcrypto. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#define DIGEST_BYTES 32
#define DIGEST_TEXT (2 * DIGEST_BYTES + 1)

struct digest;

/* NULL when libcrypto has no SHA-256 or no memory; freed by digest_finish(). */
struct digest *digest_start(void);
void digest_add(struct digest *digest, const void *data, size_t len);
void digest_finish(struct digest *digest, unsigned char result[DIGEST_BYTES]);

/* Lower-case hexadecimal, as sha256sum(1) prints it. Returns @text. */
char *digest_text(const unsigned char result[DIGEST_BYTES],
		  char text[DIGEST_TEXT]);

#endif /* DIGEST_H */
