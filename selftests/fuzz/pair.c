// SPDX-License-Identifier: GPL-2.0
/* The pairs of sockets of the streams, one of each family. */
#include <fcntl.h>
#include <linux/tls.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

/* A protocol that the kernel lacks is replaced by AF_UNIX. */
static bool open_other(struct zt_pair *pair, int domain, int protocol,
		       struct sockaddr *address, socklen_t length)
{
	int listener = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	bool good;

	pair->tx = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	pair->rx = -1;
	good = listener >= 0 && !bind(listener, address, length) &&
	       !getsockname(listener, address, &length) &&
	       !listen(listener, 1) && !connect(pair->tx, address, length);
	if (good)
		pair->rx = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (good && pair->rx >= 0)
		return true;
	close(pair->tx);
	return false;
}

static bool open_mptcp(struct zt_pair *pair)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return open_other(pair, AF_INET, IPPROTO_MPTCP,
			  (struct sockaddr *)&address, sizeof(address));
}

static bool open_vsock(struct zt_pair *pair)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = VMADDR_PORT_ANY,
	};

	return open_other(pair, AF_VSOCK, 0, (struct sockaddr *)&address,
			  sizeof(address));
}

static void open_family(struct zt_pair *pair, unsigned int family)
{
	switch (family) {
	case FZ_TCP6:
		zt_pair_open(pair, ZT_TCP6, 0);
		return;
	case FZ_KTLS:
		zt_pair_open(pair, ZT_TCP4, 0);
		if (zt_ktls_tell_key(pair->tx, TLS_TX) &&
		    zt_ktls_tell_key(pair->rx, TLS_RX))
			return;
		zt_pair_close(pair);
		break;
	case FZ_MPTCP:
		if (open_mptcp(pair))
			return;
		break;
	case FZ_VSOCK:
		if (open_vsock(pair))
			return;
		break;
	case FZ_TCP4:
		zt_pair_open(pair, ZT_TCP4, 0);
		return;
	}
	if (family != FZ_TCP4)
		zt_pair_open(pair, ZT_UNIX, 0);
}

/* No call waits for ever: who should read may be the one that sends. */
void fz_pair_open(struct zt_pair *pair, unsigned int family)
{
	const struct timeval wait = { .tv_usec = 20000 };
	sigset_t all, before;

	/* Other threads' signals are for the calls under test. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	open_family(pair, family);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (setsockopt(pair->tx, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)))
		zt_die("SO_SNDTIMEO");
	fcntl(pair->rx, F_SETFL, O_NONBLOCK);
}
