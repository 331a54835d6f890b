// SPDX-License-Identifier: GPL-2.0
/* Numbers for people: sizes, times; and sizes as people type them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

char *format_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = bytes;
	size_t unit = 0;

	/* 999.95 would print as 1000.0. */
	while (value >= 999.95 && unit < 4) {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(text, size, "%" PRIu64 " B", bytes);
	else
		snprintf(text, size, "%.1f %s", value, units[unit]);
	return text;
}

char *format_seconds(char *text, size_t size, double seconds)
{
	unsigned long whole;

	if (seconds < 0 || seconds > 1e9) {
		snprintf(text, size, "?");
		return text;
	}
	whole = (unsigned long)(seconds + 0.5);
	if (whole >= 3600)
		snprintf(text, size, "%lu:%02lu:%02lu", whole / 3600,
			 whole / 60 % 60, whole % 60);
	else
		snprintf(text, size, "%lu:%02lu", whole / 60, whole % 60);
	return text;
}

/* Digits at the start of @text; strtoull() alone would take "-1". */
static int parse_digits(const char *text, char **end, uint64_t *number)
{
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*number = strtoull(text, end, 10);
	return errno ? -1 : 0;
}

int parse_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "KMGT";
	const char *letter;
	unsigned int shift = 0;
	char *end;

	if (parse_digits(text, &end, bytes))
		return -1;
	if (*end) {
		letter = strchr(letters, toupper((unsigned char)*end));
		if (!letter)
			return -1;
		shift = 10 * (unsigned int)(letter - letters + 1);
		end++;
		if (!strcmp(end, "iB"))
			end += 2;
	}
	if (*end || *bytes > (UINT64_MAX >> shift))
		return -1;
	*bytes <<= shift;
	return 0;
}

int parse_number(const char *text, uint64_t least, uint64_t most,
		 uint64_t *number)
{
	char *end;

	if (parse_digits(text, &end, number) || *end || *number < least ||
	    *number > most)
		return -1;
	return 0;
}
