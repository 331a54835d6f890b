// SPDX-License-Identifier: GPL-2.0
/*
 * The socket: which kinds are taken, and one send of a batch.
 *
 * No lock is held here when the back end is entered; it or the protocol takes
 * the socket lock, and the protocol alone decides how long to wait for room.
 */

#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/sched/signal.h>
#include <linux/skmsg.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uio.h>
#include <net/dst.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tls.h>

#include "batch.h"
#include "sink.h"

static const char *const zc_sink_policies[] = { "always", "never" };
static bool zc_sink_share = true;

static int zc_sink_policy_set(const char *value, const struct kernel_param *kp)
{
	int i = sysfs_match_string(zc_sink_policies, value);

	if (i < 0)
		return i;
	WRITE_ONCE(zc_sink_share, i == 0);
	return 0;
}

static int zc_sink_policy_get(char *page, const struct kernel_param *kp)
{
	return sysfs_emit(page, "%s\n",
			  zc_sink_policies[!READ_ONCE(zc_sink_share)]);
}

static const struct kernel_param_ops zc_sink_policy_ops = {
	.set = zc_sink_policy_set,
	.get = zc_sink_policy_get,
};

module_param_cb(zero_copy, &zc_sink_policy_ops, NULL, 0644);
MODULE_PARM_DESC(zero_copy,
		 "always: share pages with sockets; never: copy everything");

/* The protocols that carry a stream of bytes, whatever the pieces are. */
static bool zc_sink_is_stream(const struct sock *sk)
{
	switch (sk->sk_family) {
	case AF_INET:
	case AF_INET6:
		return sk->sk_protocol == IPPROTO_TCP ||
		       sk->sk_protocol == IPPROTO_MPTCP;
	case AF_UNIX:
	case AF_VSOCK:
	case AF_SMC:
		return true;
	default:
		return false;
	}
}

static int zc_sink_check(const struct socket *sock)
{
	if (sock->type != SOCK_STREAM || !zc_sink_is_stream(sock->sk))
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

	sink->error = 0;
	sink->corked = false;
	sink->share = READ_ONCE(zc_sink_share);
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
 * zc_sink_admit() - may the caller write so much to the socket?
 * @sink: an open sink
 * @len: bytes
 *
 * Return: 0 or what a security module says.
 */
int zc_sink_admit(const struct zc_sink *sink, u64 len)
{
	return rw_verify_area(WRITE, sink->file, NULL,
			      min_t(u64, len, MAX_RW_COUNT));
}

static bool zc_sink_waits(const struct zc_sink *sink)
{
	return !(sink->msg_flags & MSG_DONTWAIT);
}

/**
 * zc_sink_room() - how many bytes are worth preparing?
 * @sink: an open sink
 *
 * Return: what a batch may hold; for a socket that does not wait, what it has
 * room for, so that little is looked up and copied in vain.
 */
size_t zc_sink_room(const struct zc_sink *sink)
{
	const struct sock *sk = sink->sock->sk;
	int room;

	if (zc_sink_waits(sink))
		return ZC_BATCH_BYTES;
	room = sk_is_tcp(sk) ? sk_stream_wspace(sk)
			     : READ_ONCE(sk->sk_sndbuf) - sk_wmem_alloc_get(sk);
	return clamp_t(int, room, SZ_64K, ZC_BATCH_BYTES);
}

/**
 * zc_sink_short() - why did the socket take less than it was given?
 * @sink: an open sink
 *
 * One that waits without end, and is asked again, will say itself.
 *
 * Return: 0 to ask again; -EAGAIN if it does not wait or has waited for
 * SO_SNDTIMEO, -EINTR if a signal has cut that short; or an error that it will not
 * repeat.
 */
int zc_sink_short(struct zc_sink *sink)
{
	if (sink->error)
		return xchg(&sink->error, 0);
	if (!zc_sink_waits(sink))
		return -EAGAIN;
	if (READ_ONCE(sink->sock->sk->sk_sndtimeo) == MAX_SCHEDULE_TIMEOUT)
		return 0;
	return signal_pending(current) ? -EINTR : -EAGAIN;
}

/*
 * A device that can't gather makes the stack copy each packet. TCP sets the
 * feature in sk_route_caps all the same, because it can segment in software, so
 * the device is asked; a socket that has no route yet says what it assumes.
 */
static bool zc_sink_device_gathers(const struct sock *sk)
{
	netdev_features_t features = READ_ONCE(sk->sk_route_caps);
	const struct dst_entry *dst;

	rcu_read_lock();
	dst = rcu_dereference(sk->sk_dst_cache);
	if (dst)
		features &= READ_ONCE(dst->dev)->features;
	rcu_read_unlock();
	return features & NETIF_F_SG;
}

/* BPF on the socket looks at the bytes, and is given a copy of them. */
static bool zc_sink_is_sockmap(const struct sock *sk)
{
	bool found;

	rcu_read_lock();
	found = sk_psock(sk);
	rcu_read_unlock();
	return found;
}

/**
 * zc_sink_copies() - will the protocol, or the device, copy what it is given?
 * @sink: an open sink
 *
 * The route may change at any time, so this is asked before each send.
 *
 * Return: whether it will.
 */
bool zc_sink_copies(const struct zc_sink *sink)
{
	const struct sock *sk = sink->sock->sk;

	if (!sink->share)
		return true;
	if (sk_is_tcp(sk))
		return zc_sink_is_sockmap(sk) || !zc_sink_device_gathers(sk);
	/* Of the other protocols, AF_UNIX alone keeps what it is given. */
	return sk->sk_family != AF_UNIX;
}

/* The ordinary sendmsg(): every protocol copies from the pages. */
static ssize_t zc_sink_send_copy(struct socket *sock, struct bio_vec *bvec,
				 unsigned int nr, size_t bytes,
				 unsigned int msg_flags)
{
	struct msghdr msg = { .msg_flags = msg_flags };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, nr, bytes);
	return sock_sendmsg(sock, &msg);
}

