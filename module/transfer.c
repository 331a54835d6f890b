// SPDX-License-Identifier: GPL-2.0
/*
 * ONE transfer: the file to read first.
 *
 *	prep	copy the descriptors in once, check them all, open what they
 *		name: until here nothing has been sent and any error is final
 *		(prepare.c)
 *	run	fill a batch from the sources, send it, book what the socket
 *		took; until the vector ends or something stops it
 *	report	write the results back (prepare.c)
 *	finish	let go of everything that prep took (prepare.c)
 *
 * A batch crosses segments: many small files fill the same batches, and the
 * same packets, as one large file.
 *
 * No lock is held anywhere in here. User memory is touched in prep, in report
 * and by USER segments, where a fault may lead to our zc_buffer_vm_fault().
 */

#include <linux/fsnotify.h>
#include <linux/sched/signal.h>
#include <linux/sched/xacct.h>

#include "trace.h"
#include "transfer.h"

static int zc_transfer_open_late(struct zc_transfer *transfer, u32 i)
{
	struct zc_source *source = &transfer->sources[i];

	if (source->opened)
		return 0;
	return zc_source_open(source, &transfer->segments[i],
			      transfer->supply.cached_only);
}

/* Fill the batch: enum zc_fill for the whole vector, or a negative errno. */
static int zc_transfer_fill(struct zc_transfer *transfer)
{
	while (transfer->filling < transfer->send->nr_segments) {
		u32 i = transfer->filling;
		int ret;

		/* Nothing is taken from it: what it names does not matter. */
		if (!transfer->sources[i].left) {
			transfer->filling++;
			continue;
		}
		ret = zc_transfer_open_late(transfer, i);
		if (ret)
			return ret;
		ret = zc_source_fill(&transfer->sources[i], &transfer->batch,
				     &transfer->supply);
		if (ret != ZC_FILL_EXHAUSTED)
			return ret;
		transfer->filling++;
	}
	return ZC_FILL_EXHAUSTED;
}

static enum zc_stat zc_transfer_stat(u32 type)
{
	switch (type) {
	case ZCOPY_SEGMENT_FILE:
		return ZC_STAT_FILE_BYTES;
	case ZCOPY_SEGMENT_BUFFER:
		return ZC_STAT_BUFFER_BYTES;
	case ZCOPY_SEGMENT_USER:
		return ZC_STAT_USER_BYTES;
	default:
		return ZC_STAT_ZERO_BYTES;
	}
}

/* The socket took @sent bytes: take them off the batch and write them down. */
static void zc_transfer_book(struct zc_transfer *transfer, size_t sent,
			     bool copied)
{
	struct zcopy_send *send = transfer->send;
	u64 *tally = transfer->tally.value;

	send->done += sent;
	send->out_sent += sent;
	tally[ZC_STAT_BATCHES]++;
	while (sent) {
		struct zcopy_segment *segment;
		struct zc_piece piece = zc_batch_take(&transfer->batch, sent);

		segment = &transfer->segments[piece.segment];
		segment->out_done += piece.len;
		tally[zc_transfer_stat(segment->type)] += piece.len;
		if (copied || piece.copied) {
			segment->out_copied += piece.len;
			send->out_copied += piece.len;
		}
		sent -= piece.len;
	}
}

/*
 * Send the batch. A socket that waits takes all of it, unless it is interrupted
 * or fails; one that does not is asked once. A signal that was there before the
 * first byte is left to the socket, which heeds it when it has to wait: else a
 * caller whose timer is faster than its calls would send nothing.
 */
static int zc_transfer_drain(struct zc_transfer *transfer, bool more)
{
	struct zc_batch *batch = &transfer->batch;

	while (!zc_batch_empty(batch)) {
		bool copied = zc_sink_copies(&transfer->sink);
		ssize_t ret;

		if (transfer->send->out_sent && signal_pending(current))
			return -ERESTARTSYS;
		ret = zc_sink_send(&transfer->sink, batch, more);
		trace_zcopy_batch(batch->bvecs.end - batch->bvecs.first,
				  batch->bytes, more, copied, ret);
		if (ret < 0)
			return ret;
		zc_transfer_book(transfer, ret, copied);
		if (!zc_batch_empty(batch)) {
			ret = zc_sink_short(&transfer->sink);
			if (ret)
				return ret;
		}
		cond_resched();
	}
	return 0;
}

static enum zcopy_stop zc_transfer_sink_stop(int error)
{
	switch (error) {
	case -EAGAIN:
		return ZCOPY_STOP_SOCKET_FULL;
	case -EINTR:
	case -ERESTARTSYS:
		return ZCOPY_STOP_INTERRUPTED;
	default:
		return ZCOPY_STOP_SOCKET_ERROR;
	}
}

