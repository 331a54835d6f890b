// SPDX-License-Identifier: GPL-2.0
/* splice(2) from the file to a pipe, and on from the pipe to the socket. */
#include <errno.h>
#include <fcntl.h>

#include "method_util.h"

static int splice_open(struct transfer *transfer)
{
	struct pipe *pipe = state_alloc(transfer, sizeof(*pipe));

	if (!pipe || pipe_open(transfer, pipe)) {
		state_free(transfer);
		return -1;
	}
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "a pipe of %zu KiB, filled and drained in turn",
		 pipe->size >> 10);
	return 0;
}

static int splice_send(struct transfer *transfer, const struct source *file)
{
	const struct pipe *pipe = transfer->state;
	off_t offset = 0;
	ssize_t ret;

	while ((uint64_t)offset < file->len) {
		ret = splice(file->fd, &offset, pipe->in, NULL,
			     transfer_chunk(transfer, file->len - offset,
					    pipe->size),
			     0);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		if (!ret)
			return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
		if (pipe_drain(transfer, pipe, ret))
			return -1;
	}
	return 0;
}

static void splice_close(struct transfer *transfer)
{
	pipe_close(transfer->state);
}

const struct method method_splice = {
	.name = "splice",
	.summary = "splice(2) into a pipe and out of it",
	.copies = 0,
	.open = splice_open,
	.send_file = splice_send,
	.close = splice_close,
};
