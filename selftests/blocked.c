// SPDX-License-Identifier: GPL-2.0
/*
 * A SEND that blocks, because the socket is full, and what comes in between: the
 * peer closes, descriptors and the buffer go, signals, time-outs.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include "sockets.h"

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
	/* A first packet that is not there yet makes AF_UNIX full, too. */
	ASSERT_TRUE(zt_wait_until(zt_has_come, &self->pair.rx, 20));
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

static void ignore(int signal)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	if (sigaction(signal, &action, NULL))
		zt_die("sigaction");
}

/*
 * Who wants a lease must be alone with the file: a SEND counts as a reader, also
 * when its caller's descriptor has gone.
 */
TEST_F(sockets, no_lease_during_a_send)
{
	struct zt_receiver receiver;
	struct blocked blocked;
	int file = zt_file(zt_disk_dir(), self->content, CONTENT);
	int reader = zt_reopen(file, O_RDONLY);

	/* What F_SETLEASE sends when somebody opens the file. */
	ignore(SIGIO);
	self->vector.segments[0].fd = reader;
	block(_metadata, self, &blocked);
	close(reader);
	EXPECT_EQ(-1, fcntl(file, F_SETLEASE, F_WRLCK));
	EXPECT_EQ(EAGAIN, errno);
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	unblock(_metadata, &blocked);
	ASSERT_COMPLETE(&self->call);
	shutdown(self->pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	ASSERT_EQ(0, fcntl(file, F_SETLEASE, F_WRLCK));
	/* It is open() that meets the lease: no SEND gets such a descriptor. */
	EXPECT_EQ(-1,
		  open(zt_self_path(file), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	EXPECT_EQ(EWOULDBLOCK, errno);
	close(file);
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
static void interrupt(struct __test_metadata *_metadata,
		      FIXTURE_DATA(sockets) * self)
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

TEST_F(sockets, signals_interrupt)
{
	interrupt(_metadata, self);
}

/* Who would have waited for so long has been interrupted, and not timed out. */
TEST_F(sockets, signals_interrupt_before_the_timeout)
{
	struct timeval long_time = { 1000, 0 };

	ASSERT_EQ(0, setsockopt(self->pair.tx, SOL_SOCKET, SO_SNDTIMEO,
				&long_time, sizeof(long_time)));
	interrupt(_metadata, self);
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

ZT_MAIN
