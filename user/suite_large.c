// SPDX-License-Identifier: GPL-2.0
/* A large file that is in the page cache: whole, and 1 MiB or 64 KiB a call. */
#include "suite.h"

/* In a transfer. */
#define MOST_CALLS 1024

static void add_methods(struct suite_run *run, const struct sources *sources)
{
	const struct method *const *method;

	for (method = methods; *method; method++)
		suite_add(run,
			  *method == &method_zcopy_zero ? "floor"
							: (*method)->name,
			  *method, sources);
}

static int measure(struct suite *suite, const struct sources *whole,
		   const char *place, const char *size, uint64_t call_bytes)
{
	struct source file = whole->list[0];
	const struct sources sources = { .list = &file, .nr = 1 };
	struct suite_run run;
	unsigned int i;
	int ret;

	if (!suite_wants(suite, "large.%s.%s", place, size))
		return 0;
	suite_begin(suite, &run, "a large file in the page cache",
		    "large.%s.%s", place, size);
	/* Thousands of calls would take long, and tell no more. */
	if (call_bytes && file.len > MOST_CALLS * call_bytes)
		file.len = MOST_CALLS * call_bytes;
	add_methods(&run, &sources);
	for (i = 0; i < run.nr_rows; i++)
		run.rows[i].row.transfer.call_bytes = call_bytes;
	ret = suite_measure(&run);
	suite_end(&run);
	return ret;
}

static int measure_place(struct suite *suite, enum suite_place place)
{
	const char *name = suite_place_name(suite, place);
	struct sources sources;
	int ret;

	if (!suite_wants(suite, "large.%s.", name))
		return 0;
	if (suite_files(suite, place, 1, suite->large_bytes, &sources))
		return -1;
	ret = measure(suite, &sources, name, "whole", 0);
	if (!ret)
		ret = measure(suite, &sources, name, "1m", 1 << 20);
	if (!ret)
		ret = measure(suite, &sources, name, "64k", 64 << 10);
	sources_close(&sources);
	return ret;
}

int suite_large(struct suite *suite)
{
	if (measure_place(suite, PLACE_MEMORY))
		return -1;
	return measure_place(suite, PLACE_DISK);
}

int suite_unix(struct suite *suite)
{
	struct sources sources;
	struct suite_run run;
	int ret;

	if (!suite_wants(suite, "unix.whole"))
		return 0;
	if (suite_files(suite, PLACE_MEMORY, 1, suite->large_bytes, &sources))
		return -1;
	suite_begin(suite, &run, "a large file on tmpfs, over a unix socket",
		    "unix.whole");
	run.bench.family = AF_UNIX;
	add_methods(&run, &sources);
	ret = suite_measure(&run);
	suite_end(&run);
	sources_close(&sources);
	return ret;
}