static enum zcopy_stop zc_transfer_source_stop(int error)
{
	switch (error) {
	case -ENODATA:
		return ZCOPY_STOP_SHORT;
	case -EAGAIN:
		return ZCOPY_STOP_NOT_CACHED;
	case -EINTR:
	case -ERESTARTSYS:
		return ZCOPY_STOP_INTERRUPTED;
	default:
		return ZCOPY_STOP_SOURCE_ERROR;
	}
}

/* Fill and drain until the end; returns 0 or why not, and sets out_stop. */
static int zc_transfer_loop(struct zc_transfer *transfer)
{
	struct zcopy_send *send = transfer->send;
	int fill, ret;

	do {
		bool more;

		transfer->batch.limit = zc_sink_room(&transfer->sink);
		fill = zc_transfer_fill(transfer);
		more = fill == ZC_FILL_SEND_FIRST ||
		       (fill == ZC_FILL_EXHAUSTED &&
			(send->flags & ZCOPY_SEND_MORE));
		ret = zc_transfer_drain(transfer, more);
		if (ret) {
			send->out_stop = zc_transfer_sink_stop(ret);
			return ret;
		}
	} while (fill == ZC_FILL_SEND_FIRST);

	if (fill < 0) {
		send->out_stop = zc_transfer_source_stop(fill);
		return fill;
	}
	if (send->flags & ZCOPY_SEND_SHUTDOWN) {
		ret = zc_sink_shutdown(&transfer->sink);
		if (ret) {
			send->out_stop = zc_transfer_sink_stop(ret);
			return ret;
		}
	}
	send->out_stop = ZCOPY_STOP_COMPLETE;
	return 0;
}

/* Give each segment its own reason; the first that is not complete stopped. */
static void zc_transfer_conclude(struct zc_transfer *transfer)
{
	struct zcopy_send *send = transfer->send;
	u32 i;

	for (i = transfer->first; i < send->nr_segments; i++) {
		struct zcopy_segment *segment = &transfer->segments[i];

		if (segment->out_done < segment->len) {
			segment->out_stop = send->out_stop;
			break;
		}
		segment->out_stop = ZCOPY_STOP_COMPLETE;
	}
	send->out_segment = i;
	if (send->out_stop == ZCOPY_STOP_NOT_CACHED)
		send->out_resident = zc_source_resident(&transfer->sources[i]);
}

/* The negative errno that user space may see of one that the kernel uses. */
static int zc_transfer_public_error(int error)
{
	switch (error) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return -EINTR;
	case -ENOTSUPP:
		return -EOPNOTSUPP;
	default:
		return error;
	}
}

/* As sendfile does: the caller's I/O counters, and who watches the socket. */
static void zc_transfer_account(const struct zc_transfer *transfer)
{
	u64 sent = transfer->send->out_sent;

	if (sent) {
		add_rchar(current, sent);
		add_wchar(current, sent);
		fsnotify_modify(transfer->sink.file);
	}
	inc_syscr(current);
	inc_syscw(current);
}

/* The counters of the file and of the module get these when the call ends. */
static void zc_transfer_tally(struct zc_transfer *transfer)
{
	const struct zcopy_send *send = transfer->send;
	u64 *tally = transfer->tally.value;

	tally[ZC_STAT_CALLS] = 1;
	tally[ZC_STAT_COPIED_BYTES] = send->out_copied;
	tally[ZC_STAT_STOPS + send->out_stop] = 1;
}

/**
 * zc_transfer_run() - send the vector from the cursor on
 * @transfer: one that has been prepared
 *
 * Context: process, no locks; sleeps, and can be interrupted by any signal.
 * Return: 0 if a byte was sent or the vector is complete; otherwise the errno
 * of <linux/zcopy.h>. The results are in @transfer either way.
 */
int zc_transfer_run(struct zc_transfer *transfer)
{
	struct zcopy_send *send = transfer->send;
	int ret;

	send->out_sent = 0;
	send->out_copied = 0;
	send->out_resident = 0;
	trace_zcopy_send_begin(send);
	ret = zc_transfer_loop(transfer);
	if (ret)
		zc_sink_push(&transfer->sink);

	send->out_error = -zc_transfer_public_error(ret);
	zc_transfer_conclude(transfer);
	trace_zcopy_send_end(send);
	zc_transfer_account(transfer);
	zc_transfer_tally(transfer);
	return send->out_sent ? 0 : ret;
}
