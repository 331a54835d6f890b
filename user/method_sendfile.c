// SPDX-License-Identifier: GPL-2.0
/* sendfile(2): the kernel's own way from a file to a socket. */
#include <errno.h>
#include <sys/sendfile.h>

#include "method_util.h"

/* The kernel cuts larger calls down to this. */
#define SENDFILE_MOST 0x7ffff000UL

static int sendfile_open(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "whole files, at most 2 GiB - 4 KiB a call");
	return 0;
}

static int sendfile_send(struct transfer *transfer, const struct source *file)
{
	off_t offset = 0;
	ssize_t ret;

	while ((uint64_t)offset < file->len) {
		ret = sendfile(transfer->socket, file->fd, &offset,
			       transfer_chunk(transfer, file->len - offset,
					      SENDFILE_MOST));
		transfer->calls++;
		if (ret < 0 && transfer_retry(transfer))
			return -1;
		if (ret == 0)
			return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
		if (ret > 0)
			transfer_moved(transfer, ret);
	}
	return 0;
}

const struct method method_sendfile = {
	.name = "sendfile",
	.summary = "sendfile(2)",
	.copies = 0,
	.open = sendfile_open,
	.send_file = sendfile_send,
};
