// SPDX-License-Identifier: GPL-2.0
/*
 * The socket's side: which sockets are taken, what happens when the peer goes
 * away, and when a signal, a time-out or another thread comes in between.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "harness.h"

#define CONTENT MIB
#define SMALL_ROOM 16384

FIXTURE(sockets)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;	 /* small: CONTENT never fits */
	struct zt_vector vector; /* all of the file */
	struct zt_call call;
};

FIXTURE_VARIANT(sockets)
{
	enum zt_family family;
	bool tcp;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(sockets, tcp4) {
	.family = ZT_TCP4,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(sockets, tcp6) {
	.family = ZT_TCP6,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(sockets, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

static sig_atomic_t sigpipes, alarms;

static void count_signal(int signal)
{
	if (signal == SIGPIPE)
		sigpipes++;
	else
		alarms++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = count_signal,
				    .sa_flags = flags };

	if (sigaction(signal, &action, NULL))
		zt_die("sigaction");
}

FIXTURE_SETUP(sockets)
{
	handle(SIGPIPE, 0);
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 51);
	self->file = zt_memory_file(self->content, CONTENT);
	zt_pair_open(&self->pair, variant->family, SMALL_ROOM);
	zt_vector_init(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
}

FIXTURE_TEARDOWN(sockets)
{
	EXPECT_EQ(0, sigpipes);
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

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

/*
 * A send that blocks in a thread of its own. When bytes have come to the peer
 * and no more come although there are more, it blocks: the socket is full.
 */
struct blocked {
	pthread_t thread;
	int dev;
	struct zt_call *call;
};

static void *send_in_thread(void *arg)
{
	struct blocked *blocked = arg;

	zt_call(blocked->dev, blocked->call);
	return NULL;
}

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

static void block(struct __test_metadata *_metadata,
		  FIXTURE_DATA(sockets) * self, struct blocked *blocked)
{
	blocked->dev = self->dev;
	blocked->call = &self->call;
	ASSERT_EQ(0, pthread_create(&blocked->thread, NULL, send_in_thread,
				    blocked));
	ASSERT_TRUE(zt_wait_until(is_full, &self->pair.tx, 20));
}

static void unblock(struct __test_metadata *_metadata, struct blocked *blocked)
{
	ASSERT_EQ(0, pthread_join(blocked->thread, NULL));
}

TEST_F(sockets, peer_closes_during_a_send)
{
	struct blocked blocked;

	block(_metadata, self, &blocked);
	close(self->pair.rx);
	self->pair.rx = -1;
	unblock(_metadata, &blocked);
	ASSERT_CONSISTENT(&self->call);
	/* Progress is reported with the error, not instead of it. */
	EXPECT_EQ(0, self->call.ret);
	EXPECT_LT(0, self->call.send.out_sent);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	EXPECT_TRUE(self->call.send.out_error == EPIPE ||
		    self->call.send.out_error == ECONNRESET)
	TH_LOG("%s", strerror((int)self->call.send.out_error));
	EXPECT_EQ(-1, zt_call(self->dev, &self->call));
}

/* Descriptors that go during the send are the caller's affair, not its own. */
TEST_F(sockets, descriptors_close_during_a_send)
{
	struct zt_receiver receiver;
	struct blocked blocked;

	block(_metadata, self, &blocked);
	close(self->pair.tx);
	self->pair.tx = -1;
	close(self->file);
	close(self->dev);
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	unblock(_metadata, &blocked);
	ASSERT_COMPLETE(&self->call);
	/* The last reference to the socket went with the call: here is EOF. */
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	self->dev = zcopy_open();
	self->file = -1;
}

/* The buffer of a send that is under way stays what it was. */
TEST_F(sockets, buffer_goes_during_a_send)
{
	struct zt_receiver receiver;
	struct blocked blocked;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	ASSERT_EQ(CONTENT, pwrite(self->dev, self->content, CONTENT, 0));
	zcopy_segment_buffer(self->vector.segments, 0, CONTENT);
	block(_metadata, self, &blocked);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	unblock(_metadata, &blocked);
	ASSERT_COMPLETE(&self->call);
	shutdown(self->pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
}

/* Fires again and again, so that it cannot come before the send blocks. */
static void start_alarms(int flags)
{
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };

	handle(SIGALRM, flags);
	if (setitimer(ITIMER_REAL, &timer, NULL))
		zt_die("setitimer");
}

static void stop_alarms(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	if (setitimer(ITIMER_REAL, &never, NULL))
		zt_die("setitimer");
}

/* Progress first, then EINTR; then all goes on where it stopped. */
TEST_F(sockets, signals_interrupt)
{
	struct zt_receiver receiver;
	int interrupted = 0;

	/* On a slow machine the first signal may come before the first byte. */
	start_alarms(0);
	while (!zt_call(self->dev, &self->call) || !self->call.send.done) {
		if (!self->call.send.done)
			continue;
		ASSERT_CONSISTENT(&self->call);
		ASSERT_EQ(ZCOPY_STOP_INTERRUPTED, self->call.send.out_stop);
		EXPECT_EQ(EINTR, self->call.send.out_error);
		interrupted++;
	}
	stop_alarms();
	EXPECT_EQ(EINTR, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_INTERRUPTED, self->call.send.out_stop);
	EXPECT_LT(0, interrupted);
	EXPECT_LT(0, alarms);
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	while (self->call.send.done < CONTENT)
		ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	shutdown(self->pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
}

/* The receiver begins when the sender has been interrupted a few times. */
static void *receive_after_alarms(void *arg)
{
	FIXTURE_DATA(sockets) *self = arg;
	static struct zt_receiver receiver;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (alarms < 5)
		poll(NULL, 0, 5);
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	return (void *)zt_receiver_finish(&receiver);
}

/* With SA_RESTART a call that has moved nothing is restarted unseen. */
TEST_F(sockets, signals_restart)
{
	const char *verdict = NULL;
	pthread_t thread;
	void *result;

	/* Nothing fits any more. */
	self->call.send.flags = ZCOPY_SEND_NOWAIT;
	while (!zt_call(self->dev, &self->call))
		;
	self->call.send.flags = 0;
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_after_alarms, self));
	start_alarms(SA_RESTART);
	do {
		ASSERT_EQ(0, zt_call(self->dev, &self->call))
		TH_LOG("%s", strerror(self->call.error));
		ASSERT_CONSISTENT(&self->call);
	} while (self->call.send.out_stop == ZCOPY_STOP_INTERRUPTED);
	stop_alarms();
	ASSERT_COMPLETE(&self->call);
	EXPECT_LE(5, alarms);
	shutdown(self->pair.tx, SHUT_WR);
	ASSERT_EQ(0, pthread_join(thread, &result));
	verdict = result;
	EXPECT_STREQ("", verdict);
}

TEST_F(sockets, send_timeout)
{
	struct timeval short_time = { 0, 50000 };
	double before;

	ASSERT_EQ(0, setsockopt(self->pair.tx, SOL_SOCKET, SO_SNDTIMEO,
				&short_time, sizeof(short_time)));
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	EXPECT_EQ(EAGAIN, self->call.send.out_error);
	/* A slow peer may still take a little. */
	do {
		before = zt_now();
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	} while (!self->call.ret);
	EXPECT_EQ(EAGAIN, self->call.error);
	EXPECT_LE(0.04, zt_now() - before);
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
