// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring SEND_ZC from registered buffers. The page cache cannot be
 * registered, so the file is read into the buffers first. A notification says
 * when a buffer is free again, and from Linux 6.2 on if it was copied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "method_uring_util.h"

/* Linux 6.2; liburing 2.3 is older. */
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE (1U << 3)
#endif
#ifndef IORING_NOTIF_USAGE_ZC_COPIED
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)
#endif

/* Memory for what is on its way, however large the pieces are. */
#define POOL_BYTES (4 * METHOD_CHUNK)
#define MOST_SLOTS 64U
#define PAGE_BYTES 4096UL

/**
 * struct send_zc - state of the method
 * @ring: where requests go; a slot has at most one under way
 * @buffers: POOL_BYTES, registered, cut into slots
 * @pending: bytes of each slot that await their notification
 * @in_use: a notification of the slot is to come
 * @next: the slot to use next
 * @zc_flags: IORING_SEND_ZC_REPORT_USAGE where the kernel knows it
 */
struct send_zc {
	struct io_uring ring;
	char *buffers;
	uint32_t pending[MOST_SLOTS];
	bool in_use[MOST_SLOTS];
	unsigned int next;
	unsigned int zc_flags;
};

static int send_zc_probe(struct transfer *transfer)
{
	return uring_probe(transfer, IORING_OP_SEND_ZC);
}

static int register_pool(struct transfer *transfer, struct send_zc *zc)
{
	struct iovec pool = { .iov_len = POOL_BYTES };
	int ret;

	zc->buffers = aligned_alloc(PAGE_BYTES, POOL_BYTES);
	if (!zc->buffers)
		return transfer_lacks(transfer, "no memory");
	pool.iov_base = zc->buffers;
	ret = io_uring_register_buffers(&zc->ring, &pool, 1);
	if (!ret)
		return 0;
	return transfer_lacks(transfer,
			      "4 MiB of buffers cannot be registered (%s)",
			      strerror(-ret));
}

static int send_zc_open(struct transfer *transfer)
{
	struct send_zc *zc = state_alloc(transfer, sizeof(*zc));

	if (!zc || uring_open(transfer, &zc->ring)) {
		state_free(transfer);
		return -1;
	}
	zc->zc_flags = IORING_SEND_ZC_REPORT_USAGE;
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"read(2) into 4 MiB of registered memory, piece by piece, each sent by SEND_ZC");
	return register_pool(transfer, zc);
}

static void take_notification(struct transfer *transfer,
			      const struct io_uring_cqe *result)
{
	struct send_zc *zc = transfer->state;
	unsigned int slot = result->user_data;

	if (zc->zc_flags) {
		transfer->confirmed += zc->pending[slot];
		if ((uint32_t)result->res & IORING_NOTIF_USAGE_ZC_COPIED)
			transfer->copied += zc->pending[slot];
	}
	zc->in_use[slot] = false;
}

/*
 * Takes results until the send of @slot has ended, whose result goes to @sent;
 * or, where @sent is NULL, until its buffer is free.
 */
static int take_results(struct transfer *transfer, unsigned int slot, int *sent)
{
	struct send_zc *zc = transfer->state;
	struct io_uring_cqe *result;
	bool done = false;

	while (sent ? !done : zc->in_use[slot]) {
		if (uring_run(transfer, &zc->ring, 1))
			return -1;
		while (!io_uring_peek_cqe(&zc->ring, &result)) {
			if (result->flags & IORING_CQE_F_NOTIF) {
				take_notification(transfer, result);
			} else if (sent) {
				*sent = result->res;
				done = true;
				zc->pending[slot] = result->res > 0
							    ? result->res
							    : 0;
				zc->in_use[slot] = result->flags &
						   IORING_CQE_F_MORE;
			}
			io_uring_cqe_seen(&zc->ring, result);
		}
	}
	return 0;
}

/* One SEND_ZC, whose buffer must be free. */
static int send_piece(struct transfer *transfer, unsigned int slot,
		      const char *base, size_t len, int *sent)
{
	struct send_zc *zc = transfer->state;
	struct io_uring_sqe *request = io_uring_get_sqe(&zc->ring);
	int flags = MSG_NOSIGNAL | MSG_WAITALL |
		    (transfer_more(transfer, len) ? MSG_MORE : 0);

	io_uring_prep_send_zc_fixed(request, transfer->socket, base, len, flags,
				    zc->zc_flags, 0);
	request->user_data = slot;
	return take_results(transfer, slot, sent);
}

static int send_slot(struct transfer *transfer, unsigned int slot,
		     const char *base, size_t len)
{
	struct send_zc *zc = transfer->state;
	int sent;

	while (len) {
		if (take_results(transfer, slot, NULL) ||
		    send_piece(transfer, slot, base, len, &sent))
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

/* How the pool is cut: as many slots as there can be. */
static unsigned int cut_pool(const struct transfer *transfer, size_t *stride)
{
	size_t piece = transfer_chunk(transfer, METHOD_CHUNK, METHOD_CHUNK);
	unsigned int slots;

	*stride = (piece + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	slots = POOL_BYTES / *stride;
	return slots < MOST_SLOTS ? slots : MOST_SLOTS;
}

static int send_zc_send(struct transfer *transfer, const struct source *file)
{
	struct send_zc *zc = transfer->state;
	unsigned int slot, slots;
	size_t chunk, stride;
	uint64_t offset;
	char *base;

	slots = cut_pool(transfer, &stride);
	for (offset = 0; offset < file->len; offset += chunk) {
		chunk = transfer_chunk(transfer, file->len - offset,
				       METHOD_CHUNK);
		slot = zc->next++ % slots;
		base = zc->buffers + slot * stride;
		if (take_results(transfer, slot, NULL) ||
		    read_full(transfer, file->fd, base, chunk, offset) ||
		    send_slot(transfer, slot, base, chunk))
			return -1;
	}
	return 0;
}

static int send_zc_finish(struct transfer *transfer)
{
	unsigned int slot;

	for (slot = 0; slot < MOST_SLOTS; slot++) {
		if (take_results(transfer, slot, NULL))
			return -1;
	}
	return 0;
}

static void send_zc_close(struct transfer *transfer)
{
	struct send_zc *zc = transfer->state;

	io_uring_queue_exit(&zc->ring);
	free(zc->buffers);
}

const struct method method_uring_send_zc = {
	.name = "uring-send-zc",
	.summary = "read(2) into registered buffers, io_uring SEND_ZC",
	.copies = 1,
	.evidence = "IORING_NOTIF_USAGE_ZC_COPIED",
	.late = true,
	.probe = send_zc_probe,
	.open = send_zc_open,
	.send_file = send_zc_send,
	.finish = send_zc_finish,
	.close = send_zc_close,
};
