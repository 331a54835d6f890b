// SPDX-License-Identifier: GPL-2.0
/* libzcopy: thin wrappers over the device's ioctls. See libzcopy.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "libzcopy.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

const char *zcopy_device_path(void)
{
	const char *path = getenv("ZCOPY_DEVICE");

	return path && *path ? path : "/dev/zcopy";
}

int zcopy_open(void)
{
	return open(zcopy_device_path(), O_RDWR | O_CLOEXEC);
}

int zcopy_get_info(int fd, struct zcopy_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(fd, ZCOPY_IOC_INFO, info);
}

int zcopy_get_stats(int fd, struct zcopy_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return ioctl(fd, ZCOPY_IOC_STATS, stats);
}

int zcopy_set_buffer(int fd, uint64_t length)
{
	struct zcopy_buffer buffer = {
		.size = sizeof(buffer),
		.length = length,
	};

	return ioctl(fd, ZCOPY_IOC_BUFFER, &buffer);
}

void *zcopy_map_buffer(int fd, size_t length)
{
	void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);

	return base == MAP_FAILED ? NULL : base;
}

int zcopy_send(int fd, struct zcopy_send *send)
{
	send->size = sizeof(*send);
	return ioctl(fd, ZCOPY_IOC_SEND, send);
}

/* The socket's own error, if there is one, is for the next SEND to report. */
static int wait_for_room(int socket, struct zcopy_total *total)
{
	struct pollfd pollfd = { .fd = socket, .events = POLLOUT };

	total->waits++;
	return poll(&pollfd, 1, -1) < 0 ? -1 : 0;
}

/*
 * The negative errno for a stop that has moved bytes but cannot go on by
 * itself.
 */
static int stop_errno(const struct zcopy_send *send)
{
	switch (send->out_stop) {
	case ZCOPY_STOP_NOT_CACHED:
		return -EAGAIN;
	case ZCOPY_STOP_SHORT:
		return -ENODATA;
	case ZCOPY_STOP_INTERRUPTED:
		return -EINTR;
	default:
		return send->out_error ? -(int)send->out_error : -EIO;
	}
}

static int send_until_stopped(int fd, struct zcopy_send *send,
			      struct zcopy_total *total)
{
	int ret;

	for (;;) {
		/* Outputs are not written when the arguments are refused. */
		send->out_stop = ZCOPY_STOP_NONE;
		send->out_sent = 0;
		send->out_copied = 0;
		ret = zcopy_send(fd, send);
		total->calls++;
		total->sent += send->out_sent;
		total->copied += send->out_copied;
		if (send->out_stop == ZCOPY_STOP_SOCKET_FULL) {
			if (wait_for_room(send->socket, total))
				return -1;
			continue;
		}
		if (ret)
			return -1;
		if (send->out_stop == ZCOPY_STOP_COMPLETE)
			return 0;
		errno = -stop_errno(send);
		return -1;
	}
}

int zcopy_send_all(int fd, struct zcopy_send *send, struct zcopy_total *total)
{
	struct zcopy_total ignored = { 0 };

	return send_until_stopped(fd, send, total ? total : &ignored);
}

void zcopy_send_init(struct zcopy_send *send, int socket,
		     struct zcopy_segment *segments, uint32_t nr_segments)
{
	memset(send, 0, sizeof(*send));
	send->size = sizeof(*send);
	send->socket = socket;
	send->segments = (uintptr_t)segments;
	send->nr_segments = nr_segments;
}

static void segment_init(struct zcopy_segment *segment, uint32_t type,
			 uint64_t offset, uint64_t len)
{
	memset(segment, 0, sizeof(*segment));
	segment->type = type;
	segment->offset = offset;
	segment->len = len;
}

void zcopy_segment_file(struct zcopy_segment *segment, int fd, uint64_t offset,
			uint64_t len)
{
	segment_init(segment, ZCOPY_SEGMENT_FILE, offset, len);
	segment->fd = fd;
}

void zcopy_segment_buffer(struct zcopy_segment *segment, uint64_t offset,
			  uint64_t len)
{
	segment_init(segment, ZCOPY_SEGMENT_BUFFER, offset, len);
}

void zcopy_segment_user(struct zcopy_segment *segment, const void *base,
			uint64_t len)
{
	segment_init(segment, ZCOPY_SEGMENT_USER, (uintptr_t)base, len);
}

void zcopy_segment_zero(struct zcopy_segment *segment, uint64_t len)
{
	segment_init(segment, ZCOPY_SEGMENT_ZERO, 0, len);
}

