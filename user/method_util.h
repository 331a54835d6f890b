/* SPDX-License-Identifier: GPL-2.0 */
/* What the method_*.c share. See method.h for the rules. */
#ifndef METHOD_UTIL_H
#define METHOD_UTIL_H

#include "method.h"
#include "tool.h"

/*
 * All three return -1. transfer_blame() is for calls that touch the file and
 * the socket: it tells by the errno which has failed. transfer_lacks() takes a
 * phrase.
 */
int transfer_fail(struct transfer *transfer, enum failure failure, int error);
int transfer_blame(struct transfer *transfer, int error);
int transfer_lacks(struct transfer *transfer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The method's zeroed state; NULL after a failure. Freed by state_free(). */
void *state_alloc(struct transfer *transfer, size_t size);
void state_free(struct transfer *transfer);

/* The socket has taken @bytes more. */
void transfer_moved(struct transfer *transfer, uint64_t bytes);

/* Will something follow the next @bytes? Then MSG_MORE is right. */
bool transfer_more(const struct transfer *transfer, uint64_t bytes);

/* How much of the @left bytes goes into one call, when @most suits it best. */
size_t transfer_chunk(const struct transfer *transfer, uint64_t left,
		      uint64_t most);

/* Wait until the socket has room. A signal ends the wait, too. */
int transfer_wait(struct transfer *transfer);

/*
 * A call that feeds the socket has returned -1 with errno. Returns 0 if it is
 * to be made again, now that there is room; or -1 if that was it.
 */
int transfer_retry(struct transfer *transfer);

/* send(2) all of it, by @flags, which may have MSG_MORE or MSG_ZEROCOPY. */
int send_full(struct transfer *transfer, const void *base, size_t len,
	      int flags);

/* The same, one chunk a call, with MSG_MORE where more follows. */
int send_memory(struct transfer *transfer, const void *base, uint64_t len);

/* pread(2) all of it; a file that ends earlier is a failure. */
int read_full(struct transfer *transfer, int fd, void *base, size_t len,
	      uint64_t offset);

/*
 * A file through a buffer of METHOD_CHUNK bytes: read it, then send it. Reads
 * begin and end at multiples of @align, beyond the end of the file even.
 */
int send_by_reading(struct transfer *transfer, int fd, uint64_t len,
		    void *buffer, size_t align);

/* The whole file, mapped for reading; NULL after a failure. */
void *map_file(struct transfer *transfer, const struct source *file);
void unmap_file(struct transfer *transfer, const struct source *file,
		void *base);

/**
 * struct pipe - what splice(2) needs between a file and a socket
 * @in: the end to fill
 * @out: the end to drain
 * @size: bytes that it holds
 */
struct pipe {
	int in;
	int out;
	size_t size;
};

int pipe_open(struct transfer *transfer, struct pipe *pipe);
void pipe_close(struct pipe *pipe);
/* splice(2) @len bytes, which the pipe holds, to the socket. */
int pipe_drain(struct transfer *transfer, const struct pipe *pipe, size_t len);

#endif /* METHOD_UTIL_H */
