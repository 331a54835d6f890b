/* SPDX-License-Identifier: GPL-2.0 */
/* The benchmark's other receiver: many connections at a time. */
#ifndef CROWD_H
#define CROWD_H

#include "bench_sink.h"

#define CROWD_MOST 64U

/* For sink_start_serving(). */
void crowd_serve(int listener, int control);

/*
 * Bytes for SO_SNDBUF and SO_RCVBUF of each of @nr connections, or 0: TCP has
 * memory for all that they may want, and decides.
 */
int crowd_buffer(unsigned int nr);

/* Makes @nr connections that do not block. Returns 0, or -1 with errno. */
int crowd_connect(struct sink *sink, enum sink_order order, unsigned int nr,
		  int *sockets);

/*
 * sink_result() tells when the last connection has ended, and the bytes of all
 * of them. The digest is that of each: EBADMSG, where they differ.
 */

#endif /* CROWD_H */
