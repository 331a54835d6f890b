// SPDX-License-Identifier: GPL-2.0
/* O_DIRECT read(2), past the page cache, then send(2). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "method_util.h"

/* No disk asks for a larger alignment of offsets and lengths. */
#define DISK_BLOCK 4096UL

/**
 * struct direct - state of the method
 * @buffer: METHOD_CHUNK bytes, aligned for any disk
 * @fds: each source's file once more, opened with O_DIRECT; -1: none
 */
struct direct {
	void *buffer;
	int *fds;
};

/* A second open file of the same inode: O_DIRECT is not for the shared one. */
static int reopen_direct(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

static int open_files(struct transfer *transfer, struct direct *direct)
{
	const struct source *source;
	unsigned int i;

	for (i = 0; i < transfer->nr_sources; i++)
		direct->fds[i] = -1;
	for (i = 0; i < transfer->nr_sources; i++) {
		source = &transfer->sources[i];
		if (source->fd < 0)
			continue;
		direct->fds[i] = reopen_direct(source->fd);
		if (direct->fds[i] < 0)
			return transfer_lacks(
				transfer,
				"%s cannot be opened with O_DIRECT on its file system (%s)",
				source->name, strerror(errno));
	}
	return 0;
}

static int direct_open(struct transfer *transfer)
{
	struct direct *direct = state_alloc(transfer, sizeof(*direct));

	if (!direct)
		return -1;
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "O_DIRECT, one buffer of 1 MiB, page-aligned");
	direct->buffer = aligned_alloc(DISK_BLOCK, METHOD_CHUNK);
	direct->fds = calloc(transfer->nr_sources, sizeof(*direct->fds));
	if (!direct->buffer || !direct->fds)
		return transfer_lacks(transfer, "no memory");
	return open_files(transfer, direct);
}

static int direct_send(struct transfer *transfer, const struct source *file)
{
	struct direct *direct = transfer->state;

	return send_by_reading(transfer, direct->fds[file - transfer->sources],
			       file->len, direct->buffer, DISK_BLOCK);
}

static void direct_close(struct transfer *transfer)
{
	struct direct *direct = transfer->state;
	unsigned int i;

	for (i = 0; direct->fds && i < transfer->nr_sources; i++) {
		if (direct->fds[i] >= 0)
			close(direct->fds[i]);
	}
	free(direct->fds);
	free(direct->buffer);
}

const struct method method_direct = {
	.name = "direct",
	.summary = "O_DIRECT read(2) past the page cache, then send(2)",
	.copies = 1,
	.open = direct_open,
	.send_file = direct_send,
	.close = direct_close,
};
