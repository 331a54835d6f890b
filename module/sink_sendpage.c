// SPDX-License-Identifier: GPL-2.0
/*
 * Back end for kernels before 6.5: ->sendpage(), which takes one page a call.
 *
 * For plain TCP the socket lock is taken here, once a batch, and the pages go
 * through tcp_sendpage_locked(). That function knows nothing of what may be
 * stacked on a TCP socket: on a kTLS socket it would send plaintext. So it is
 * used only where the protocol is TCP's own and no upper layer is attached,
 * which is checked under the socket lock; an upper layer is attached under the
 * same lock. All else goes through kernel_sendpage().
 */

#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/sock.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>
#include <net/transp_v6.h>

#include <linux/zcopy.h>

#include "sink.h"

const u32 zc_backend_id = ZCOPY_BACKEND_SENDPAGE;

static bool zc_backend_is_plain_tcp(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	if (!sk_is_tcp(sk) || inet_csk(sk)->icsk_ulp_ops)
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (prot == &tcpv6_prot)
		return true;
#endif
	return prot == &tcp_prot;
}

/* One page, or as many as a piece has for TCP under its lock. */
static ssize_t zc_backend_send_page(struct socket *sock,
				    const struct bio_vec *bvec,
				    unsigned int msg_flags, bool last,
				    bool locked)
{
	/* MSG_SENDPAGE_NOTLAST: no push between the pages of one batch. */
	if (!last)
		msg_flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
	if (locked)
		return tcp_sendpage_locked(sock->sk, bvec->bv_page,
					   bvec->bv_offset, bvec->bv_len,
					   msg_flags);
	return kernel_sendpage(sock, bvec->bv_page, bvec->bv_offset,
			       bvec->bv_len, msg_flags);
}

/*
 * A piece in single pages. Only TCP itself knows what to do with more: AF_UNIX
 * would forget its send buffer, and what copies maps one page.
 */
static ssize_t zc_backend_send_split(struct socket *sock,
				     const struct bio_vec *bvec,
				     unsigned int msg_flags, bool last)
{
	struct bio_vec page = { .bv_page = bvec->bv_page,
				.bv_offset = bvec->bv_offset };
	size_t left = bvec->bv_len;
	ssize_t ret;

	page.bv_page += page.bv_offset >> PAGE_SHIFT;
	page.bv_offset = offset_in_page(page.bv_offset);
	do {
		bool end;

		page.bv_len = min_t(size_t, left, PAGE_SIZE - page.bv_offset);
		end = last && page.bv_len == left;
		ret = zc_backend_send_page(sock, &page, msg_flags, end, false);
		if (ret <= 0)
			break;
		left -= ret;
		page.bv_page++;
		page.bv_offset = 0;
	} while (left && ret == page.bv_len);
	return left < bvec->bv_len ? bvec->bv_len - left : ret;
}

/*
 * A piece that is taken in part is the last one of the call. An error behind
 * bytes that were sent is remembered: the protocol has forgotten it.
 */
static ssize_t zc_backend_send_pieces(struct zc_sink *sink,
				      const struct bio_vec *bvec,
				      unsigned int nr, unsigned int msg_flags,
				      bool locked)
{
	struct socket *sock = sink->sock;
	ssize_t sent = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bool last = i + 1 == nr;
		ssize_t ret;

		if (locked)
			ret = zc_backend_send_page(sock, &bvec[i], msg_flags,
						   last, true);
		else
			ret = zc_backend_send_split(sock, &bvec[i], msg_flags,
						    last);
		if (ret <= 0 && !sent)
			return ret;
		if (ret <= 0) {
			sink->error = ret;
			break;
		}
		sent += ret;
		if (ret < bvec[i].bv_len)
			break;
	}
	return sent;
}

ssize_t zc_backend_send(struct zc_sink *sink, struct bio_vec *bvec,
			unsigned int nr, size_t bytes, unsigned int msg_flags)
{
	struct sock *sk = sink->sock->sk;
	ssize_t ret;

	if (!sk_is_tcp(sk))
		return zc_backend_send_pieces(sink, bvec, nr, msg_flags, false);

	/* As sendmsg() does, for receive packet steering. */
	sock_rps_record_flow(sk);
	lock_sock(sk);
	if (zc_backend_is_plain_tcp(sk)) {
		ret = zc_backend_send_pieces(sink, bvec, nr, msg_flags, true);
		release_sock(sk);
		return ret;
	}
	release_sock(sk);
	return zc_backend_send_pieces(sink, bvec, nr, msg_flags, false);
}
