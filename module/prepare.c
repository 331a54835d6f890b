// SPDX-License-Identifier: GPL-2.0
/*
 * A transfer before and after it runs: its workspace, the descriptors on their
 * way in, the results on their way out.
 */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "desc.h"
#include "transfer.h"

/**
 * zc_transfer_alloc() - get the workspace of a transfer
 *
 * Return: one that can be prepared, or NULL.
 */
struct zc_transfer *zc_transfer_alloc(void)
{
	return kvzalloc(sizeof(struct zc_transfer), GFP_KERNEL_ACCOUNT);
}

/**
 * zc_transfer_free() - free a workspace
 * @transfer: one that is finished, or NULL
 */
void zc_transfer_free(struct zc_transfer *transfer)
{
	if (!transfer)
		return;
	if (transfer->supply.frag.page)
		put_page(transfer->supply.frag.page);
	kvfree(transfer->segments);
	kvfree(transfer->sources);
	kvfree(transfer);
}

/* Make room for @nr segments. The arrays only ever grow. */
static int zc_transfer_reserve(struct zc_transfer *transfer, u32 nr)
{
	if (nr <= transfer->capacity)
		return 0;

	kvfree(transfer->segments);
	kvfree(transfer->sources);
	transfer->capacity = 0;
	transfer->segments = kvmalloc_array(nr, sizeof(*transfer->segments),
					    GFP_KERNEL_ACCOUNT);
	transfer->sources = kvmalloc_array(nr, sizeof(*transfer->sources),
					   GFP_KERNEL_ACCOUNT);
	if (!transfer->segments || !transfer->sources)
		return -ENOMEM;
	transfer->capacity = nr;
	return 0;
}

static size_t zc_transfer_vector_size(const struct zcopy_send *send)
{
	return array_size(send->nr_segments, sizeof(struct zcopy_segment));
}

/* The only time that the vector is read from user memory. */
static int zc_transfer_copy_in(struct zc_transfer *transfer)
{
	struct zcopy_send *send = transfer->send;
	void __user *user = u64_to_user_ptr(send->segments);
	size_t size = zc_transfer_vector_size(send);

	return copy_from_user(transfer->segments, user, size) ? -EFAULT : 0;
}

/*
 * Check one segment, open what it names and find its place in the vector. A
 * call that goes on opens only what it comes to (zc_transfer_fill()): the first
 * one has looked at all of them, and a long vector may take many calls.
 */
static int zc_transfer_prep_segment(struct zc_transfer *transfer, u32 i,
				    u64 *cursor, u64 *total)
{
	struct zcopy_segment *segment = &transfer->segments[i];
	struct zc_buffer *buffer = transfer->supply.buffer;
	struct zc_source *source = &transfer->sources[i];
	u64 limit = buffer ? buffer->length : 0;
	int ret;

	/* What has been sent whole needs its buffer no more. */
	if (transfer->send->done && segment->len <= *cursor)
		limit = ZC_DESC_MAX;
	ret = zc_desc_check_segment(segment, limit);
	if (ret)
		return ret;
	if (!transfer->send->done || segment->len == ZCOPY_TO_END) {
		ret = zc_source_open(source, segment,
				     transfer->supply.cached_only);
		if (ret)
			return ret;
	}
	ret = zc_desc_place(segment, cursor, total);
	if (ret)
		return ret;
	source->segment = i;
	zc_source_start(source, segment);
	if (!source->left && transfer->filling == i)
		transfer->filling++;
	return 0;
}

static int zc_transfer_prep_vector(struct zc_transfer *transfer)
{
	struct zcopy_send *send = transfer->send;
	u64 cursor = send->done;
	u64 total = 0;
	int ret;
	u32 i;

	for (i = 0; i < send->nr_segments; i++) {
		ret = zc_transfer_prep_segment(transfer, i, &cursor, &total);
		if (ret)
			return ret;
		if (!(i % SZ_1K))
			cond_resched();
	}
	transfer->left = total - send->done;
	/* The first call tells something of each segment, also an empty one. */
	transfer->first = send->done ? transfer->filling : 0;
	return cursor ? -ERANGE : 0;
}

/* Write the vector's elements from the cursor's up to @end back. */
static int zc_transfer_write_back(const struct zc_transfer *transfer, u32 end)
{
	const struct zcopy_send *send = transfer->send;
	struct zcopy_segment __user *user = u64_to_user_ptr(send->segments);
	u32 first = transfer->first;
	size_t size = array_size(end - first, sizeof(*user));

	if (copy_to_user(user + first, &transfer->segments[first], size))
		return -EFAULT;
	return 0;
}

/**
 * zc_transfer_prep() - check a SEND and open what it names
 * @transfer: a workspace that is not in use; finish it, also after an error
 * @send: the kernel's copy of the caller's struct
 * @buffer: the caller's buffer or NULL; the user of it passes to @transfer
 *
 * What the call will write back is written once now, which shows that it can
 * be.
 *
 * Return: 0, or the errno of <linux/zcopy.h>.
 */
int zc_transfer_prep(struct zc_transfer *transfer, struct zcopy_send *send,
		     struct zc_buffer *buffer)
{
	int ret;

	transfer->send = send;
	transfer->filling = 0;
	transfer->tally = (struct zc_tally){};
	transfer->supply.buffer = buffer;
	transfer->supply.cached_only = send->flags & ZCOPY_SEND_CACHED;

	ret = zc_desc_check_send(send);
	if (ret)
		goto err_no_sources;
	ret = zc_transfer_reserve(transfer, send->nr_segments);
	if (ret)
		goto err_no_sources;
	memset(transfer->sources, 0,
	       array_size(send->nr_segments, sizeof(*transfer->sources)));

	ret = zc_transfer_copy_in(transfer);
	if (ret)
		return ret;
	ret = zc_sink_open(&transfer->sink, send->socket,
			   send->flags & ZCOPY_SEND_NOWAIT);
	if (ret)
		return ret;
	ret = zc_transfer_prep_vector(transfer);
	if (ret)
		return ret;
	ret = zc_sink_admit(&transfer->sink, transfer->left);
	if (ret)
		return ret;
	return zc_transfer_write_back(transfer, send->nr_segments);

err_no_sources:
	send->nr_segments = 0;
	return ret;
}

/**
 * zc_transfer_report() - write the vector's results back
 * @transfer: one that has run
 *
 * From the segment that the call began with to the one at which it stopped.
 *
 * Return: 0 or -EFAULT.
 */
int zc_transfer_report(struct zc_transfer *transfer)
{
	const struct zcopy_send *send = transfer->send;
	u32 end = min(send->out_segment + 1, send->nr_segments);

	return zc_transfer_write_back(transfer, end);
}

/**
 * zc_transfer_finish() - let go of everything that a call holds
 * @transfer: one that zc_transfer_prep() was called for
 */
void zc_transfer_finish(struct zc_transfer *transfer)
{
	u32 i;

	zc_batch_drop(&transfer->batch);
	for (i = 0; i < transfer->send->nr_segments; i++)
		zc_source_close(&transfer->sources[i]);
	zc_sink_close(&transfer->sink);
	zc_buffer_put(transfer->supply.buffer);
	transfer->supply.buffer = NULL;
	transfer->send = NULL;
}
