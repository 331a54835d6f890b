// SPDX-License-Identifier: GPL-2.0
/*
 * A FUSE server for one file, that speaks to /dev/fuse itself: a child process
 * that ends when the file system is unmounted, or this process dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "matrix.h"

#define FILE_NODE 2
/* The kernel wants room for the largest write that it could make. */
#define REQUEST_ROOM (160 * KIB)

struct server {
	int fd;
	const unsigned char *content;
	size_t len;
	unsigned char request[REQUEST_ROOM];
};

static void answer(const struct server *server,
		   const struct fuse_in_header *request, int error,
		   const void *data, size_t len)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + len),
		.error = -error,
		.unique = request->unique,
	};
	struct iovec parts[] = { { &header, sizeof(header) },
				 { (void *)data, len } };

	/* ENOENT: whoever asked is gone. */
	if (writev(server->fd, parts, 2) < 0 && errno != ENOENT)
		zt_die("answer to /dev/fuse");
}

static struct fuse_attr attributes(const struct server *server, uint64_t node)
{
	bool file = node == FILE_NODE;

	return (struct fuse_attr){
		.ino = node,
		.size = file ? server->len : 0,
		.blocks = file ? server->len / 512 : 0,
		.mode = file ? S_IFREG | 0444 : S_IFDIR | 0555,
		.nlink = file ? 1 : 2,
		.blksize = 4096,
	};
}

static void answer_init(const struct server *server,
			const struct fuse_in_header *request)
{
	const struct fuse_init_in *in = (const void *)(request + 1);
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = in->max_readahead,
		.max_write = 128 * KIB,
	};

	answer(server, request, 0, &out, sizeof(out));
}

static void answer_lookup(const struct server *server,
			  const struct fuse_in_header *request)
{
	struct fuse_entry_out out = {
		.nodeid = FILE_NODE,
		.entry_valid = 1000,
		.attr_valid = 1000,
		.attr = attributes(server, FILE_NODE),
	};

	if (strcmp((const char *)(request + 1), "file") != 0)
		answer(server, request, ENOENT, NULL, 0);
	else
		answer(server, request, 0, &out, sizeof(out));
}

static void answer_attributes(const struct server *server,
			      const struct fuse_in_header *request)
{
	struct fuse_attr_out out = {
		.attr_valid = 1000,
		.attr = attributes(server, request->nodeid),
	};

	answer(server, request, 0, &out, sizeof(out));
}

static void answer_read(const struct server *server,
			const struct fuse_in_header *request)
{
	const struct fuse_read_in *in = (const void *)(request + 1);
	size_t from = in->offset < server->len ? in->offset : server->len;
	size_t len = server->len - from;

	answer(server, request, 0, server->content + from,
	       len < in->size ? len : in->size);
}

static void serve(const struct server *server,
		  const struct fuse_in_header *request)
{
	struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };

	switch (request->opcode) {
	case FUSE_INIT:
		answer_init(server, request);
		break;
	case FUSE_LOOKUP:
		answer_lookup(server, request);
		break;
	case FUSE_GETATTR:
		answer_attributes(server, request);
		break;
	case FUSE_OPEN:
		answer(server, request, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		answer_read(server, request);
		break;
	case FUSE_RELEASE:
		answer(server, request, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* these want no answer */
	default:
		answer(server, request, ENOSYS, NULL, 0);
	}
}

static void serve_until_unmounted(struct server *server)
{
	ssize_t len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		len = read(server->fd, server->request,
			   sizeof(server->request));
		if (len < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (len < (ssize_t)sizeof(struct fuse_in_header))
			_exit(0);
		serve(server, (const void *)server->request);
	}
}

bool mx_fuse_mount(const char *dir, const void *content, size_t len)
{
	static struct server server;
	char options[128];
	pid_t child;

	server.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	server.content = content;
	server.len = len;
	if (server.fd < 0)
		return false;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40555,user_id=0,group_id=0", server.fd);
	if (mount("zcopy-test", dir, "fuse", MS_NODEV | MS_NOSUID, options))
		return false;
	child = fork();
	if (child < 0)
		zt_die("fork");
	if (!child)
		serve_until_unmounted(&server);
	/* So that requests fail, and do not wait, should the child end. */
	close(server.fd);
	return true;
}
