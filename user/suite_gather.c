// SPDX-License-Identifier: GPL-2.0
/* Many small files in one call, against a call or two for each. */
#include "peers.h"
#include "suite.h"

#define FILES 512

static const char *const sendfiles[] = { "sendfile", "sendfile-cork", NULL };
static const char *const others[] = {
	"sendfile", "sendfile-cork", "pread-writev",
	"splice",   "splice-batch",  "read",
	NULL
};

static int measure(struct suite *suite, const char *size, uint64_t bytes)
{
	struct sources sources;
	struct suite_run run;
	unsigned int i;
	int ret;

	if (!suite_wants(suite, "gather.%s", size))
		return 0;
	if (suite_files(suite, PLACE_DISK, FILES, bytes, &sources))
		return -1;
	suite_begin(suite, &run, "512 files at a time", "gather.%s", size);
	run.unit = "file";
	suite_add(&run, "zcopy", &method_zcopy, &sources);
	suite_add(&run, "floor", &method_zcopy_zero, &sources);
	suite_add(&run, "sendfile", &method_sendfile, &sources);
	suite_add(&run, "sendfile-cork", &peer_cork, &sources);
	suite_add(&run, "pread-writev", &peer_writev, &sources);
	suite_add(&run, "splice", &method_splice, &sources);
	suite_add(&run, "splice-batch", &peer_splice_batch, &sources);
	suite_add(&run, "read", &method_read, &sources);
	for (i = 0; i < run.nr_rows; i++)
		run.rows[i].units = FILES;
	ret = suite_measure(&run);
	if (!ret) {
		suite_ratio_best(&run, "zcopy_vs_best_sendfile", sendfiles);
		suite_ratio_best(&run, "zcopy_vs_best", others);
	}
	suite_end(&run);
	sources_close(&sources);
	return ret;
}

int suite_gather(struct suite *suite)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} sizes[] = {
		{ "512", 512 },
		{ "4k", 4 << 10 },
		{ "16k", 16 << 10 },
		{ "64k", 64 << 10 },
	};
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < ARRAY_SIZE(sizes); i++)
		ret = measure(suite, sizes[i].name, sizes[i].bytes);
	return ret;
}
