// SPDX-License-Identifier: GPL-2.0
/* pread(2) of many files into one buffer each, one writev(2) for all of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "method_util.h"
#include "peers.h"

/**
 * struct writev_state - state of the method
 * @buffer: METHOD_CHUNK bytes, where files are read to
 * @used: how many of them
 * @pieces: what goes out next
 * @nr_pieces: how many
 */
struct writev_state {
	char *buffer;
	size_t used;
	struct iovec pieces[IOV_MAX];
	unsigned int nr_pieces;
};

static int writev_open(struct transfer *transfer)
{
	struct writev_state *state = state_alloc(transfer, sizeof(*state));

	if (!state)
		return -1;
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"files read into one buffer until it is full, then one writev");
	state->buffer = aligned_alloc(4096, METHOD_CHUNK);
	return state->buffer ? 0 : transfer_lacks(transfer, "no memory");
}

static void writev_close(struct transfer *transfer)
{
	struct writev_state *state = transfer->state;

	free(state->buffer);
}

/* What the socket has taken goes, and the rest stays. */
static void advance(struct iovec **next, unsigned int *left, size_t taken)
{
	while (*left && taken >= (*next)->iov_len) {
		taken -= (*next)->iov_len;
		(*next)++;
		(*left)--;
	}
	if (taken) {
		(*next)->iov_base = (char *)(*next)->iov_base + taken;
		(*next)->iov_len -= taken;
	}
}

static int flush(struct transfer *transfer)
{
	struct writev_state *state = transfer->state;
	unsigned int left = state->nr_pieces;
	struct iovec *next = state->pieces;
	ssize_t ret;

	while (left) {
		ret = writev(transfer->socket, next, left);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		transfer_moved(transfer, ret);
		advance(&next, &left, ret);
	}
	state->nr_pieces = 0;
	state->used = 0;
	return 0;
}

static void add_piece(struct writev_state *state, const void *base, size_t len)
{
	state->pieces[state->nr_pieces].iov_base = (void *)base;
	state->pieces[state->nr_pieces].iov_len = len;
	state->nr_pieces++;
}

static int add_file(struct transfer *transfer, const struct source *file)
{
	struct writev_state *state = transfer->state;
	size_t most = transfer_chunk(transfer, METHOD_CHUNK, METHOD_CHUNK);
	uint64_t offset;
	size_t chunk;

	for (offset = 0; offset < file->len; offset += chunk) {
		if ((state->used == most || state->nr_pieces == IOV_MAX) &&
		    flush(transfer))
			return -1;
		chunk = most - state->used;
		if (file->len - offset < chunk)
			chunk = file->len - offset;
		if (read_full(transfer, file->fd, state->buffer + state->used,
			      chunk, offset))
			return -1;
		add_piece(state, state->buffer + state->used, chunk);
		state->used += chunk;
	}
	return 0;
}

static int writev_send(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	struct writev_state *state = transfer->state;

	for (; source < end; source++) {
		if (source->fd >= 0) {
			if (add_file(transfer, source))
				return -1;
			continue;
		}
		if (state->nr_pieces == IOV_MAX && flush(transfer))
			return -1;
		add_piece(state, source->base, source->len);
	}
	return flush(transfer);
}

const struct method peer_writev = {
	.name = "pread-writev",
	.summary = "pread(2) of each file, writev(2) of many",
	.copies = 2,
	.open = writev_open,
	.send_all = writev_send,
	.close = writev_close,
};
