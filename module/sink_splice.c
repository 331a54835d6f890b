// SPDX-License-Identifier: GPL-2.0
/*
 * Back end for kernels from 6.5 on: sendmsg() with MSG_SPLICE_PAGES.
 *
 * The protocol takes a reference to each page, and TCP marks the packet as sharing
 * its pages. MSG_NO_SHARED_FRAGS, which would drop that mark, is never passed:
 * without it, later stages may write to the page cache. (AF_UNIX and vsock have no
 * later stages.)
 */

#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>

#include <linux/zcopy.h>

#include "sink.h"

const u32 zc_backend_id = ZCOPY_BACKEND_SPLICE_PAGES;

ssize_t zc_backend_send(struct zc_sink *sink, struct bio_vec *bvec,
			unsigned int nr, size_t bytes, unsigned int msg_flags)
{
	struct msghdr msg = { .msg_flags = msg_flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, nr, bytes);
	return sock_sendmsg(sink->sock, &msg);
}
