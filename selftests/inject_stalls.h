/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where other parts of the kernel do not recover from a failure: what a test has
 * to know, so that it does not wait for ever for what never comes.
 */
#ifndef ZT_INJECT_STALLS_H
#define ZT_INJECT_STALLS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "util.h"

/*
 * When TCP gets no memory in the middle of a kTLS record, Linux 6.1 may leave the
 * record in TCP's queue, and wait until it has been sent, in sendfile(2) as well.
 * Nobody sends it; but whoever sets TCP_NODELAY does.
 */
struct zt_pusher {
	pthread_t thread;
	atomic_bool runs;
	int tx;
};

/* Set TCP_NODELAY again and again, on kernels where that helps. */
void zt_pusher_start(struct zt_pusher *pusher, int dev, int tx);
void zt_pusher_stop(struct zt_pusher *pusher);

/*
 * TCP asks once for the memory that the end of a stream takes. If there is none,
 * shutdown(2) succeeds, the peer never hears of it, and there is no way to say it
 * again. Then everything has been acknowledged, and no end was part of it.
 */
bool zt_end_is_lost(const struct zt_pair *pair, double seconds);

/* For a message; until the next call. */
const char *zt_connection_state(int tx);

#endif /* ZT_INJECT_STALLS_H */
