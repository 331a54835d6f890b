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
#include <net/inet_common.h>
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

/* MSG_SENDPAGE_NOTLAST: no push between the pages of one batch. */
static unsigned int zc_backend_page_flags(unsigned int msg_flags, bool last)
{
	return last ? msg_flags : msg_flags | MSG_MORE | MSG_SENDPAGE_NOTLAST;
}

static ssize_t zc_backend_send_page(struct socket *sock,
				    const struct bio_vec *bvec,
				    unsigned int flags, bool locked)
{
	if (locked)
		return tcp_sendpage_locked(sock->sk, bvec->bv_page,
					   bvec->bv_offset, bvec->bv_len,
					   flags);
	return kernel_sendpage(sock, bvec->bv_page, bvec->bv_offset,
			       bvec->bv_len, flags);
}

/* A page that is taken in part is the last one of the call. */
static ssize_t zc_backend_send_pages(struct socket *sock,
				     const struct bio_vec *bvec,
				     unsigned int nr, unsigned int msg_flags,
				     bool locked)
{
	ssize_t sent = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bool last = i + 1 == nr;
		unsigned int flags = zc_backend_page_flags(msg_flags, last);
		ssize_t ret = zc_backend_send_page(sock, &bvec[i], flags,
						   locked);

		if (ret <= 0)
			return sent ?: ret;
		sent += ret;
		if (ret < bvec[i].bv_len)
			break;
	}
	return sent;
}

ssize_t zc_backend_send(struct socket *sock, struct bio_vec *bvec,
			unsigned int nr, size_t bytes, unsigned int msg_flags)
{
	struct sock *sk = sock->sk;
	ssize_t ret;

	if (!sk_is_tcp(sk))
		return zc_backend_send_pages(sock, bvec, nr, msg_flags, false);

	lock_sock(sk);
	if (zc_backend_is_plain_tcp(sk)) {
		ret = zc_backend_send_pages(sock, bvec, nr, msg_flags, true);
		release_sock(sk);
		return ret;
	}
	release_sock(sk);
	return zc_backend_send_pages(sock, bvec, nr, msg_flags, false);
}

/* inet_sendpage() copies for protocols that have no ->sendpage() (MPTCP). */
bool zc_backend_takes_pages(const struct socket *sock)
{
	if (sock->ops->sendpage == inet_sendpage)
		return READ_ONCE(sock->sk->sk_prot)->sendpage;
	return sock->ops->sendpage && sock->ops->sendpage != sock_no_sendpage;
}
