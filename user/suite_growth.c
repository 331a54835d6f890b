// SPDX-License-Identifier: GPL-2.0
/* Does the cost grow with the amount? One call of ever more bytes, segments. */
#include <stdlib.h>

#include "suite.h"

/* More than that takes an emulated machine minutes. */
#define SLOW_BYTES (256UL << 20)

#define SMALL_BYTES 4096
#define SMALL_FILES 512

/* Parts of a file, one after the other and over again: @bytes in all. */
static int cut_file(const struct source *file, uint64_t bytes,
		    struct sources *sources)
{
	uint64_t left = bytes;
	struct source *part;

	sources->nr = 0;
	sources->list = calloc(bytes / file->len + 1, sizeof(*sources->list));
	if (!sources->list)
		return -1;
	while (left) {
		part = &sources->list[sources->nr++];
		*part = *file;
		if (part->len > left)
			part->len = left;
		left -= part->len;
	}
	return 0;
}

/* @nr of the @files, one after the other and over again. */
static int repeat_files(const struct sources *files, unsigned int nr,
			struct sources *sources)
{
	sources->list = calloc(nr, sizeof(*sources->list));
	if (!sources->list)
		return -1;
	for (sources->nr = 0; sources->nr < nr; sources->nr++)
		sources->list[sources->nr] =
			files->list[sources->nr % files->nr];
	return 0;
}

static const struct {
	const char *name;
	uint64_t bytes;
} amounts[] = {
	{ "1m", 1UL << 20 },	 { "16m", 16UL << 20 }, { "64m", 64UL << 20 },
	{ "256m", 256UL << 20 }, { "1g", 1UL << 30 },	{ "4g", 4UL << 30 },
};

static int measure_bytes(struct suite *suite, const struct source *file)
{
	struct sources sources[ARRAY_SIZE(amounts)] = { 0 };
	struct suite_run run;
	int ret = 0;
	size_t i;

	suite_begin(suite, &run, "one call of ever more bytes", "growth.bytes");
	run.ratios = false;
	for (i = 0; !ret && i < ARRAY_SIZE(amounts); i++) {
		if (suite->slow && amounts[i].bytes > SLOW_BYTES)
			break;
		ret = cut_file(file, amounts[i].bytes, &sources[i]);
		if (!ret)
			suite_add(&run, amounts[i].name, &method_zcopy,
				  &sources[i]);
	}
	if (!ret)
		ret = suite_measure(&run);
	if (!ret)
		suite_ratio(&run, "time_per_byte_4g_vs_64m",
			    suite_row(&run, "64m"), suite_row(&run, "4g"));
	suite_end(&run);
	for (i = 0; i < ARRAY_SIZE(amounts); i++)
		free(sources[i].list);
	return ret;
}

static const struct {
	const char *name;
	unsigned int nr;
} counts[] = {
	{ "1", 1 },	{ "8", 8 },	  { "64", 64 },
	{ "512", 512 }, { "4096", 4096 }, { "16384", 16384 },
};

static int measure_segments(struct suite *suite, const struct sources *files)
{
	struct sources sources[ARRAY_SIZE(counts)] = { 0 };
	struct suite_run run;
	int ret = 0;
	size_t i;

	suite_begin(suite, &run, "one call of ever more segments, 4 KiB each",
		    "growth.segments");
	run.unit = "segment";
	run.ratios = false;
	for (i = 0; !ret && i < ARRAY_SIZE(counts); i++) {
		ret = repeat_files(files, counts[i].nr, &sources[i]);
		if (!ret)
			suite_add(&run, counts[i].name, &method_zcopy,
				  &sources[i])
				->units = counts[i].nr;
	}
	if (!ret)
		ret = suite_measure(&run);
	if (!ret)
		suite_ratio_units(&run, "time_per_segment_16384_vs_64",
				  suite_row(&run, "64"),
				  suite_row(&run, "16384"));
	suite_end(&run);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		free(sources[i].list);
	return ret;
}

int suite_growth(struct suite *suite)
{
	struct sources file;
	int ret = 0;

	if (suite_wants(suite, "growth.bytes")) {
		if (suite_files(suite, PLACE_MEMORY, 1, suite->large_bytes,
				&file))
			return -1;
		ret = measure_bytes(suite, file.list);
		sources_close(&file);
	}
	if (!ret && suite_wants(suite, "growth.segments")) {
		if (suite_files(suite, PLACE_DISK, SMALL_FILES, SMALL_BYTES,
				&file))
			return -1;
		ret = measure_segments(suite, &file);
		sources_close(&file);
	}
	return ret;
}
