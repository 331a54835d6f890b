// SPDX-License-Identifier: GPL-2.0
/* Memory of the program's own, 1 MiB a call. */
#include "peers.h"
#include "suite.h"

#define BUFFER_BYTES (1UL << 20)

static const char *const peers[] = { "send", "zerocopy", "uring-send-zc",
				     "vmsplice", NULL };

int suite_buffer(struct suite *suite)
{
	struct sources sources;
	struct suite_run run;
	int ret;

	if (!suite_wants(suite, "buffer.1m"))
		return 0;
	if (suite_memory(BUFFER_BYTES, &sources))
		return -1;
	suite_begin(suite, &run, "1 MiB of the program's own memory a call",
		    "buffer.1m");
	suite_add(&run, "zcopy-buffer", &method_zcopy_buffer, &sources);
	suite_add(&run, "floor", &method_zcopy_zero, &sources);
	suite_add(&run, "send", &peer_send, &sources);
	suite_add(&run, "zerocopy", &peer_zerocopy, &sources);
	suite_add(&run, "uring-send-zc", &peer_send_zc, &sources);
	suite_add(&run, "vmsplice", &peer_vmsplice, &sources);
	ret = suite_measure(&run);
	if (!ret)
		suite_ratio_best(&run, "zcopy-buffer_vs_best", peers);
	suite_end(&run);
	suite_free_memory(&sources);
	return ret;
}
