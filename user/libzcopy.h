/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libzcopy: the commands of /dev/zcopy as C functions, and the loop that every
 * caller of SEND needs. The structs, flags and errnos are in <linux/zcopy.h>.
 *
 * Functions that return int return 0 (or a descriptor), or -1 with errno.
 * Nothing here keeps state: the caller owns every struct and descriptor.
 */
#ifndef LIBZCOPY_H
#define LIBZCOPY_H

#include <stddef.h>
#include <stdint.h>
#include <linux/zcopy.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct zcopy_total - what zcopy_send_all() did, over all its calls
 * @sent: bytes taken by the socket
 * @copied: how many of them the CPU copied on the way into the socket
 * @calls: SEND ioctls
 * @waits: poll(2) calls for room in the socket
 *
 * The figures are added to, so that one struct can span several transfers.
 */
struct zcopy_total {
	uint64_t sent;
	uint64_t copied;
	uint64_t calls;
	uint64_t waits;
};

/**
 * zcopy_device_path() - the device that zcopy_open() opens
 *
 * Return: the environment variable ZCOPY_DEVICE, or "/dev/zcopy".
 */
const char *zcopy_device_path(void);

/**
 * zcopy_open() - open the device; each open file has a buffer of its own
 *
 * Return: a descriptor, close-on-exec, for the caller to close(2).
 */
int zcopy_open(void);

/**
 * zcopy_get_info() - ask the module what it can do
 * @fd: the open device
 * @info: filled in; its size and flags are set here
 *
 * Return: 0, or -1 with errno.
 */
int zcopy_get_info(int fd, struct zcopy_info *info);

/**
 * zcopy_set_buffer() - give the open file a zeroed buffer in place of its old
 * @fd: the open device
 * @length: bytes, a multiple of the page size; 0 frees the buffer
 *
 * Return: 0, or -1 with errno.
 */
int zcopy_set_buffer(int fd, uint64_t length);

/**
 * zcopy_map_buffer() - map the open file's buffer from its start, shared
 * @fd: the open device
 * @length: bytes to map, at most those of the buffer
 *
 * Return: the address, for the caller to munmap(2), or NULL with errno.
 */
void *zcopy_map_buffer(int fd, size_t length);

/**
 * zcopy_get_stats() - what has been sent through the open file so far
 * @fd: the open device
 * @stats: filled in; its size and flags are set here
 *
 * Return: 0, or -1 with errno.
 */
int zcopy_get_stats(int fd, struct zcopy_stats *stats);

/**
 * zcopy_send() - one SEND
 * @fd: the open device
 * @send: the request; its size is set here, all else is the caller's
 *
 * Return: 0 if anything was sent or the vector is complete (look at out_stop),
 * or -1 with errno if nothing was sent.
 */
int zcopy_send(int fd, struct zcopy_send *send);

/**
 * zcopy_send_all() - SEND until the vector is complete or cannot go on
 * @fd: the open device
 * @send: the request; zcopy_send_init() makes one. Its cursor moves on, so
 *	calling again with the same struct resumes after any failure
 * @total: added to, unless NULL
 *
 * Waits with poll(2) while the socket is full, also where it was told not to
 * wait. A signal ends it with EINTR, for the caller to go on or not; a page
 * that CACHED did not find ends it with EAGAIN, a short file with ENODATA.
 *
 * Return: 0 when all of the vector has been sent, or -1 with errno.
 */
int zcopy_send_all(int fd, struct zcopy_send *send, struct zcopy_total *total);

/**
 * zcopy_send_init() - a request for a vector from its start
 * @send: overwritten
 * @socket: a connected stream socket
 * @segments: the vector, used in place: it must outlive the request
 * @nr_segments: elements of @segments
 */
void zcopy_send_init(struct zcopy_send *send, int socket,
		     struct zcopy_segment *segments, uint32_t nr_segments);

/**
 * zcopy_segment_file() - bytes of a file, by reference to its page cache
 * @segment: overwritten
 * @fd: the file, open for reading
 * @offset: of the first byte
 * @len: bytes, or ZCOPY_TO_END
 */
void zcopy_segment_file(struct zcopy_segment *segment, int fd, uint64_t offset,
			uint64_t len);

/**
 * zcopy_segment_buffer() - bytes of the open file's own buffer, by reference
 * @segment: overwritten
 * @offset: of the first byte in the buffer
 * @len: bytes
 */
void zcopy_segment_buffer(struct zcopy_segment *segment, uint64_t offset,
			  uint64_t len);

/**
 * zcopy_segment_user() - bytes of the caller's memory, copied
 * @segment: overwritten
 * @base: the first byte; must stay valid until it has been sent
 * @len: bytes
 */
void zcopy_segment_user(struct zcopy_segment *segment, const void *base,
			uint64_t len);

/**
 * zcopy_segment_zero() - zeros, by reference to the zero page
 * @segment: overwritten
 * @len: bytes
 */
void zcopy_segment_zero(struct zcopy_segment *segment, uint64_t len);

/**
 * zcopy_stop_name() - one of enum zcopy_stop in words
 * @stop: out_stop of a request or a segment
 *
 * Return: a constant string, such as "complete".
 */
const char *zcopy_stop_name(uint32_t stop);

/**
 * zcopy_backend_name() - one of enum zcopy_backend in words
 * @backend: out_backend of struct zcopy_info
 *
 * Return: a constant string, such as "MSG_SPLICE_PAGES".
 */
const char *zcopy_backend_name(uint32_t backend);

/**
 * zcopy_feature_name() - one ZCOPY_FEATURE_ bit in words
 * @bit: its number, from 0
 *
 * Return: a constant string, or NULL for a bit that this library does not know.
 */
const char *zcopy_feature_name(unsigned int bit);

/**
 * zcopy_strerror() - what an errno of a command means and what to do
 * @command: an ioctl number, such as ZCOPY_IOC_SEND, or 0 for zcopy_open()
 * @error: the errno
 *
 * Return: a phrase without a full stop: the ABI's meaning where it has one,
 * else strerror(3)'s words, which the next call of strerror(3) may overwrite.
 */
const char *zcopy_strerror(unsigned long command, int error);

#ifdef __cplusplus
}
#endif

#endif /* LIBZCOPY_H */
