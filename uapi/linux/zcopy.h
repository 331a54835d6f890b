/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * zcopy: send files and buffers to a stream socket without copying them.
 *
 * General ioctl format
 * --------------------
 *
 * Every command is an ioctl on an open ``/dev/zcopy``. Its argument points to
 * a struct whose first member is its own ``size`` in bytes, set by the caller.
 * An older caller passes a shorter struct: the members that it lacks are taken
 * as zero. A newer caller passes a longer one: what this kernel does not know
 * must be zero. Members called ``out_`` are written by the kernel, whatever
 * they held before; members called ``__reserved`` and flags that are not
 * listed here must be zero. All integers have the same size and place for
 * 32-bit and 64-bit callers, and there is no padding.
 *
 * A command returns 0, or -1 with errno. One errno has one meaning:
 *
 * ========== ================================================================
 * ENOTTY     the ioctl number is not one of these
 * EFAULT     a pointer (argument, segments, memory of a USER segment) can't
 *            be read or written
 * E2BIG      ``size`` is larger than this kernel knows and the rest is not zero,
 *            or it is larger than a page
 * EINVAL     the struct is malformed: ``size`` below the minimum, an unknown
 *            flag or segment type, a reserved member that is not zero, a
 *            member that the segment type does not use and that is not zero
 * EMSGSIZE   more than ZCOPY_MAX_SEGMENTS segments
 * EOVERFLOW  an offset, or offset + length, or the sum of all lengths, is
 *            beyond the largest file offset (2^63 - 1)
 * ERANGE     a BUFFER segment reaches beyond the buffer, or ``done`` lies
 *            beyond the end of the vector
 * ENXIO      the open file has no buffer
 * EBUSY      the buffer is mapped: unmap it before you resize it
 * EFBIG      the buffer would be larger than the module parameter
 *            ``max_buffer_mb`` allows
 * ENOBUFS    the buffer would exceed RLIMIT_MEMLOCK
 * ENOMEM     the kernel has no memory for this
 * EBADF      a descriptor is not open, or was opened with O_PATH
 * ENOTSOCK   ``socket`` is not a socket
 * ESOCKTNOSUPPORT  ``socket`` is not a stream socket
 * EOPNOTSUPP ``socket`` is listening
 * ENOTCONN   ``socket`` is not connected (a protocol may say EPIPE instead)
 * EACCES     a source is not open for reading, or a security module says no
 * EISDIR     a source is a directory
 * ESPIPE     a source is a pipe, a socket or something else without offsets
 * ENODEV     a source's file system has no way to hand its pages on; or CACHED
 *            was asked and its page cache can't be looked up (a network file
 *            system, FUSE, overlayfs, DAX, a file opened with O_DIRECT)
 * EAGAIN     it would have to wait: ``out_stop`` says for what
 * ENODATA    the file ended before the segment did
 * EINTR      a signal came first (or the call is restarted, see signal(7))
 * ========== ================================================================
 *
 * Besides these, SEND passes on what the socket or the file system reports
 * (EPIPE, ECONNRESET, ETIMEDOUT, EIO, ...). Nothing has been sent when SEND
 * fails: if any byte was taken by the socket, it returns 0 and ``out_stop``
 * and ``out_error`` tell why it stopped. (Unless the memory of ``struct
 * zcopy_send`` was there before and is gone afterwards: EFAULT.)
 */
#ifndef _UAPI_LINUX_ZCOPY_H
#define _UAPI_LINUX_ZCOPY_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define ZCOPY_ABI_VERSION 1

/* Unassigned in Documentation/userspace-api/ioctl/ioctl-number.rst. */
#define ZCOPY_IOC_TYPE 0xE9

enum {
	ZCOPY_CMD_INFO = 0x00,
	ZCOPY_CMD_BUFFER = 0x01,
	ZCOPY_CMD_SEND = 0x02,
	ZCOPY_CMD_STATS = 0x03,
};

#define ZCOPY_IOC_INFO _IO(ZCOPY_IOC_TYPE, ZCOPY_CMD_INFO)
#define ZCOPY_IOC_BUFFER _IO(ZCOPY_IOC_TYPE, ZCOPY_CMD_BUFFER)
#define ZCOPY_IOC_SEND _IO(ZCOPY_IOC_TYPE, ZCOPY_CMD_SEND)
#define ZCOPY_IOC_STATS _IO(ZCOPY_IOC_TYPE, ZCOPY_CMD_STATS)

/* The most segments that one SEND takes. */
#define ZCOPY_MAX_SEGMENTS 65536

/* A FILE segment's length: whatever the file holds from the offset on. */
#define ZCOPY_TO_END ((__u64)-1)

/**
 * enum zcopy_backend - how pages reach the socket on this kernel
 * @ZCOPY_BACKEND_SENDPAGE: ->sendpage(), plain TCP under one lock a batch
 *	(kernels before 6.5)
 * @ZCOPY_BACKEND_SPLICE_PAGES: sendmsg() with MSG_SPLICE_PAGES (6.5 and later)
 */
