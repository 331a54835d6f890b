// SPDX-License-Identifier: GPL-2.0
/*
 * No stall at the tail: whatever stops a SEND, the bytes that it has sent reach
 * the peer at once. TCP holds back a last partial packet when it is told that
 * more will come, until a timer of 200 ms fires; who says so and then stops must
 * see to it. That is measured here, for each way to stop.
 *
 * A timer fires late every time, a busy machine only sometimes. So each case is
 * tried three times, and the fastest counts.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "harness.h"

#define CONTENT MIB
#define SMALL_ROOM 16384
#define TRIES 3
#define STALL 0.15

FIXTURE(stalls)
{
	int dev;
	int file; /* on a disk */
	unsigned char *content;
	unsigned char *came;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(stalls)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(stalls, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(stalls, tcp6) {
	.family = ZT_TCP6,
};

FIXTURE_VARIANT_ADD(stalls, mptcp) {
	.family = ZT_MPTCP,
};
/* clang-format on */

FIXTURE_SETUP(stalls)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	self->came = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 121);
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	zt_vector_init(&self->vector);
	self->pair.tx = -1;
	self->pair.rx = -1;
}

FIXTURE_TEARDOWN(stalls)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
	free(self->came);
}

static void send_it(FIXTURE_DATA(stalls) * self, uint32_t flags)
{
	zt_send(self->dev, self->pair.tx, &self->vector, flags, &self->call);
}

static void add_some_of_the_file(FIXTURE_DATA(stalls) * self)
{
	zt_add_file(&self->vector, self->file, self->content, 4, 20123);
}

/* Seconds from now until the peer has all that was counted as sent. */
static double wait_for_tail(struct __test_metadata *_metadata,
			    FIXTURE_DATA(stalls) * self)
{
	size_t done = self->call.send.done;
	double before = zt_now();

	ASSERT_LT(0, done);
	ASSERT_EQ(done, zt_read_full(self->pair.rx, self->came, done));
	EXPECT_EQ(0, memcmp(self->vector.bytes, self->came, done));
	return zt_now() - before;
}

/*
 * A test's own way to send something and be stopped. The vector is empty, the
 * connection is new and, for those that want it full, small.
 */
typedef void (*way_to_stop)(struct __test_metadata *_metadata,
			    FIXTURE_DATA(stalls) * self);

static double measure(struct __test_metadata *_metadata,
		      FIXTURE_DATA(stalls) * self, enum zt_family family,
		      int room, way_to_stop stop)
{
	double best = 1000;
	int i;

	for (i = 0; i < TRIES; i++) {
		double time;

		zt_pair_close(&self->pair);
		zt_pair_open(&self->pair, family, room);
		zt_vector_free(&self->vector);
		stop(_metadata, self);
		ASSERT_CONSISTENT(&self->call);
		time = wait_for_tail(_metadata, self);
		best = time < best ? time : best;
	}
	TH_LOG("the tail took %.1f ms", best * 1000);
	return best;
}

#define EXPECT_NO_STALL(room, stop) \
	EXPECT_GT(STALL,            \
		  measure(_metadata, self, variant->family, (room), (stop)))

static void tell_more(struct __test_metadata *_metadata,
		      FIXTURE_DATA(stalls) * self)
{
	add_some_of_the_file(self);
	send_it(self, ZCOPY_SEND_MORE);
	ASSERT_EQ(ZCOPY_STOP_COMPLETE, self->call.send.out_stop);
}

/*
 * The measure itself: here the tail is held back, as the caller wants it. MPTCP
 * never holds anything back.
 */
TEST_F(stalls, more_is_seen_to_wait)
{
	double longest = 0;
	int i;

	if (variant->family == ZT_MPTCP)
		return;
	/* A busy machine begins to look too late: one good look is enough. */
	for (i = 0; i < TRIES && longest <= STALL; i++)
		longest = measure(_metadata, self, variant->family, 0,
				  tell_more);
	EXPECT_LT(STALL, longest);
}

static void complete(struct __test_metadata *_metadata,
		     FIXTURE_DATA(stalls) * self)
{
	add_some_of_the_file(self);
	send_it(self, 0);
	ASSERT_EQ(ZCOPY_STOP_COMPLETE, self->call.send.out_stop);
}

TEST_F(stalls, complete)
{
	EXPECT_NO_STALL(0, complete);
}

/* "sendfile with a count beyond the end of the file": Go, Erlang. */
static void count_passes_the_end(struct __test_metadata *_metadata,
				 FIXTURE_DATA(stalls) * self)
{
	zt_add_file(&self->vector, self->file, self->content, CONTENT - 20123,
		    20123)
		->len = 50000;
	zt_add_zero(&self->vector, 100000);
	send_it(self, 0);
	ASSERT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	ASSERT_EQ(20123, self->call.send.out_sent);
}

TEST_F(stalls, count_passes_the_end)
{
	EXPECT_NO_STALL(0, count_passes_the_end);
}

/* Even a caller who has said that more would come: now it will not. */
static void more_passes_the_end(struct __test_metadata *_metadata,
				FIXTURE_DATA(stalls) * self)
{
	zt_add_file(&self->vector, self->file, self->content, CONTENT - 20123,
		    20123)
		->len = 50000;
	send_it(self, ZCOPY_SEND_MORE);
	ASSERT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
}

