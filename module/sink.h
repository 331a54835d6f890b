/* SPDX-License-Identifier: GPL-2.0 */
/* The socket: which kinds are taken, and one send of a batch. */
#ifndef ZC_SINK_H
#define ZC_SINK_H

#include <linux/types.h>

struct bio_vec;
struct file;
struct socket;
struct zc_batch;

/**
 * struct zc_sink - the socket of one call
 * @file: one reference for as long as the call runs
 * @sock: the socket behind it
 * @msg_flags: MSG_ flags of each send; MSG_NOSIGNAL always
 * @error: what stopped the back end behind bytes that it sent, if the protocol
 *	will not say so again; a negative errno or 0
 * @share: pages may be shared with the protocol (module parameter zero_copy)
 * @corked: the last send said MSG_MORE, so the protocol may hold bytes back
 */
struct zc_sink {
	struct file *file;
	struct socket *sock;
	unsigned int msg_flags;
	int error;
	bool share;
	bool corked;
};

int zc_sink_open(struct zc_sink *sink, int fd, bool nowait);
void zc_sink_close(struct zc_sink *sink);
int zc_sink_admit(const struct zc_sink *sink, u64 len);
size_t zc_sink_room(const struct zc_sink *sink);
int zc_sink_short(struct zc_sink *sink);
bool zc_sink_copies(const struct zc_sink *sink);
ssize_t zc_sink_send(struct zc_sink *sink, struct zc_batch *batch, bool more);
void zc_sink_push(struct zc_sink *sink);
int zc_sink_shutdown(struct zc_sink *sink);

/*
 * The back end, sink_splice.c or sink_sendpage.c: sends at most @bytes from @nr
 * bio_vecs and returns how many the socket took, or a negative errno if none. It
 * may set sink->error.
 */
extern const u32 zc_backend_id;
ssize_t zc_backend_send(struct zc_sink *sink, struct bio_vec *bvec,
			unsigned int nr, size_t bytes, unsigned int msg_flags);

#endif /* ZC_SINK_H */