enum zcopy_backend {
	ZCOPY_BACKEND_SENDPAGE = 1,
	ZCOPY_BACKEND_SPLICE_PAGES = 2,
};

/* Bits of zcopy_info.out_features: what it can do. */
#define ZCOPY_FEATURE_FILE _BITULL(0)
#define ZCOPY_FEATURE_BUFFER _BITULL(1)
#define ZCOPY_FEATURE_USER _BITULL(2)
#define ZCOPY_FEATURE_ZERO _BITULL(3)
#define ZCOPY_FEATURE_CACHED _BITULL(4)
#define ZCOPY_FEATURE_SHUTDOWN _BITULL(5)
#define ZCOPY_FEATURE_STATS _BITULL(6)

/**
 * struct zcopy_info - ioctl(ZCOPY_IOC_INFO): what this module can do
 * @size: sizeof(struct zcopy_info)
 * @flags: must be 0
 * @out_abi_version: ZCOPY_ABI_VERSION of the module
 * @out_backend: one of enum zcopy_backend
 * @out_features: ZCOPY_FEATURE_ bits
 * @out_page_size: bytes in a page, the unit of mmap offsets and of the buffer
 * @out_batch_bytes: the most bytes that go to the socket under one lock
 * @out_max_segments: the most segments that one SEND takes
 * @__reserved: 0
 * @out_max_buffer: the largest buffer of one open file, in bytes
 * @out_buffer_length: bytes in this open file's buffer now, 0 for none
 */
struct zcopy_info {
	__u32 size;
	__u32 flags;
	__u32 out_abi_version;
	__u32 out_backend;
	__aligned_u64 out_features;
	__u32 out_page_size;
	__u32 out_batch_bytes;
	__u32 out_max_segments;
	__u32 __reserved;
	__aligned_u64 out_max_buffer;
	__aligned_u64 out_buffer_length;
};

/**
 * struct zcopy_buffer - ioctl(ZCOPY_IOC_BUFFER): size the open file's buffer
 * @size: sizeof(struct zcopy_buffer)
 * @flags: must be 0
 * @length: bytes, a multiple of the page size (else EINVAL); 0 frees it
 *
 * The new buffer is zeroed and replaces the old one, which must not be mapped
 * (EBUSY). Its memory counts against the caller's memory cgroup and, without
 * CAP_IPC_LOCK, RLIMIT_MEMLOCK. Map it with mmap() at offsets below @length,
 * shared or private; or use read(), write(), lseek(), sendfile() and splice()
 * on the device. A send that is under way keeps the buffer that it began with.
 */
struct zcopy_buffer {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
};

/**
 * enum zcopy_segment_type - where a segment's bytes come from
 * @ZCOPY_SEGMENT_FILE: @fd from @offset on, by reference to its page cache
 * @ZCOPY_SEGMENT_BUFFER: this open file's buffer from @offset on, by reference:
 *	what is written to the buffer before the peer has read may be seen by it
 * @ZCOPY_SEGMENT_USER: the caller's memory at address @offset, copied
 * @ZCOPY_SEGMENT_ZERO: zeros, by reference to pages of zeros
 */
enum zcopy_segment_type {
	ZCOPY_SEGMENT_FILE = 1,
	ZCOPY_SEGMENT_BUFFER = 2,
	ZCOPY_SEGMENT_USER = 3,
	ZCOPY_SEGMENT_ZERO = 4,
};

/**
 * enum zcopy_stop - why a call, or a segment, came to its end
 * @ZCOPY_STOP_NONE: not reached (segments only)
 * @ZCOPY_STOP_COMPLETE: all of it has been taken by the socket
 * @ZCOPY_STOP_SOCKET_FULL: the socket takes no more now (a call that must not
 *	wait, or SO_SNDTIMEO); wait for POLLOUT and call again
 * @ZCOPY_STOP_NOT_CACHED: CACHED was asked and the next page is not in memory;
 *	it is being read, call again later or without CACHED
 * @ZCOPY_STOP_SHORT: the file ended before the segment did
 * @ZCOPY_STOP_INTERRUPTED: a signal came
 * @ZCOPY_STOP_SOCKET_ERROR: the socket failed with out_error
 * @ZCOPY_STOP_SOURCE_ERROR: the source failed with out_error
 */
enum zcopy_stop {
	ZCOPY_STOP_NONE = 0,
	ZCOPY_STOP_COMPLETE = 1,
	ZCOPY_STOP_SOCKET_FULL = 2,
	ZCOPY_STOP_NOT_CACHED = 3,
	ZCOPY_STOP_SHORT = 4,
	ZCOPY_STOP_INTERRUPTED = 5,
	ZCOPY_STOP_SOCKET_ERROR = 6,
	ZCOPY_STOP_SOURCE_ERROR = 7,
};

