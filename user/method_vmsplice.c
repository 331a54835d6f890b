// SPDX-License-Identifier: GPL-2.0
/*
 * vmsplice(2) of a mapping of the file into a pipe, splice(2) on to the
 * socket: user memory, which happens to be the page cache, by reference.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "method_util.h"
#include "peers.h"

static int vmsplice_open(struct transfer *transfer)
{
	struct pipe *pipe = state_alloc(transfer, sizeof(*pipe));

	if (!pipe || pipe_open(transfer, pipe)) {
		state_free(transfer);
		return -1;
	}
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "the whole file mapped, a pipe of %zu KiB", pipe->size >> 10);
	return 0;
}

static int vmsplice_memory(struct transfer *transfer, char *base, uint64_t len)
{
	const struct pipe *pipe = transfer->state;
	struct iovec piece = { .iov_base = base };
	ssize_t ret;

	while (len) {
		piece.iov_len = transfer_chunk(transfer, len, pipe->size);
		ret = vmsplice(pipe->in, &piece, 1, 0);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		if (pipe_drain(transfer, pipe, ret))
			return -1;
		piece.iov_base = (char *)piece.iov_base + ret;
		len -= ret;
	}
	return 0;
}

static int vmsplice_send(struct transfer *transfer, const struct source *file)
{
	void *base = map_file(transfer, file);
	int ret;

	if (!base)
		return -1;
	ret = vmsplice_memory(transfer, base, file->len);
	unmap_file(transfer, file, base);
	return ret;
}

static void vmsplice_close(struct transfer *transfer)
{
	pipe_close(transfer->state);
}

const struct method method_vmsplice = {
	.name = "vmsplice",
	.summary = "mmap(2), vmsplice(2) into a pipe, splice(2) out of it",
	.copies = 0,
	.open = vmsplice_open,
	.send_file = vmsplice_send,
	.close = vmsplice_close,
};

static int vmsplice_send_memory(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	int ret = 0;

	for (; !ret && source < end; source++)
		ret = vmsplice_memory(transfer, (char *)source->base,
				      source->len);
	return ret;
}

const struct method peer_vmsplice = {
	.name = "vmsplice",
	.summary = "vmsplice(2) into a pipe, splice(2) out of it",
	.copies = 0,
	.open = vmsplice_open,
	.send_all = vmsplice_send_memory,
	.close = vmsplice_close,
};
