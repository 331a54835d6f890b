/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers for people: sizes, times; and sizes as people type them. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* "104.9 MB" (powers of 1000). Returns @text. */
char *format_bytes(char *text, size_t size, uint64_t bytes);

/* "0:07", "1:02:03", "?" for a negative number. Returns @text. */
char *format_seconds(char *text, size_t size, double seconds);

/* "4096", "64K", "1M", "2G" (powers of 1024). Returns 0, or -1: not a size. */
int parse_size(const char *text, uint64_t *bytes);

/* A whole number from @least to @most. Returns 0, or -1: not one. */
int parse_number(const char *text, uint64_t least, uint64_t most,
		 uint64_t *number);

#endif /* FORMAT_H */
