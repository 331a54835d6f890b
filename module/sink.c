// SPDX-License-Identifier: GPL-2.0
/*
 * The socket: which kinds are taken, and one send of a batch.
 *
 * No lock is held here when the protocol is entered; it takes the socket lock,
 * and it alone decides how long to wait for room in the send buffer.
 */

#include <linux/file.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "batch.h"
#include "sink.h"

static int zc_sink_check(const struct socket *sock)
{
	if (sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	if (READ_ONCE(sock->sk->sk_state) == TCP_LISTEN)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * zc_sink_open() - take hold of a stream socket
 * @sink: zeroed; close it, also after an error
 * @fd: the caller's descriptor
 * @nowait: never wait for room in the socket
 *
 * Return: 0, -EBADF, -ENOTSOCK, -ESOCKTNOSUPPORT or -EOPNOTSUPP.
 */
int zc_sink_open(struct zc_sink *sink, int fd, bool nowait)
{
	sink->file = fget(fd);
	if (!sink->file)
		return -EBADF;
	sink->sock = sock_from_file(sink->file);
	if (!sink->sock)
		return -ENOTSOCK;

	sink->corked = false;
	sink->msg_flags = MSG_NOSIGNAL;
	if (nowait || (sink->file->f_flags & O_NONBLOCK))
		sink->msg_flags |= MSG_DONTWAIT;
	return zc_sink_check(sink->sock);
}

/**
 * zc_sink_close() - let go of the socket
 * @sink: any sink, opened or zeroed
 */
void zc_sink_close(struct zc_sink *sink)
{
	if (sink->file)
		fput(sink->file);
	sink->file = NULL;
	sink->sock = NULL;
}

/**
 * zc_sink_waits() - does a send wait for room?
 * @sink: an open sink
 *
 * Return: whether it does.
 */
bool zc_sink_waits(const struct zc_sink *sink)
{
	return !(sink->msg_flags & MSG_DONTWAIT);
}

/**
 * zc_sink_copies() - will the protocol copy what it is given?
 * @sink: an open sink
 *
 * TCP copies if the route's device can't gather. The route may change at any
 * time, so this is asked before each send.
 *
 * Return: whether it will.
 */
bool zc_sink_copies(const struct zc_sink *sink)
{
	const struct sock *sk = sink->sock->sk;

	if (sk_is_tcp(sk))
		return !(READ_ONCE(sk->sk_route_caps) & NETIF_F_SG);
	return !zc_backend_takes_pages(sink->sock);
}

/**
 * zc_sink_send() - send what a batch holds, once
 * @sink: an open sink
 * @batch: not empty; is not changed
 * @more: another batch will follow
 *
 * Return: bytes taken by the socket, at least one, or a negative errno.
 */
ssize_t zc_sink_send(struct zc_sink *sink, struct zc_batch *batch, bool more)
{
	ssize_t ret = zc_backend_send(sink->sock, &batch->bvec[batch->first],
				      batch->end - batch->first, batch->bytes,
				      sink->msg_flags | (more ? MSG_MORE : 0));

	if (ret > 0)
		sink->corked = more;
	/* No stream protocol takes nothing without saying why. */
	return ret ?: -EIO;
}

/**
 * zc_sink_push() - have the protocol send what MSG_MORE made it hold back
 * @sink: an open sink
 *
 * For a call that has said that more would come and then stopped: otherwise
 * the last bytes would wait for TCP's timer, 200 ms.
 */
void zc_sink_push(struct zc_sink *sink)
{
	const struct proto_ops *ops = READ_ONCE(sink->sock->ops);

	if (sink->corked && ops->splice_eof)
		ops->splice_eof(sink->sock);
	sink->corked = false;
}

/**
 * zc_sink_shutdown() - half-close behind the last byte
 * @sink: an open sink
 *
 * Return: 0 or what the protocol says.
 */
int zc_sink_shutdown(struct zc_sink *sink)
{
	return kernel_sock_shutdown(sink->sock, SHUT_WR);
}
