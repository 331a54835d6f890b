// SPDX-License-Identifier: GPL-2.0
/*
 * The socket's side: which sockets are taken, and what SEND says of one that is
 * not connected, or whose peer has gone. Sends that block are in blocked.c.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>

#include "sockets.h"

/* errno of a SEND that cannot get as far as to have results. */
static int socket_error(FIXTURE_DATA(sockets) * self, int socket)
{
	zt_call_init(&self->call, socket, &self->vector, 0);
	return zt_call(self->dev, &self->call) ? self->call.error : 0;
}

TEST_F(sockets, not_sockets)
{
	int closed = dup(self->pair.tx), pipes[2];
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int path = open(zt_self_path(self->file), O_PATH | O_CLOEXEC);

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_LE(0, path);
	close(closed);
	EXPECT_EQ(EBADF, socket_error(self, -1));
	EXPECT_EQ(EBADF, socket_error(self, closed));
	EXPECT_EQ(EBADF, socket_error(self, INT32_MAX));
	EXPECT_EQ(EBADF, socket_error(self, path));
	EXPECT_EQ(ENOTSOCK, socket_error(self, self->file));
	EXPECT_EQ(ENOTSOCK, socket_error(self, self->dev));
	EXPECT_EQ(ENOTSOCK, socket_error(self, pipes[1]));
	EXPECT_EQ(ENOTSOCK, socket_error(self, dir));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

TEST_F(sockets, not_streams)
{
	const struct {
		int domain, type, protocol;
	} kinds[] = {
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_UNIX, SOCK_SEQPACKET, 0 },
		{ AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET6, SOCK_DGRAM, 0 },
		{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP },
	};
	char byte;
	size_t i;
	int pair[2], fd;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		fd = socket(kinds[i].domain, kinds[i].type, kinds[i].protocol);
		if (fd < 0 && errno == EPERM)
			continue;
		ASSERT_LE(0, fd);
		EXPECT_EQ(ESOCKTNOSUPPORT, socket_error(self, fd))
		TH_LOG("kind %zu", i);
		close(fd);
	}
	/* Connected ones too, and nothing arrives. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	EXPECT_EQ(ESOCKTNOSUPPORT, socket_error(self, pair[0]));
	EXPECT_EQ(-1, recv(pair[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(sockets, listening)
{
	int listener = zt_listen(variant->family, 0);

	EXPECT_EQ(EOPNOTSUPP, socket_error(self, listener));
	close(listener);
}

TEST_F(sockets, not_connected)
{
	static const int domains[] = {
		[ZT_TCP4] = AF_INET, [ZT_TCP6] = AF_INET6, [ZT_UNIX] = AF_UNIX
	};
	int fd = socket(domains[variant->family], SOCK_STREAM, 0);
	int error;

	ASSERT_LE(0, fd);
	error = socket_error(self, fd);
	EXPECT_TRUE(error == ENOTCONN || (variant->tcp && error == EPIPE))
	TH_LOG("%s", strerror(error));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	close(fd);
}

TEST_F(sockets, shut_down_for_writing)
{
	ASSERT_EQ(0, shutdown(self->pair.tx, SHUT_WR));
	EXPECT_EQ(EPIPE, socket_error(self, self->pair.tx));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
}

/* The peer has closed: at the latest the second send notices. */
TEST_F(sockets, peer_has_closed)
{
	int i;

	close(self->pair.rx);
	self->pair.rx = -1;
	for (i = 0; i < 100 && !zt_call(self->dev, &self->call); i++)
		ASSERT_CONSISTENT(&self->call);
	ASSERT_EQ(-1, self->call.ret);
	EXPECT_TRUE(self->call.error == EPIPE || self->call.error == ECONNRESET)
	TH_LOG("%s", strerror(self->call.error));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	/* And it stays broken. */
	EXPECT_EQ(EPIPE, socket_error(self, self->pair.tx));
}

TEST_F(sockets, peer_has_reset)
{
	struct linger now = { .l_onoff = 1 };
	struct pollfd pollfd = { .fd = self->pair.tx, .events = POLLIN };

	if (!variant->tcp)
		return;
	ASSERT_EQ(0, setsockopt(self->pair.rx, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	close(self->pair.rx);
	self->pair.rx = -1;
	ASSERT_EQ(1, poll(&pollfd, 1, 20000));
	EXPECT_EQ(ECONNRESET, socket_error(self, self->pair.tx));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	EXPECT_EQ(EPIPE, socket_error(self, self->pair.tx));
}

/* A connection that is still being made is like one that is full. */
TEST_F(sockets, still_connecting)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int listener, tries, fd = -1;

	if (variant->family != ZT_TCP4)
		return;
	listener = zt_listen(ZT_TCP4, 0);
	ASSERT_EQ(0, listen(listener, 0));
	ASSERT_EQ(0, getsockname(listener, (void *)&address, &length));
	/* Whoever does not fit into the queue stays half-way. */
	for (tries = 0; tries < 4; tries++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		ASSERT_LE(0, fd);
		connect(fd, (void *)&address, length);
	}
	EXPECT_EQ(EAGAIN, socket_error(self, fd));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	close(listener);
}

ZT_MAIN
