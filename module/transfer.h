/* SPDX-License-Identifier: GPL-2.0 */
/* One transfer: a SEND from its descriptors to its results. */
#ifndef ZC_TRANSFER_H
#define ZC_TRANSFER_H

#include <linux/types.h>

#include <linux/zcopy.h>

#include "batch.h"
#include "sink.h"
#include "source.h"
#include "stats.h"

/**
 * struct zc_transfer - everything that one SEND works with
 * @send: the caller's struct, the kernel's copy; outputs are gathered here
 * @segments: the vector, the kernel's copy; outputs are gathered here
 * @sources: one for each segment
 * @capacity: elements allocated for @segments and @sources
 * @first: the segment at the cursor when the call began
 * @filling: the segment that the next page is taken from
 * @left: bytes of the vector behind the cursor when the call began
 * @sink: the socket
 * @supply: what the sources share
 * @batch: pages on their way from @sources to @sink
 * @tally: what this call has done, for the counters
 *
 * It belongs to one thread while it works. Between calls, the arrays and the
 * page of @supply are kept, so that a call need not allocate.
 */
struct zc_transfer {
	struct zcopy_send *send;
	struct zcopy_segment *segments;
	struct zc_source *sources;
	u32 capacity;
	u32 first;
	u32 filling;
	u64 left;
	struct zc_sink sink;
	struct zc_supply supply;
	struct zc_batch batch;
	struct zc_tally tally;
};

struct zc_transfer *zc_transfer_alloc(void);
void zc_transfer_free(struct zc_transfer *transfer);

/* prepare.c, but for the second */
int zc_transfer_prep(struct zc_transfer *transfer, struct zcopy_send *send,
		     struct zc_buffer *buffer);
int zc_transfer_run(struct zc_transfer *transfer);
int zc_transfer_report(struct zc_transfer *transfer);
void zc_transfer_finish(struct zc_transfer *transfer);

#endif /* ZC_TRANSFER_H */
