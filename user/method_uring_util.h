/* SPDX-License-Identifier: GPL-2.0 */
/* What the io_uring methods share. */
#ifndef METHOD_URING_UTIL_H
#define METHOD_URING_UTIL_H

#include <liburing.h>

#include "method_util.h"

/* Can this kernel do @opcode? transfer_lacks() says why not. */
int uring_probe(struct transfer *transfer, int opcode);

/* A ring with room for a few requests; io_uring_queue_exit() ends it. */
int uring_open(struct transfer *transfer, struct io_uring *ring);

/* Submit what is queued and wait until @results are there. */
int uring_run(struct transfer *transfer, struct io_uring *ring,
	      unsigned int results);

#endif /* METHOD_URING_UTIL_H */