const char *zcopy_stop_name(uint32_t stop)
{
	static const char *const names[] = {
		[ZCOPY_STOP_NONE] = "not reached",
		[ZCOPY_STOP_COMPLETE] = "complete",
		[ZCOPY_STOP_SOCKET_FULL] = "socket full",
		[ZCOPY_STOP_NOT_CACHED] = "not cached",
		[ZCOPY_STOP_SHORT] = "short file",
		[ZCOPY_STOP_INTERRUPTED] = "interrupted",
		[ZCOPY_STOP_SOCKET_ERROR] = "socket error",
		[ZCOPY_STOP_SOURCE_ERROR] = "source error",
	};

	return stop < ARRAY_SIZE(names) ? names[stop] : "unknown";
}

const char *zcopy_backend_name(uint32_t backend)
{
	switch (backend) {
	case ZCOPY_BACKEND_SENDPAGE:
		return "sendpage";
	case ZCOPY_BACKEND_SPLICE_PAGES:
		return "MSG_SPLICE_PAGES";
	default:
		return "unknown";
	}
}

const char *zcopy_feature_name(unsigned int bit)
{
	static const char *const names[] = {
		"file", "buffer", "user", "zero", "cached", "shutdown", "stats",
	};

	return bit < ARRAY_SIZE(names) ? names[bit] : NULL;
}

static const struct {
	unsigned long command; /* 0: open(2) */
	int error;
	const char *meaning;
} meanings[] = {
	{ 0, ENOENT,
	  "there is no such device: load the module (insmod zcopy.ko)" },
	{ 0, ENXIO,
	  "the device node has no driver: load the module (insmod zcopy.ko)" },
	{ 0, EACCES,
	  "the device is not yours to open: be root, or ask for a udev rule" },
	{ ZCOPY_IOC_BUFFER, EINVAL,
	  "the length is not a multiple of the page size" },
	{ ZCOPY_IOC_BUFFER, EBUSY, "the buffer is mapped: unmap it first" },
	{ ZCOPY_IOC_BUFFER, EFBIG,
	  "more than the module parameter max_buffer_mb allows" },
	{ ZCOPY_IOC_BUFFER, ENOBUFS,
	  "more than RLIMIT_MEMLOCK allows: raise it with ulimit -l" },
	{ ZCOPY_IOC_SEND, E2BIG,
	  "the module is older than this program: load the one built with it" },
	{ ZCOPY_IOC_SEND, EINVAL,
	  "the request is malformed, or asks for what this module lacks" },
	{ ZCOPY_IOC_SEND, EMSGSIZE, "too many segments for one call" },
	{ ZCOPY_IOC_SEND, EOVERFLOW,
	  "an offset or length is beyond the largest file offset" },
	{ ZCOPY_IOC_SEND, ERANGE,
	  "a segment or the cursor lies beyond its end" },
	{ ZCOPY_IOC_SEND, ENXIO, "the open file has no buffer" },
	{ ZCOPY_IOC_SEND, EBADF, "a descriptor is not open, or is O_PATH" },
	{ ZCOPY_IOC_SEND, ENOTSOCK, "the destination is not a socket" },
	{ ZCOPY_IOC_SEND, ESOCKTNOSUPPORT,
	  "the destination is not a stream socket" },
	{ ZCOPY_IOC_SEND, EOPNOTSUPP, "the destination is listening" },
	{ ZCOPY_IOC_SEND, ENOTCONN, "the socket is not connected" },
	{ ZCOPY_IOC_SEND, EACCES, "a source is not open for reading" },
	{ ZCOPY_IOC_SEND, EISDIR, "a source is a directory" },
	{ ZCOPY_IOC_SEND, ESPIPE, "a source has no offsets (a pipe or such)" },
	{ ZCOPY_IOC_SEND, ENODEV,
	  "a source's file system cannot hand its pages on" },
	{ ZCOPY_IOC_SEND, ENODATA, "the file ended before it was expected to" },
	{ ZCOPY_IOC_SEND, EINTR, "a signal came first" },
	{ ZCOPY_IOC_SEND, EPIPE, "the peer has closed the connection" },
	{ ZCOPY_IOC_SEND, ECONNRESET, "the peer has reset the connection" },
};

const char *zcopy_strerror(unsigned long command, int error)
{
	size_t i;

	if (command && error == ENOTTY)
		return "the device does not know this command";
	for (i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (meanings[i].command == command &&
		    meanings[i].error == error)
			return meanings[i].meaning;
	}
	return strerror(error);
}
