// SPDX-License-Identifier: GPL-2.0
/* mmap(2) the file, send(2) from the mapping. */
#include "method_util.h"

static int mmap_open(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "the whole file mapped, 1 MiB a call");
	return 0;
}

static int mmap_send(struct transfer *transfer, const struct source *file)
{
	void *base = map_file(transfer, file);
	int ret;

	if (!base)
		return -1;
	ret = send_memory(transfer, base, file->len);
	unmap_file(transfer, file, base);
	return ret;
}

const struct method method_mmap = {
	.name = "mmap",
	.summary = "mmap(2), then send(2) from the mapping",
	.copies = 1,
	.open = mmap_open,
	.send_file = mmap_send,
};
