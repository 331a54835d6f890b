// SPDX-License-Identifier: GPL-2.0
/* What the method_*.c share. See method_util.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "method_util.h"

/* How long a wait lasts at most before the person is shown progress. */
#define TICK_MS 100

int transfer_fail(struct transfer *transfer, enum failure failure, int error)
{
	transfer->failure = failure;
	transfer->error = error;
	return -1;
}

int transfer_blame(struct transfer *transfer, int error)
{
	switch (error) {
	case EACCES:
	case EINVAL:
	case EIO:
	case EISDIR:
	case ENODATA:
	case ENODEV:
	case EOVERFLOW:
	case ESPIPE:
	case ESTALE:
		return transfer_fail(transfer, FAILURE_SOURCE, error);
	default:
		return transfer_fail(transfer, FAILURE_SOCKET, error);
	}
}

int transfer_lacks(struct transfer *transfer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(transfer->reason, sizeof(transfer->reason), format, args);
	va_end(args);
	return transfer_fail(transfer, FAILURE_LACKING, errno);
}

void *state_alloc(struct transfer *transfer, size_t size)
{
	transfer->state = calloc(1, size);
	if (!transfer->state)
		transfer_lacks(transfer, "no memory");
	return transfer->state;
}

void state_free(struct transfer *transfer)
{
	free(transfer->state);
	transfer->state = NULL;
}

void transfer_moved(struct transfer *transfer, uint64_t bytes)
{
	transfer->position += bytes;
	transfer->sent += bytes;
	if (transfer->tick)
		transfer->tick(transfer);
}

bool transfer_more(const struct transfer *transfer, uint64_t bytes)
{
	return transfer->position + bytes < transfer->bytes;
}

size_t transfer_chunk(const struct transfer *transfer, uint64_t left,
		      uint64_t most)
{
	if (transfer->call_bytes && transfer->call_bytes < most)
		most = transfer->call_bytes;
	return left < most ? left : most;
}

int transfer_wait(struct transfer *transfer)
{
	struct pollfd pollfd = { .fd = transfer->socket, .events = POLLOUT };
	int ret;

	do {
		ret = poll(&pollfd, 1, TICK_MS);
		transfer->calls++;
		if (transfer->tick)
			transfer->tick(transfer);
		if (tool_stopped)
			return transfer_fail(transfer, FAILURE_STOPPED, EINTR);
	} while (ret == 0);
	return 0;
}

int transfer_retry(struct transfer *transfer)
{
	switch (errno) {
	case EAGAIN:
		return transfer_wait(transfer);
	case EINTR:
		if (!tool_stopped)
			return 0;
		return transfer_fail(transfer, FAILURE_STOPPED, EINTR);
	case EFAULT:
		/* All our memory is valid but a mapping of a file that shrank.
		 */
		return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
	case EINVAL:
	case ENOSYS:
	case EOPNOTSUPP:
		return transfer_lacks(
			transfer,
			"the kernel does not do this for this kind of file and socket (%s)",
			strerror(errno));
	}
	return transfer_blame(transfer, errno);
}

int send_full(struct transfer *transfer, const void *base, size_t len,
	      int flags)
{
	const char *next = base;
	ssize_t ret;

	while (len) {
		ret = send(transfer->socket, next, len, flags | MSG_NOSIGNAL);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		next += ret;
		len -= ret;
		transfer_moved(transfer, ret);
	}
	return 0;
}

int send_memory(struct transfer *transfer, const void *base, uint64_t len)
{
	const char *next = base;
	size_t chunk;
	int ret = 0;

	for (; !ret && len; len -= chunk, next += chunk) {
		chunk = transfer_chunk(transfer, len,
				       transfer->call_bytes ? UINT64_MAX
							    : METHOD_CHUNK);
		ret = send_full(transfer, next, chunk,
				transfer_more(transfer, chunk) ? MSG_MORE : 0);
	}
	return ret;
}

/* pread(2) at least @len bytes, and @room at most. */
static int read_some(struct transfer *transfer, int fd, char *base, size_t len,
		     size_t room, uint64_t offset)
{
	size_t done = 0;
	ssize_t ret;

	while (done < len) {
		ret = pread(fd, base + done, room - done, offset + done);
		transfer->calls++;
		if (ret < 0 && errno == EINTR && !tool_stopped)
			continue;
		if (tool_stopped)
			return transfer_fail(transfer, FAILURE_STOPPED, EINTR);
		if (ret <= 0)
			return transfer_fail(transfer, FAILURE_SOURCE,
					     ret ? errno : ENODATA);
		done += ret;
	}
	return 0;
}

int read_full(struct transfer *transfer, int fd, void *base, size_t len,
	      uint64_t offset)
{
	return read_some(transfer, fd, base, len, len, offset);
}

int send_by_reading(struct transfer *transfer, int fd, uint64_t len,
		    void *buffer, size_t align)
{
	size_t chunk, room;
	uint64_t offset;

	for (offset = 0; offset < len; offset += chunk) {
		chunk = transfer_chunk(transfer, len - offset, METHOD_CHUNK);
		room = (chunk + align - 1) / align * align;
		chunk = len - offset < room ? len - offset : room;
		if (read_some(transfer, fd, buffer, chunk, room, offset) ||
		    send_full(transfer, buffer, chunk,
			      transfer_more(transfer, chunk) ? MSG_MORE : 0))
			return -1;
	}
	return 0;
}

void *map_file(struct transfer *transfer, const struct source *file)
{
	int flags = MAP_SHARED | (transfer->populate ? MAP_POPULATE : 0);
	void *base = mmap(NULL, file->len, PROT_READ, flags, file->fd, 0);

	transfer->calls++;
	if (base != MAP_FAILED)
		return base;
	transfer_lacks(transfer, "the file cannot be mapped (%s)",
		       strerror(errno));
	return NULL;
}

void unmap_file(struct transfer *transfer, const struct source *file,
		void *base)
{
	munmap(base, file->len);
	transfer->calls++;
}

int pipe_open(struct transfer *transfer, struct pipe *pipe)
{
	int ends[2];
	int size;

	if (pipe2(ends, O_CLOEXEC))
		return transfer_lacks(transfer, "no pipe (%s)",
				      strerror(errno));
	pipe->out = ends[0];
	pipe->in = ends[1];
	/* Beyond pipe-max-size or pipe-user-pages-soft, it stays smaller. */
	size = fcntl(pipe->in, F_SETPIPE_SZ, METHOD_CHUNK);
	if (size < 0)
		size = fcntl(pipe->in, F_GETPIPE_SZ);
	pipe->size = size;
	return 0;
}

void pipe_close(struct pipe *pipe)
{
	close(pipe->in);
	close(pipe->out);
}

int pipe_drain(struct transfer *transfer, const struct pipe *pipe, size_t len)
{
	ssize_t ret;

	while (len) {
		ret = splice(pipe->out, NULL, transfer->socket, NULL, len,
			     transfer_more(transfer, len) ? SPLICE_F_MORE : 0);
		transfer->calls++;
		if (ret < 0) {
			if (transfer_retry(transfer))
				return -1;
			continue;
		}
		if (!ret)
			return transfer_fail(transfer, FAILURE_SOCKET, EPIPE);
		len -= ret;
		transfer_moved(transfer, ret);
	}
	return 0;
}
