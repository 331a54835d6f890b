// SPDX-License-Identifier: GPL-2.0
/* io_uring: a splice into a pipe, linked to a splice out of it. */
#include <errno.h>

#include "method_uring_util.h"

/**
 * struct uring_splice - state of the method
 * @ring: where requests go, at most one linked pair at a time
 * @pipe: between the two splices
 */
struct uring_splice {
	struct io_uring ring;
	struct pipe pipe;
};

enum { FILL, DRAIN };

static int uring_splice_probe(struct transfer *transfer)
{
	return uring_probe(transfer, IORING_OP_SPLICE);
}

static int uring_splice_open(struct transfer *transfer)
{
	struct uring_splice *splice = state_alloc(transfer, sizeof(*splice));

	if (!splice || uring_open(transfer, &splice->ring)) {
		state_free(transfer);
		return -1;
	}
	if (pipe_open(transfer, &splice->pipe)) {
		io_uring_queue_exit(&splice->ring);
		state_free(transfer);
		return -1;
	}
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "two linked splices a call, a pipe of %zu KiB",
		 splice->pipe.size >> 10);
	return 0;
}

static void queue_fill(struct uring_splice *splice, int fd, uint64_t offset,
		       size_t len)
{
	struct io_uring_sqe *request = io_uring_get_sqe(&splice->ring);

	io_uring_prep_splice(request, fd, (int64_t)offset, splice->pipe.in, -1,
			     len, 0);
	request->flags |= IOSQE_IO_LINK;
	request->user_data = FILL;
}

static void queue_drain(struct transfer *transfer, size_t len)
{
	struct uring_splice *splice = transfer->state;
	struct io_uring_sqe *request = io_uring_get_sqe(&splice->ring);

	io_uring_prep_splice(request, splice->pipe.out, -1, transfer->socket,
			     -1, len,
			     transfer_more(transfer, len) ? SPLICE_F_MORE : 0);
	request->user_data = DRAIN;
}

/* Runs what is queued: @nr requests, whose results go to @results. */
static int run(struct transfer *transfer, unsigned int nr, int results[2])
{
	struct uring_splice *splice = transfer->state;
	struct io_uring_cqe *result;

	if (uring_run(transfer, &splice->ring, nr))
		return -1;
	while (nr--) {
		if (io_uring_peek_cqe(&splice->ring, &result))
			return transfer_fail(transfer, FAILURE_SOCKET, EIO);
		results[result->user_data] = result->res;
		io_uring_cqe_seen(&splice->ring, result);
	}
	return 0;
}

/* A splice to the socket has ended with @result. Returns its bytes, or -1. */
static ssize_t drained(struct transfer *transfer, int result)
{
	/* The first splice was short, so the second was not tried. */
	if (result == -ECANCELED)
		return 0;
	if (result < 0) {
		errno = -result;
		return transfer_retry(transfer);
	}
	if (!result)
		return transfer_fail(transfer, FAILURE_SOCKET, EPIPE);
	transfer_moved(transfer, result);
	return result;
}

/* Up to @len bytes of @fd at @offset. Returns how many were sent, or -1. */
static ssize_t send_piece(struct transfer *transfer, int fd, uint64_t offset,
			  size_t len)
{
	int results[2];
	ssize_t gone;
	size_t left;

	queue_fill(transfer->state, fd, offset, len);
	queue_drain(transfer, len);
	if (run(transfer, 2, results))
		return -1;
	if (results[FILL] < 0) {
		errno = -results[FILL];
		return transfer_retry(transfer);
	}
	if (!results[FILL])
		return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
	for (left = results[FILL];; left -= gone) {
		gone = drained(transfer, results[DRAIN]);
		if (gone < 0)
			return -1;
		if ((size_t)gone == left)
			return results[FILL];
		queue_drain(transfer, left - gone);
		if (run(transfer, 1, results))
			return -1;
	}
}

static int uring_splice_send(struct transfer *transfer,
			     const struct source *file)
{
	const struct uring_splice *splice = transfer->state;
	uint64_t offset = 0;
	ssize_t sent;

	while (offset < file->len) {
		sent = send_piece(transfer, file->fd, offset,
				  transfer_chunk(transfer, file->len - offset,
						 splice->pipe.size));
		if (sent < 0)
			return -1;
		offset += sent;
	}
	return 0;
}

static void uring_splice_close(struct transfer *transfer)
{
	struct uring_splice *splice = transfer->state;

	pipe_close(&splice->pipe);
	io_uring_queue_exit(&splice->ring);
}

const struct method method_uring_splice = {
	.name = "uring-splice",
	.summary = "io_uring, a splice into a pipe linked to one out of it",
	.copies = 0,
	.probe = uring_splice_probe,
	.open = uring_splice_open,
	.send_file = uring_splice_send,
	.close = uring_splice_close,
};
