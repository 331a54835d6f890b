// SPDX-License-Identifier: GPL-2.0
/* The matrix's sockets: each kind of byte stream, connected on this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/mptcp.h>
#include <linux/tls.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "matrix.h"

#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

const struct mx_sink mx_sinks[] = {
	{ "TCP, IPv4", AF_INET, IPPROTO_TCP, 0, 0 },
	{ "TCP, IPv6", AF_INET6, IPPROTO_TCP, 0, 0 },
	{ "kTLS 1.2, AES-128", AF_INET, IPPROTO_TCP, TLS_1_2_VERSION, 16 },
	{ "kTLS 1.3, AES-128", AF_INET, IPPROTO_TCP, TLS_1_3_VERSION, 16 },
	{ "kTLS 1.3, AES-256", AF_INET6, IPPROTO_TCP, TLS_1_3_VERSION, 32 },
	{ "MPTCP", AF_INET, IPPROTO_MPTCP, 0, 0 },
	{ "AF_UNIX", AF_UNIX, 0, 0, 0 },
	{ "vsock", AF_VSOCK, 0, 0, 0 },
};

const unsigned int mx_nr_sinks = sizeof(mx_sinks) / sizeof(*mx_sinks);

int mx_socket(const struct mx_sink *sink)
{
	return socket(sink->domain, SOCK_STREAM | SOCK_CLOEXEC, sink->protocol);
}

static socklen_t any_address(const struct mx_sink *sink,
			     struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;
	struct sockaddr_vm *vm = (void *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)sink->domain;
	switch (sink->domain) {
	case AF_INET:
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*v4);
	case AF_INET6:
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	case AF_VSOCK:
		vm->svm_cid = VMADDR_CID_LOCAL;
		vm->svm_port = VMADDR_PORT_ANY;
		return sizeof(*vm);
	default:
		return sizeof(sa_family_t);
	}
}

/* vsock has credit of the receiver's instead of buffers of its own. */
static bool set_room(const struct mx_sink *sink, int fd, int room)
{
	uint64_t bytes = (uint64_t)room;

	if (!room)
		return true;
	if (sink->domain == AF_VSOCK)
		return !setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE,
				   &bytes, sizeof(bytes));
	return !setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) &&
	       !setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

int mx_listen(const struct mx_sink *sink, int room)
{
	struct sockaddr_storage address;
	socklen_t length = any_address(sink, &address);
	int fd = mx_socket(sink);

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit it. */
	if (!set_room(sink, fd, room) ||
	    bind(fd, (struct sockaddr *)&address, length) || listen(fd, 8))
		zt_die(sink->name);
	return fd;
}

int mx_connect(int fd, int listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(listener, (struct sockaddr *)&address, &length))
		zt_die("getsockname");
	return connect(fd, (struct sockaddr *)&address, length);
}

/* A peer that knows no MPTCP makes it TCP: then this would test TCP again. */
static void check_mptcp(int tx)
{
	struct mptcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(tx, SOL_MPTCP, MPTCP_INFO, &info, &length))
		zt_die("MPTCP_INFO");
	mx_check(!(info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK),
		 "MPTCP fell back to TCP");
}

bool mx_pair_open(const struct mx_sink *sink, struct zt_pair *pair, int room,
		  enum mx_peer peer)
{
	int listener = mx_listen(sink, room);

	if (listener < 0)
		return false;
	pair->tx = mx_socket(sink);
	if (!set_room(sink, pair->tx, room) || mx_connect(pair->tx, listener))
		zt_die(sink->name);
	pair->rx = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair->rx < 0)
		zt_die(sink->name);
	close(listener);
	if (sink->protocol == IPPROTO_MPTCP)
		check_mptcp(pair->tx);
	return !sink->tls || mx_tls_start(sink, pair->tx, &pair->rx, peer);
}
