// SPDX-License-Identifier: GPL-2.0
/*
 * Ways through the module that nothing else takes: "make coverage" showed them.
 * Pages in swap, a pipe with too little room, more calls at once than a context
 * keeps workspaces for, death in the middle of an allocation.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/wait.h>

#include "harness.h"

#define CONTENT MIB
#define SWAP_ROOM (16 * MIB)
#define CALLERS 7

FIXTURE(corners)
{
	int dev;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_SETUP(corners)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 91);
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(corners)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->dev);
	free(self->content);
}

/* ---- swap ---- */

static void swap_path(char *path, size_t len)
{
	snprintf(path, len, "%s/zt-swap-%d", zt_disk_dir(), getpid());
}

/* Returns why there can be no swap, or NULL. */
static const char *swap_on(const char *path)
{
	char *zeros = zt_alloc(SWAP_ROOM);
	char line[4200];
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return "no file for it";
	memset(zeros, 0, SWAP_ROOM);
	if (write(fd, zeros, SWAP_ROOM) != SWAP_ROOM || fsync(fd))
		return "no room for it";
	free(zeros);
	close(fd);
	snprintf(line, sizeof(line), "mkswap '%s' >/dev/null", path);
	if (system(line))
		return "no mkswap";
	return swapon(path, 0) ? strerror(errno) : NULL;
}

struct swapped {
	int file;
	const unsigned char *map;
	uint64_t before; /* free swap */
};

/* Only what is mapped can be sent out that way. */
static void touch(const struct swapped *swapped)
{
	volatile unsigned char byte;
	size_t i;

	for (i = 0; i < CONTENT; i += zt_page_size())
		byte = swapped->map[i];
	(void)byte;
}

/*
 * What somebody still has a reference to stays, and is asked to go again; the
 * first attempt has unmapped it.
 */
static bool is_out(void *arg)
{
	struct swapped *swapped = arg;

	touch(swapped);
	if (madvise((void *)swapped->map, CONTENT, MADV_PAGEOUT))
		return false;
	return zt_meminfo("SwapFree") + CONTENT / 2 <= swapped->before;
}

static bool swap_out(struct swapped *swapped)
{
	touch(swapped);
	swapped->before = zt_meminfo("SwapFree");
	return zt_wait_until(is_out, swapped, 10);
}

