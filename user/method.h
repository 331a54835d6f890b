/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways of sending files: one struct method each, in one method_*.c each.
 *
 * A transfer is what is sent, in order: a list of sources. It is opened with
 * a method, which may prepare for it, then used on one connection after the
 * other: transfer_attach(), transfer_send() any number of times,
 * transfer_finish(). Only transfer_send() is timed. Functions return 0, or -1
 * after they have written into the transfer what went wrong.
 */
#ifndef METHOD_H
#define METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes a call, for the methods that move a file in pieces. */
#define METHOD_CHUNK (1UL << 20)

/**
 * struct source - a piece of what is sent
 * @name: a file's path, or what a person would call it
 * @fd: the file, open for reading, or -1
 * @base: the memory to send if @fd is -1
 * @len: bytes to send, from the start of it
 */
struct source {
	const char *name;
	int fd;
	const void *base;
	uint64_t len;
};

/* Who is to blame for a function that returned -1. */
enum failure {
	FAILURE_NONE,
	FAILURE_SOURCE,	 /* error is the source's; ENODATA: it ended early */
	FAILURE_SOCKET,	 /* error is the connection's */
	FAILURE_STOPPED, /* the person at the keyboard */
	FAILURE_LACKING, /* reason says what the machine does not have */
};

struct method;

/**
 * struct transfer - sources, a connection, and how far it has come
 * @method: how it is sent
 * @sources: what is sent; the creator of the transfer owns them
 * @nr_sources: how many there are
 * @bytes: the sum of their lengths
 * @call_bytes: bytes a call, or 0 for what suits the method best
 * @populate: a method that maps files maps all their pages at once
 * @socket: a connected stream socket, the creator's
 * @position: bytes of the sources that this transfer_send() has sent
 * @sent: bytes that sockets have taken since transfer_rewind()
 * @calls: system calls made for them
 * @confirmed: those of @sent for which the kernel has said if it copied them
 * @copied: how many of those it did copy
 * @tick: called while sending, or NULL
 * @tick_data: for @tick
 * @failure: why a function returned -1
 * @error: its errno
 * @reason: for FAILURE_LACKING, a phrase
 * @settings: how the method is tuned, a phrase for the report
 * @state: the method's own, from open to close
 */
struct transfer {
	const struct method *method;
	struct source *sources;
	unsigned int nr_sources;
	uint64_t bytes;
	uint64_t call_bytes;
	bool populate;
	int socket;
	uint64_t position;
	uint64_t sent;
	uint64_t calls;
	uint64_t confirmed;
	uint64_t copied;
	void (*tick)(struct transfer *transfer);
	void *tick_data;
	enum failure failure;
	int error;
	char reason[200];
	char settings[120];
	void *state;
};

/**
 * struct method - one way of sending
 * @name: what --method takes
 * @summary: one line that says how the bytes travel
 * @copies: CPU copies of each byte by design, from the page cache (or the
 *	preloaded buffer) to the socket
 * @evidence: what @confirmed and @copied of a transfer come from; NULL if the
 *	kernel does not tell about this method
 * @late: what @copied counts is done after the call, by the receive path
 * @preloads: open reads the files into memory, send never touches them
 * @sends_zeros: it sends that many zeros in place of the files: the floor
 * @send_file: send one file; memory goes by send(2) then
 * @send_all: send all the sources; instead of @send_file
 * @probe: can it work on this machine at all? NULL: yes
 * @open: prepare for the sources; may be NULL
 * @attach: there is a new connection; may be NULL
 * @finish: nothing more will be sent on it: take what the kernel still has to
 *	say; may be NULL
 * @close: undo @open, also after it failed half-way; may be NULL
 * @explain: what an errno means to it; NULL: what it means to all
 */
struct method {
	const char *name;
	const char *summary;
	unsigned int copies;
	const char *evidence;
	bool late;
	bool preloads;
	bool sends_zeros;
	int (*send_file)(struct transfer *transfer, const struct source *file);
	int (*send_all)(struct transfer *transfer);
	int (*probe)(struct transfer *transfer);
	int (*open)(struct transfer *transfer);
	int (*attach)(struct transfer *transfer);
	int (*finish)(struct transfer *transfer);
	void (*close)(struct transfer *transfer);
	const char *(*explain)(int error);
};

extern const struct method method_zcopy;
extern const struct method method_zcopy_buffer;
extern const struct method method_zcopy_zero;
extern const struct method method_read;
extern const struct method method_mmap;
extern const struct method method_direct;
extern const struct method method_sendfile;
extern const struct method method_splice;
extern const struct method method_vmsplice;
extern const struct method method_zerocopy;
extern const struct method method_uring_send_zc;
extern const struct method method_uring_splice;

/* All of them, in the order of the reports; a NULL ends the list. */
extern const struct method *const methods[];

/* NULL where no method has that name. */
const struct method *method_find(const char *name);

/* Overwrites @transfer; @sources must outlive it. */
void transfer_init(struct transfer *transfer, const struct method *method,
		   struct source *sources, unsigned int nr_sources);
int transfer_probe(struct transfer *transfer);
/* transfer_close() follows, also after a failure. */
int transfer_open(struct transfer *transfer);
int transfer_attach(struct transfer *transfer, int socket);
int transfer_send(struct transfer *transfer);
int transfer_finish(struct transfer *transfer);
void transfer_close(struct transfer *transfer);
/* Set the figures to nothing, before a new measurement. */
void transfer_rewind(struct transfer *transfer);

/* The source in which @position lies, the last one at the end. */
const struct source *transfer_source(const struct transfer *transfer);

/* A sentence without its full stop on why a function returned -1. */
char *transfer_explain(const struct transfer *transfer, char *text,
		       size_t size);

#endif /* METHOD_H */
