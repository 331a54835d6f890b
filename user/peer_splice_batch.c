// SPDX-License-Identifier: GPL-2.0
/* splice(2) of file after file into a pipe until it is full, then out of it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "method_util.h"
#include "peers.h"

#define PAGE_BYTES 4096UL

/**
 * struct batch - state of the method
 * @pipe: the pipe
 * @slots: pages that it has room for; each page takes one, however full
 * @used: how many are taken
 * @held: bytes in them
 */
struct batch {
	struct pipe pipe;
	size_t slots;
	size_t used;
	size_t held;
};

static int batch_open(struct transfer *transfer)
{
	struct batch *batch = state_alloc(transfer, sizeof(*batch));

	if (!batch || pipe_open(transfer, &batch->pipe)) {
		state_free(transfer);
		return -1;
	}
	batch->slots = batch->pipe.size / PAGE_BYTES;
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"a pipe of %zu KiB, filled with many files before it is drained",
		batch->pipe.size >> 10);
	return 0;
}

static void batch_close(struct transfer *transfer)
{
	struct batch *batch = transfer->state;

	pipe_close(&batch->pipe);
}

static int batch_drain(struct transfer *transfer)
{
	struct batch *batch = transfer->state;
	size_t held = batch->held;

	batch->held = 0;
	batch->used = 0;
	return pipe_drain(transfer, &batch->pipe, held);
}

static int batch_add(struct transfer *transfer, const struct source *file)
{
	struct batch *batch = transfer->state;
	off_t offset = 0;
	size_t room;
	ssize_t ret;

	while ((uint64_t)offset < file->len) {
		if (batch->used == batch->slots && batch_drain(transfer))
			return -1;
		room = (batch->slots - batch->used) * PAGE_BYTES;
		ret = splice(file->fd, &offset, batch->pipe.in, NULL,
			     transfer_chunk(transfer, file->len - offset, room),
			     0);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		if (!ret)
			return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
		batch->used += (ret + PAGE_BYTES - 1) / PAGE_BYTES;
		batch->held += ret;
	}
	return 0;
}

static int batch_send(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;

	for (; source < end; source++) {
		if (source->fd >= 0) {
			if (batch_add(transfer, source))
				return -1;
			continue;
		}
		if (batch_drain(transfer) ||
		    send_full(transfer, source->base, source->len,
			      transfer_more(transfer, source->len) ? MSG_MORE
								   : 0))
			return -1;
	}
	return batch_drain(transfer);
}

const struct method peer_splice_batch = {
	.name = "splice-batch",
	.summary = "splice(2) of many files into a pipe, one out of it",
	.copies = 0,
	.open = batch_open,
	.send_all = batch_send,
	.close = batch_close,
};