static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(corners) * self, uint32_t flags)
{
	double end = zt_now() + 30 * zt_slack();
	unsigned char *came = zt_alloc(CONTENT);
	unsigned int stops = 0;

	zt_call_init(&self->call, self->pair.tx, &self->vector, flags);
	for (;;) {
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		if (self->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			break;
		ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
		ASSERT_GT(end, zt_now());
		stops++;
		usleep(1000);
	}
	EXPECT_EQ(!!(flags & ZCOPY_SEND_CACHED), !!stops);
	ASSERT_EQ(CONTENT, zt_read_full(self->pair.rx, came, CONTENT));
	EXPECT_EQ(0, memcmp(self->content, came, CONTENT));
	free(came);
}

static void send_swapped(struct __test_metadata *_metadata,
			 FIXTURE_DATA(corners) * self)
{
	struct swapped swapped = {
		.file = zt_memory_file(self->content, CONTENT),
	};
	const int room = 4 * CONTENT;

	zt_stay_on_one_cpu();
	ASSERT_EQ(0, setsockopt(self->pair.tx, SOL_SOCKET, SO_SNDBUFFORCE,
				&room, sizeof(room)));
	ASSERT_EQ(0, setsockopt(self->pair.rx, SOL_SOCKET, SO_RCVBUFFORCE,
				&room, sizeof(room)));
	swapped.map = mmap(NULL, CONTENT, PROT_READ, MAP_SHARED | MAP_POPULATE,
			   swapped.file, 0);
	ASSERT_NE(MAP_FAILED, swapped.map);
	zt_add_file(&self->vector, swapped.file, self->content, 0, CONTENT);

	ASSERT_TRUE(swap_out(&swapped));
	finish(_metadata, self, ZCOPY_SEND_CACHED);
	ASSERT_TRUE(swap_out(&swapped));
	finish(_metadata, self, 0);

	munmap((void *)swapped.map, CONTENT);
	close(swapped.file);
}

/* tmpfs has no readahead: its pages are swapped in one by one. */
TEST_F(corners, swapped_out)
{
	const char *reason;
	char path[4096];

	swap_path(path, sizeof(path));
	reason = swap_on(path);
	if (!reason) {
		send_swapped(_metadata, self);
		EXPECT_EQ(0, swapoff(path));
	}
	unlink(path);
	if (reason)
		ZT_SKIP("swap: %s", reason);
}

/* ---- the buffer ---- */

/* At an odd offset, 15 pages' worth of bytes lies in 16 pages. */
TEST_F(corners, splice_into_little_room)
{
	const size_t page = zt_page_size(), from = 100;
	unsigned char *came = zt_alloc(16 * page);
	off_t at = (off_t)from;
	ssize_t took;
	int pipes[2];

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	ASSERT_EQ(CONTENT, pwrite(self->dev, self->content, CONTENT, 0));
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(1, write(pipes[1], "x", 1));
	took = splice(self->dev, &at, pipes[1], NULL, 15 * page,
		      SPLICE_F_NONBLOCK);
	EXPECT_EQ(15 * page - from, took);
	EXPECT_EQ(15 * page, at);
	ASSERT_EQ(1, read(pipes[0], came, 1));
	ASSERT_EQ(took, zt_read_full(pipes[0], came, (size_t)took));
	EXPECT_EQ(0, memcmp(self->content + from, came, (size_t)took));
	close(pipes[0]);
	close(pipes[1]);
	free(came);
}

static bool memory_is_free(void *arg)
{
	return zt_meminfo("MemFree") >= *(uint64_t *)arg;
}

static _Noreturn void allocate_for_ever(int dev)
{
	for (;;)
		if (zcopy_set_buffer(dev, 512 * MIB))
			_exit(errno);
}

TEST_F(corners, killed_while_allocating)
{
	uint64_t enough = zt_meminfo("MemFree") - 256 * MIB;
	unsigned int round;

	for (round = 0; round < 12; round++) {
		pid_t child = fork();
		int status;

		ASSERT_LE(0, child);
		if (!child)
			allocate_for_ever(self->dev);
		usleep(5000 + 9000 * round);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	EXPECT_TRUE(zt_wait_until(memory_is_free, &enough, 10));
}

/* ---- many calls at once ---- */

struct caller {
	int dev;
	pthread_t thread;
	struct zt_pair pair;
	struct zt_call call;
	struct zt_vector vector;
};

static void *send_all(void *arg)
{
	struct caller *caller = arg;

	zt_send(caller->dev, caller->pair.tx, &caller->vector,
		ZCOPY_SEND_SHUTDOWN, &caller->call);
	return NULL;
}

static bool is_full(void *arg)
{
	return zt_unsent(*(int *)arg) > 0;
}

static void start_caller(struct __test_metadata *_metadata,
			 struct caller *caller, int dev, const void *content)
{
	caller->dev = dev;
	zt_vector_init(&caller->vector);
	zt_add_user(&caller->vector, content, CONTENT);
	zt_add_zero(&caller->vector, 8 * MIB);
	zt_pair_open(&caller->pair, ZT_TCP4, 65536);
	ASSERT_EQ(0, pthread_create(&caller->thread, NULL, send_all, caller));
}

static void finish_caller(struct __test_metadata *_metadata,
			  struct caller *caller)
{
	struct zt_receiver receiver;

	zt_receiver_start(&receiver, caller->pair.rx, caller->vector.bytes,
			  caller->vector.len);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	ASSERT_EQ(0, pthread_join(caller->thread, NULL));
	ASSERT_COMPLETE(&caller->call);
	zt_vector_free(&caller->vector);
	zt_pair_close(&caller->pair);
}

/* All of them are in the middle of a call before the first may end. */
TEST_F(corners, more_calls_than_workspaces)
{
	struct caller callers[CALLERS];
	unsigned int i;

	for (i = 0; i < CALLERS; i++)
		start_caller(_metadata, &callers[i], self->dev, self->content);
	for (i = 0; i < CALLERS; i++)
		ASSERT_TRUE(zt_wait_until(is_full, &callers[i].pair.tx, 20));
	for (i = 0; i < CALLERS; i++)
		finish_caller(_metadata, &callers[i]);
	/* What was kept is used again. */
	zt_add_user(&self->vector, self->content, 100);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	ASSERT_COMPLETE(&self->call);
}

/* ---- errors that come late ---- */

/* Nothing was to be sent, and that worked; the half-close did not. */
TEST_F(corners, shutdown_without_a_connection)
{
	int unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT_LE(0, unconnected);
	EXPECT_EQ(-1, zt_send(self->dev, unconnected, &self->vector,
			      ZCOPY_SEND_SHUTDOWN, &self->call));
	EXPECT_EQ(ENOTCONN, self->call.error);
	close(unconnected);
}

/* The first call saw the file; when its turn came, it had been closed. */
TEST_F(corners, file_is_closed_before_its_turn)
{
	int file = zt_memory_file(self->content, CONTENT);
	unsigned char *came = zt_alloc(16 * MIB);
	size_t got = 0;

	zt_add_zero(&self->vector, 16 * MIB);
	zt_add_file(&self->vector, file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	close(file);
	while (self->call.send.done < 16 * MIB) {
		got += zt_read_full(self->pair.rx, came,
				    self->call.send.done - got);
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
	}
	if (self->call.send.out_stop == ZCOPY_STOP_SOCKET_FULL) {
		zt_read_full(self->pair.rx, came, self->call.send.done - got);
		zt_call(self->dev, &self->call);
	}
	EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, self->call.send.out_stop);
	EXPECT_EQ(EBADF, (int)self->call.send.out_error);
	EXPECT_EQ(16 * MIB, self->call.send.done);
	free(came);
}

/* ---- a file that grows ---- */

#define GROWN (2 * MIB)

struct growth {
	int file;
	const unsigned char *content;
	size_t len; /* before */
};

static void *append_repeatedly(void *arg)
{
	const struct growth *growth = arg;
	size_t at, len;

	for (at = growth->len; at < GROWN; at += len) {
		len = GROWN - at < 8 * KIB ? GROWN - at : 8 * KIB;
		if (pwrite(growth->file, growth->content + at, len,
			   (off_t)at) != (ssize_t)len)
			return "pwrite";
	}
	return NULL;
}

/* Sends what there is of the file, again and again, until it has its length. */
static void follow(struct __test_metadata *_metadata,
		   FIXTURE_DATA(corners) * self)
{
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	while (self->call.send.out_stop != ZCOPY_STOP_COMPLETE) {
		if (zt_call(self->dev, &self->call))
			ASSERT_EQ(ENODATA, self->call.error);
		ASSERT_CONSISTENT(&self->call);
	}
}

/*
 * What tmpfs has not got before the end of a file is zeros; what it has not got
 * behind it is nothing yet. Nobody may get the one for the other.
 */
TEST_F(corners, file_grows_meanwhile)
{
	unsigned char *content = zt_alloc(GROWN);
	struct growth growth = { .content = content, .len = 100001 };
	struct zt_receiver receiver;
	pthread_t thread;
	void *failed;
	int round;

	zt_pattern(content, GROWN, 92);
	growth.file = zt_memory_file(content, GROWN);
	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, ftruncate(growth.file, (off_t)growth.len));
		zt_pair_close(&self->pair);
		zt_pair_open(&self->pair, ZT_TCP4, 0);
		zt_vector_free(&self->vector);
		zt_add_file(&self->vector, growth.file, content, 0, GROWN);
		zt_receiver_start(&receiver, self->pair.rx, content, GROWN);
		ASSERT_EQ(0, pthread_create(&thread, NULL, append_repeatedly,
					    &growth));
		follow(_metadata, self);
		ASSERT_EQ(0, pthread_join(thread, &failed));
		ASSERT_EQ(NULL, failed);
		shutdown(self->pair.tx, SHUT_WR);
		ASSERT_STREQ("", zt_receiver_finish(&receiver));
	}
	close(growth.file);
	free(content);
}

ZT_MAIN