TEST_F(stalls, more_passes_the_end)
{
	EXPECT_NO_STALL(0, more_passes_the_end);
}

/* A file of exactly as many pages as a batch was to have. */
static void file_ends_with_a_batch(struct __test_metadata *_metadata,
				   FIXTURE_DATA(stalls) * self)
{
	const size_t len = 8 * zt_page_size();

	zt_add_user(&self->vector, self->content, 77);
	zt_add_file(&self->vector, self->file, self->content, CONTENT - len,
		    len)
		->len = CONTENT;
	send_it(self, 0);
	ASSERT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
}

TEST_F(stalls, file_ends_with_a_batch)
{
	EXPECT_NO_STALL(0, file_ends_with_a_batch);
}

/* A file of its own: of one that was tried before, more is being read. */
static void not_cached(struct __test_metadata *_metadata,
		       FIXTURE_DATA(stalls) * self)
{
	const size_t there = 3 * zt_page_size();
	int file = zt_file(zt_disk_dir(), self->content, 60000);

	if (zt_drop_cache(file) ||
	    posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM) ||
	    pread(file, self->came, there, 0) != (ssize_t)there)
		zt_die("a file that is half in memory");
	zt_add_file(&self->vector, file, self->content, 5, 50000);
	send_it(self, ZCOPY_SEND_CACHED);
	ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
	ASSERT_EQ(there - 5, self->call.send.out_sent);
	close(file);
}

TEST_F(stalls, not_cached)
{
	EXPECT_NO_STALL(0, not_cached);
}

static void memory_ends(struct __test_metadata *_metadata,
			FIXTURE_DATA(stalls) * self)
{
	size_t page = zt_page_size();
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, munmap(memory + page, page));
	add_some_of_the_file(self);
	zt_add_user(&self->vector, memory + 1, page - 1)->len = 2 * page;
	send_it(self, 0);
	ASSERT_EQ(ZCOPY_STOP_SOURCE_ERROR, self->call.send.out_stop);
	ASSERT_EQ(20123 + page - 1, self->call.send.out_sent);
	munmap(memory, page);
}

TEST_F(stalls, source_fails)
{
	EXPECT_NO_STALL(0, memory_ends);
}

static void nowait(struct __test_metadata *_metadata,
		   FIXTURE_DATA(stalls) * self)
{
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	send_it(self, ZCOPY_SEND_NOWAIT);
	ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
}

TEST_F(stalls, nowait)
{
	EXPECT_NO_STALL(SMALL_ROOM, nowait);
}

static void time_out(struct __test_metadata *_metadata,
		     FIXTURE_DATA(stalls) * self)
{
	struct timeval limit = { 0, 20000 };

	ASSERT_EQ(0, setsockopt(self->pair.tx, SOL_SOCKET, SO_SNDTIMEO, &limit,
				sizeof(limit)));
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	send_it(self, 0);
	ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
}

TEST_F(stalls, time_out)
{
	EXPECT_NO_STALL(SMALL_ROOM, time_out);
}

static void ignore_signal(int signal)
{
}

static void set_alarms(struct __test_metadata *_metadata, int microseconds)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
}

/* On a slow machine the first signal may come before the first byte. */
static void signal_comes(struct __test_metadata *_metadata,
			 FIXTURE_DATA(stalls) * self)
{
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	set_alarms(_metadata, 30000);
	do {
		send_it(self, 0);
	} while (!self->call.send.done);
	set_alarms(_metadata, 0);
	ASSERT_EQ(ZCOPY_STOP_INTERRUPTED, self->call.send.out_stop);
}

TEST_F(stalls, signal_comes)
{
	EXPECT_NO_STALL(SMALL_ROOM, signal_comes);
}

static void *send_in_thread(void *arg)
{
	send_it(arg, 0);
	return NULL;
}

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

/* Seconds from the peer's reset until a SEND that waits for it is over. */
static double reset_during_a_send(struct __test_metadata *_metadata,
				  FIXTURE_DATA(stalls) * self,
				  enum zt_family family)
{
	struct linger now = { .l_onoff = 1 };
	pthread_t thread;
	double before;

	zt_pair_close(&self->pair);
	zt_pair_open(&self->pair, family, SMALL_ROOM);
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_in_thread, self));
	ASSERT_TRUE(zt_wait_until(is_full, &self->pair.tx, 20));
	ASSERT_EQ(0, setsockopt(self->pair.rx, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	before = zt_now();
	close(self->pair.rx);
	self->pair.rx = -1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_CONSISTENT(&self->call);
	/* Progress and the reason, not one of them. */
	EXPECT_EQ(0, self->call.ret);
	EXPECT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	EXPECT_EQ(ECONNRESET, self->call.send.out_error);
	return zt_now() - before;
}

TEST_F(stalls, reset)
{
	double best = 1000;
	int i;

	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	for (i = 0; i < TRIES; i++) {
		double time = reset_during_a_send(_metadata, self,
						  variant->family);

		best = time < best ? time : best;
	}
	TH_LOG("returned %.1f ms after the reset", best * 1000);
	EXPECT_GT(STALL, best);
}

ZT_MAIN