/*
 * Nothing can be sent behind a shutdown(), but kTLS takes a record all the same
 * and throws it away. An error that is pending says more, and comes first.
 */
static bool zc_sink_is_shut(const struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN &&
	       !READ_ONCE(sk->sk_err);
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
	unsigned int msg_flags = sink->msg_flags | (more ? MSG_MORE : 0);
	struct bio_vec *bvec = &batch->bvec[batch->bvecs.first];
	unsigned int nr = batch->bvecs.end - batch->bvecs.first;
	ssize_t ret;

	if (zc_sink_is_shut(sink->sock->sk))
		return -EPIPE;
	if (sink->share)
		ret = zc_backend_send(sink, bvec, nr, batch->bytes, msg_flags);
	else
		ret = zc_sink_send_copy(sink->sock, bvec, nr, batch->bytes,
					msg_flags);
	if (ret > 0)
		sink->corked = more || ret < batch->bytes;
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
	bool shut = READ_ONCE(sink->sock->sk->sk_shutdown) & SEND_SHUTDOWN;

	/* There, kTLS would raise the SIGPIPE that nobody is to see. */
	if (sink->corked && ops->splice_eof && !shut)
		ops->splice_eof(sink->sock);
	sink->corked = false;
}

/*
 * kTLS takes a record also when TCP has no room for it, and keeps it in a list.
 * TCP's shutdown knows nothing of that list: the record would never be sent. The
 * socket lock protects both the list and who is stacked on the socket.
 */
static bool zc_sink_tls_keeps_records(struct sock *sk)
{
	const struct tls_context *tls;
	bool keeps = false;

	if (!sk_is_tcp(sk) || !inet_csk_has_ulp(sk))
		return false;

	lock_sock(sk);
	/* A connection that has failed keeps them for ever. */
	if (inet_csk_has_ulp(sk) && !sk->sk_err &&
	    (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT) &&
	    !strcmp(inet_csk(sk)->icsk_ulp_ops->name, "tls")) {
		tls = tls_get_ctx(sk);
		/* The first is all that a device which encrypts has. */
		keeps = tls->partially_sent_record ||
			(tls->tx_conf == TLS_SW &&
			 !list_empty(&tls_sw_ctx_tx(tls)->tx_list));
	}
	release_sock(sk);
	return keeps;
}

/**
 * zc_sink_shutdown() - half-close behind the last byte
 * @sink: an open sink
 *
 * Return: 0, -EAGAIN if bytes wait that this would cut off, or what the protocol
 * says.
 */
int zc_sink_shutdown(struct zc_sink *sink)
{
	if (zc_sink_tls_keeps_records(sink->sock->sk))
		return -EAGAIN;
	return kernel_sock_shutdown(sink->sock, SHUT_WR);
}
