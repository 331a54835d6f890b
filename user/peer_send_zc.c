// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring SEND_ZC of memory that is registered once. The memory is never
 * changed, so nothing waits for a notification but the end.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "method_uring_util.h"
#include "peers.h"

/* Linux 6.2; liburing 2.3 is older. */
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE (1U << 3)
#endif
#ifndef IORING_NOTIF_USAGE_ZC_COPIED
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)
#endif

/**
 * struct send_zc - state of the method
 * @ring: where requests go, one at a time
 * @pending: notifications to come
 * @zc_flags: IORING_SEND_ZC_REPORT_USAGE where the kernel knows it
 */
struct send_zc {
	struct io_uring ring;
	unsigned int pending;
	unsigned int zc_flags;
};

static int peer_probe(struct transfer *transfer)
{
	return uring_probe(transfer, IORING_OP_SEND_ZC);
}

static int peer_open(struct transfer *transfer)
{
	struct send_zc *zc = state_alloc(transfer, sizeof(*zc));
	struct iovec memory = {
		.iov_base = (void *)transfer->sources->base,
		.iov_len = transfer->sources->len,
	};
	int ret;

	if (!zc || uring_open(transfer, &zc->ring)) {
		state_free(transfer);
		return -1;
	}
	zc->zc_flags = IORING_SEND_ZC_REPORT_USAGE;
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"registered memory, one request for all of it, each submitted with the wait for its result");
	ret = io_uring_register_buffers(&zc->ring, &memory, 1);
	if (!ret)
		return 0;
	return transfer_lacks(transfer, "memory cannot be registered (%s)",
			      strerror(-ret));
}

static void peer_close(struct transfer *transfer)
{
	struct send_zc *zc = transfer->state;

	io_uring_queue_exit(&zc->ring);
}

/* user_data is the length, for the notifications. */
static void take_notification(struct transfer *transfer,
			      const struct io_uring_cqe *result)
{
	struct send_zc *zc = transfer->state;

	zc->pending--;
	if (!zc->zc_flags)
		return;
	transfer->confirmed += result->user_data;
	if ((uint32_t)result->res & IORING_NOTIF_USAGE_ZC_COPIED)
		transfer->copied += result->user_data;
}

/* Takes what is there; returns if a send's own result was, which is in @sent. */
static bool take_results(struct transfer *transfer, int *sent)
{
	struct send_zc *zc = transfer->state;
	struct io_uring_cqe *result;
	bool done = false;

	while (!io_uring_peek_cqe(&zc->ring, &result)) {
		if (result->flags & IORING_CQE_F_NOTIF) {
			take_notification(transfer, result);
		} else {
			*sent = result->res;
			done = true;
			if (result->flags & IORING_CQE_F_MORE)
				zc->pending++;
		}
		io_uring_cqe_seen(&zc->ring, result);
	}
	return done;
}

static int send_piece(struct transfer *transfer, const char *base, size_t len,
		      int *sent)
{
	struct send_zc *zc = transfer->state;
	struct io_uring_sqe *request = io_uring_get_sqe(&zc->ring);

	io_uring_prep_send_zc_fixed(request, transfer->socket, base, len,
				    MSG_NOSIGNAL | MSG_WAITALL, zc->zc_flags,
				    0);
	request->user_data = len;
	do {
		if (uring_run(transfer, &zc->ring, 1))
			return -1;
	} while (!take_results(transfer, sent));
	return 0;
}

static int peer_send_all(struct transfer *transfer)
{
	struct send_zc *zc = transfer->state;
	const char *base = transfer->sources->base;
	size_t len = transfer->sources->len;
	int sent;

	while (len) {
		if (send_piece(transfer, base, len, &sent))
			return -1;
		if (sent == -EINVAL && zc->zc_flags) {
			zc->zc_flags = 0;
			continue;
		}
		if (sent < 0) {
			errno = -sent;
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		base += sent;
		len -= sent;
		transfer_moved(transfer, sent);
	}
	return 0;
}

static int peer_finish(struct transfer *transfer)
{
	struct send_zc *zc = transfer->state;
	int sent;

	while (zc->pending) {
		if (uring_run(transfer, &zc->ring, 1))
			return -1;
		take_results(transfer, &sent);
	}
	return 0;
}

const struct method peer_send_zc = {
	.name = "uring-send-zc",
	.summary = "io_uring SEND_ZC from registered memory",
	.copies = 0,
	.evidence = "IORING_NOTIF_USAGE_ZC_COPIED",
	.late = true,
	.probe = peer_probe,
	.open = peer_open,
	.send_all = peer_send_all,
	.finish = peer_finish,
	.close = peer_close,
};
