// SPDX-License-Identifier: GPL-2.0
/* read(2) into a buffer, send(2) from it: the classic way. */
#include <stdlib.h>

#include "method_util.h"

static int read_open(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "one buffer of 1 MiB, page-aligned");
	transfer->state = aligned_alloc(4096, METHOD_CHUNK);
	if (!transfer->state)
		return transfer_lacks(transfer, "no memory");
	return 0;
}

static int read_send(struct transfer *transfer, const struct source *file)
{
	return send_by_reading(transfer, file->fd, file->len, transfer->state,
			       1);
}

const struct method method_read = {
	.name = "read",
	.summary = "read(2) into a buffer, then send(2)",
	.copies = 2,
	.open = read_open,
	.send_file = read_send,
};
