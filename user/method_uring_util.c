// SPDX-License-Identifier: GPL-2.0
/* What the io_uring methods share. */
#include <errno.h>
#include <string.h>

#include "method_uring_util.h"

#define RING_ENTRIES 64

int uring_open(struct transfer *transfer, struct io_uring *ring)
{
	/* Completions wait for us to ask: nothing interrupts. Linux 6.1. */
	int ret = io_uring_queue_init(RING_ENTRIES, ring,
				      IORING_SETUP_SINGLE_ISSUER |
					      IORING_SETUP_DEFER_TASKRUN);

	if (ret == -EINVAL)
		ret = io_uring_queue_init(RING_ENTRIES, ring, 0);
	switch (ret) {
	case 0:
		return 0;
	case -ENOSYS:
		return transfer_lacks(transfer, "this kernel has no io_uring");
	case -EPERM:
		return transfer_lacks(
			transfer,
			"io_uring is turned off (sysctl kernel.io_uring_disabled)");
	default:
		return transfer_lacks(transfer, "no io_uring (%s)",
				      strerror(-ret));
	}
}

int uring_probe(struct transfer *transfer, int opcode)
{
	struct io_uring_probe *probe;
	struct io_uring ring;
	int ret = 0;

	if (uring_open(transfer, &ring))
		return -1;
	probe = io_uring_get_probe_ring(&ring);
	if (!probe || !io_uring_opcode_supported(probe, opcode))
		ret = transfer_lacks(transfer,
				     "this kernel's io_uring does not do it");
	io_uring_free_probe(probe);
	io_uring_queue_exit(&ring);
	return ret;
}

int uring_run(struct transfer *transfer, struct io_uring *ring,
	      unsigned int results)
{
	int ret;

	do {
		ret = io_uring_submit_and_wait(ring, results);
		transfer->calls++;
		if (tool_stopped)
			return transfer_fail(transfer, FAILURE_STOPPED, EINTR);
	} while (ret == -EINTR ||
		 (ret >= 0 && io_uring_cq_ready(ring) < results));
	if (ret < 0)
		return transfer_fail(transfer, FAILURE_SOCKET, -ret);
	return 0;
}
