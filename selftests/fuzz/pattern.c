// SPDX-License-Identifier: GPL-2.0
/* What the bytes of a source are. See fuzz.h. */
#include <string.h>

#include "fuzz.h"

/* A prime, so that no page looks like another one for a long time. */
#define PERIOD 65521

/* Twice the period, so that a run of one period can begin anywhere. */
static unsigned char table[FZ_PATTERNS + 1][2 * PERIOD];

/* No byte of a pattern is zero; the last pattern is nothing else. */
void fz_pattern_init(void)
{
	uint64_t state = 4711;
	unsigned int i, k;

	for (i = 0; i < FZ_PATTERNS; i++) {
		for (k = 0; k < PERIOD; k++)
			table[i][k] = (unsigned char)(1 +
						      zt_random(&state) % 255);
		memcpy(table[i] + PERIOD, table[i], PERIOD);
	}
}

void fz_pattern_get(unsigned int pattern, uint64_t offset, void *to, size_t len)
{
	unsigned char *out = to;

	while (len) {
		size_t part = len < PERIOD ? len : PERIOD;

		memcpy(out, table[pattern] + offset % PERIOD, part);
		out += part;
		offset += part;
		len -= part;
	}
}

static size_t match_slowly(const struct fz_entry *entry, uint64_t offset,
			   const unsigned char *bytes, size_t len)
{
	const unsigned char *expected = table[entry->pattern] + offset % PERIOD;
	size_t i;

	for (i = 0; i < len; i++) {
		if (bytes[i] != expected[i] &&
		    (bytes[i] || !entry->may_be_zero))
			break;
	}
	return i;
}

size_t fz_pattern_match(const struct fz_entry *entry, uint64_t skip,
			const unsigned char *bytes, size_t len)
{
	uint64_t offset = entry->offset + skip;
	size_t done = 0;

	while (done < len) {
		size_t part = len - done < PERIOD ? len - done : PERIOD;
		const unsigned char *expected = table[entry->pattern] +
						offset % PERIOD;
		size_t good = part;

		if (memcmp(bytes + done, expected, part) != 0)
			good = match_slowly(entry, offset, bytes + done, part);
		done += good;
		offset += good;
		if (good < part)
			break;
	}
	return done;
}

bool fz_pattern_or_zero(unsigned int pattern, uint64_t offset,
			const unsigned char *bytes, size_t len)
{
	const struct fz_entry entry = { .pattern = pattern,
					.may_be_zero = true,
					.offset = offset,
					.len = len };

	return fz_pattern_match(&entry, 0, bytes, len) == len;
}