/**
 * struct zcopy_segment - one piece of what is sent
 * @type: one of enum zcopy_segment_type
 * @flags: must be 0
 * @fd: FILE: the file, open for reading; otherwise must be 0
 * @out_stop: one of enum zcopy_stop: how far this segment has come
 * @offset: FILE, BUFFER: bytes from the start; USER: the address; ZERO: 0
 * @len: bytes to send; 0 is an empty segment. FILE: ZCOPY_TO_END stands for the
 *	rest of the file, and is replaced by that many bytes when the call
 *	first looks, so that a second call goes on with the same vector
 * @out_done: bytes of this segment taken by the socket, over all calls
 * @out_copied: bytes of this segment that the CPU copied, in this call
 */
struct zcopy_segment {
	__u32 type;
	__u32 flags;
	__s32 fd;
	__u32 out_stop;
	__aligned_u64 offset;
	__aligned_u64 len;
	__aligned_u64 out_done;
	__aligned_u64 out_copied;
};

/* Do not wait for the socket; O_NONBLOCK on it means the same. */
#define ZCOPY_SEND_NOWAIT _BITUL(0)
/* Send only what is in the page cache; start reading the rest. */
#define ZCOPY_SEND_CACHED _BITUL(1)
/* More will follow: the protocol may hold back a last partial packet. */
#define ZCOPY_SEND_MORE _BITUL(2)
/*
 * Once the vector is complete, shut the socket down for writing. Where kTLS holds
 * records back because TCP is full, which this would cut off, the call stops with
 * SOCKET_FULL behind the last segment: wait, and call again.
 */
#define ZCOPY_SEND_SHUTDOWN _BITUL(3)

/**
 * struct zcopy_send - ioctl(ZCOPY_IOC_SEND): send a vector of segments
 * @size: sizeof(struct zcopy_send)
 * @flags: ZCOPY_SEND_ bits
 * @socket: a connected stream socket
 * @nr_segments: elements of @segments
 * @segments: address of an array of struct zcopy_segment
 * @done: in: bytes of the vector that the socket has taken before; out: now.
 *	Start with 0 and call again with the same struct until out_stop is
 *	ZCOPY_STOP_COMPLETE
 * @out_sent: bytes taken by the socket in this call
 * @out_copied: how many of them the CPU copied on the way into the socket
 * @out_stop: one of enum zcopy_stop
 * @out_error: the errno (positive) that stopped it, or 0
 * @out_segment: index of the segment at which it stopped; nr_segments if none
 *	did
 * @__reserved: must be 0
 * @out_resident: NOT_CACHED: bytes in memory among the next
 *	ZCOPY_RESIDENT_WINDOW of that segment
 *
 * No SIGPIPE is raised. The call returns 0 if anything was sent or the vector
 * is complete, and fails if nothing was; the outputs are written either way
 * once the arguments have been found valid. There is no limit of 2 GiB a call.
 *
 * A call that begins (@done is 0) checks and opens every segment before it
 * sends, and writes all their outputs. One that goes on opens a segment when it
 * comes to it, and writes the outputs of those from the cursor's on; the ones
 * before keep what an earlier call has written.
 */
struct zcopy_send {
	__u32 size;
	__u32 flags;
	__s32 socket;
	__u32 nr_segments;
	__aligned_u64 segments;
	__aligned_u64 done;
	__aligned_u64 out_sent;
	__aligned_u64 out_copied;
	__u32 out_stop;
	__u32 out_error;
	__u32 out_segment;
	__u32 __reserved;
	__aligned_u64 out_resident;
};

/* How far zcopy_send.out_resident looks, in bytes. */
#define ZCOPY_RESIDENT_WINDOW (64 << 20)

/* Elements of zcopy_stats.out_stops: enum zcopy_stop, and some to spare. */
#define ZCOPY_STATS_STOPS 16

/**
 * struct zcopy_stats - ioctl(ZCOPY_IOC_STATS): what was sent through this file
 * @size: sizeof(struct zcopy_stats)
 * @flags: must be 0
 * @out_calls: SENDs that got past the checks of their arguments
 * @out_batches: sends of a batch that a socket took bytes of
 * @out_file_bytes: bytes of FILE segments that sockets took
 * @out_buffer_bytes: bytes of BUFFER segments
 * @out_user_bytes: bytes of USER segments
 * @out_zero_bytes: bytes of ZERO segments
 * @out_copied_bytes: how many of all those the CPU copied
 * @out_stops: calls by reason, indexed by enum zcopy_stop
 *
 * The same numbers are in /proc/PID/fdinfo/FD, and those of the whole module
 * in /sys/class/misc/zcopy/stats/.
 */
struct zcopy_stats {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_calls;
	__aligned_u64 out_batches;
	__aligned_u64 out_file_bytes;
	__aligned_u64 out_buffer_bytes;
	__aligned_u64 out_user_bytes;
	__aligned_u64 out_zero_bytes;
	__aligned_u64 out_copied_bytes;
	__aligned_u64 out_stops[ZCOPY_STATS_STOPS];
};

#endif /* _UAPI_LINUX_ZCOPY_H */
