/* SPDX-License-Identifier: GPL-2.0 */
/* The benchmark's receiver: a process of its own, one connection at a time. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "digest.h"

/* What to do with what comes. */
enum sink_order {
	SINK_DISCARD, /* with MSG_TRUNC where the protocol has it */
	SINK_DIGEST,  /* a keyed checksum of it */
};

/**
 * struct sink_report - how a connection ended
 * @bytes: received
 * @end: when the end of the stream was seen, seconds of CLOCK_MONOTONIC
 * @error: errno, or 0
 * @digest: for SINK_DIGEST
 */
struct sink_report {
	uint64_t bytes;
	double end;
	int error;
	unsigned char digest[DIGEST_BYTES];
};

/**
 * struct sink - the sender's side of it
 * @pid: the process
 * @control: orders there, reports back
 * @address: where it listens
 * @len: of @address
 */
struct sink {
	pid_t pid;
	int control;
	struct sockaddr_storage address;
	socklen_t len;
};

/* All return 0 (sink_connect: a socket), or -1 with errno. */
int sink_start(struct sink *sink, int family);
/* The same, but @serve is what the child does: it takes orders, and reports. */
int sink_start_serving(struct sink *sink, int family,
		       void (*serve)(int listener, int control));
int sink_connect(struct sink *sink, enum sink_order order);
/* Once for each sink_connect(), after the socket was shut down or closed. */
int sink_result(struct sink *sink, struct sink_report *report);
void sink_stop(struct sink *sink);

#endif /* BENCH_SINK_H */
