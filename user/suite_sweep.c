// SPDX-License-Identifier: GPL-2.0
/* What a call costs: bytes a call from 4 KiB on, and a small file a call. */
#include "suite.h"

#define FILE_BYTES (64UL << 20)
/* Calls in a transfer: enough to forget how it began. */
#define CALLS 256

static const struct {
	const char *name;
	uint64_t bytes;
} sizes[] = {
	{ "4k", 4 << 10 },     { "16k", 16 << 10 }, { "64k", 64 << 10 },
	{ "256k", 256 << 10 }, { "1m", 1 << 20 },   { "4m", 4 << 20 },
	{ "16m", 16 << 20 },   { "64m", 64 << 20 },
};

static int sweep_size(struct suite *suite, const struct sources *whole,
		      const char *name, uint64_t call_bytes)
{
	struct source part = whole->list[0];
	const struct sources sources = { .list = &part, .nr = 1 };
	struct suite_run run;
	unsigned int i;
	int ret;

	if (!suite_wants(suite, "sweep.%s", name))
		return 0;
	if (part.len > CALLS * call_bytes)
		part.len = CALLS * call_bytes;
	suite_begin(suite, &run, "a file on tmpfs, so many bytes a call",
		    "sweep.%s", name);
	suite_add(&run, "zcopy", &method_zcopy, &sources);
	suite_add(&run, "floor", &method_zcopy_zero, &sources);
	suite_add(&run, "sendfile", &method_sendfile, &sources);
	suite_add(&run, "splice", &method_splice, &sources);
	suite_add(&run, "mmap", &method_mmap, &sources);
	for (i = 0; i < run.nr_rows; i++)
		run.rows[i].row.transfer.call_bytes = call_bytes;
	ret = suite_measure(&run);
	suite_end(&run);
	return ret;
}

int suite_sweep(struct suite *suite)
{
	struct sources whole;
	int ret = 0;
	size_t i;

	if (!suite_wants(suite, "sweep."))
		return 0;
	if (suite_files(suite, PLACE_MEMORY, 1, FILE_BYTES, &whole))
		return -1;
	for (i = 0; !ret && i < ARRAY_SIZE(sizes); i++)
		ret = sweep_size(suite, &whole, sizes[i].name, sizes[i].bytes);
	sources_close(&whole);
	return ret;
}

static int small_size(struct suite *suite, const char *name, uint64_t bytes)
{
	struct sources sources;
	struct suite_run run;
	int ret;

	if (!suite_wants(suite, "small.%s", name))
		return 0;
	if (suite_files(suite, PLACE_DISK, 1, bytes, &sources))
		return -1;
	suite_begin(suite, &run, "one small file a call, the next one after it",
		    "small.%s", name);
	suite_add(&run, "zcopy", &method_zcopy, &sources);
	suite_add(&run, "floor", &method_zcopy_zero, &sources);
	suite_add(&run, "sendfile", &method_sendfile, &sources);
	suite_add(&run, "splice", &method_splice, &sources);
	suite_add(&run, "mmap", &method_mmap, &sources);
	suite_add(&run, "read", &method_read, &sources);
	ret = suite_measure(&run);
	suite_end(&run);
	sources_close(&sources);
	return ret;
}

int suite_small(struct suite *suite)
{
	if (small_size(suite, "4k", 4 << 10))
		return -1;
	return small_size(suite, "64k", 64 << 10);
}
