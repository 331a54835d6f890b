// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody may learn or do through zcopy. Documentation/security.rst has all
 * the rules, and the tests of other programs that show the rest of them.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT (300 * KIB)

FIXTURE(security)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(security)
{
	const char *dir; /* of the file; NULL: zt_disk_dir() */
};

/* clang-format off */
/* Looked up in the page cache. */
FIXTURE_VARIANT_ADD(security, disk) {
	.dir = NULL,
};

/* In the rig's VMs an overlay: through ->splice_read(). */
FIXTURE_VARIANT_ADD(security, layered) {
	.dir = "/var/tmp",
};
/* clang-format on */

FIXTURE_SETUP(security)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 95);
	self->file = zt_file(variant->dir ?: zt_disk_dir(), self->content,
			     CONTENT);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	zt_vector_init(&self->vector);
}

FIXTURE_TEARDOWN(security)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

/* ---- somebody who may forbid each read ---- */

struct guard {
	pthread_t thread;
	int fd;
	int stop[2]; /* a pipe, whose end tells the thread to end */
	unsigned int asked;
};

static void answer_no(struct guard *guard)
{
	struct fanotify_response response = { .response = FAN_DENY };
	struct fanotify_event_metadata event;

	if (read(guard->fd, &event, sizeof(event)) != sizeof(event))
		zt_die("fanotify event");
	response.fd = event.fd;
	if (write(guard->fd, &response, sizeof(response)) != sizeof(response))
		zt_die("fanotify response");
	close(event.fd);
	guard->asked++;
}

static void *deny(void *arg)
{
	struct guard *guard = arg;
	struct pollfd pollfds[2] = {
		{ .fd = guard->fd, .events = POLLIN },
		{ .fd = guard->stop[0], .events = POLLIN },
	};

	while (poll(pollfds, 2, -1) > 0 && !pollfds[1].revents)
		answer_no(guard);
	return NULL;
}

/*
 * False if nobody can be set to guard *@file. It is opened anew: the kernel may
 * ask only for what was opened when somebody was watching.
 */
static bool guard_start(struct guard *guard, int *file)
{
	int opened;

	guard->asked = 0;
	guard->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (guard->fd < 0)
		return false;
	if (fanotify_mark(guard->fd, FAN_MARK_ADD, FAN_ACCESS_PERM, AT_FDCWD,
			  zt_self_path(*file))) {
		close(guard->fd);
		return false;
	}
	if (pipe2(guard->stop, O_CLOEXEC) ||
	    pthread_create(&guard->thread, NULL, deny, guard))
		zt_die("pthread_create");
	opened = zt_reopen(*file, O_RDONLY);
	close(*file);
	*file = opened;
	return true;
}

static void guard_stop(struct guard *guard)
{
	close(guard->stop[1]);
	if (pthread_join(guard->thread, NULL))
		zt_die("pthread_join");
	close(guard->stop[0]);
	close(guard->fd);
}

/* A read that the VFS would refuse to read(2) is refused to SEND. */
TEST_F(security, reads_can_be_forbidden)
{
	struct guard guard;

	if (!guard_start(&guard, &self->file))
		ZT_SKIP("no fanotify permission events (root?)");
	zt_add_zero(&self->vector, 100);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_EQ(EPERM, self->call.error);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	guard_stop(&guard);
	EXPECT_EQ(1, guard.asked);
}

/* It is also asked of a file that a later call comes to. */
TEST_F(security, reads_can_be_forbidden_later)
{
	struct guard guard;

	if (!guard_start(&guard, &self->file))
		ZT_SKIP("no fanotify permission events (root?)");
	zt_add_zero(&self->vector, 100);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	self->call.send.done = 50;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	EXPECT_EQ(50, self->call.send.out_sent);
	EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, self->call.send.out_stop);
	EXPECT_EQ(EPERM, self->call.send.out_error);
	EXPECT_EQ(1, self->call.send.out_segment);
	guard_stop(&guard);
	EXPECT_EQ(1, guard.asked);
}

/* ---- what lies behind the end of a file ---- */

/* The rest of the last page is memory, and somebody may have written there. */
TEST_F(security, nothing_behind_the_end)
{
	const size_t page = zt_page_size(), end = 3 * page + 100;
	unsigned char *map, *came = zt_alloc(end);

	ASSERT_EQ(0, ftruncate(self->file, (off_t)end));
	map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
		   self->file, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map + end, 0x5e, 4 * page - end);
	zt_add_file(&self->vector, self->file, self->content, 0, 4 * page);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	EXPECT_EQ(end, self->call.send.out_sent);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	ASSERT_EQ(end, zt_read_full(self->pair.rx, came, end));
	EXPECT_EQ(0, memcmp(self->content, came, end));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	munmap(map, 4 * page);
	free(came);
}

/* ---- what the kernel had in a page before ---- */

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/*
 * Memory full of secrets that is free again. It was another's buffer, so that the
 * kernel will take it first for the next one.
 */
static void leave_secrets(size_t len)
{
	int dev = zcopy_open();
	void *map;

	if (dev < 0 || zcopy_set_buffer(dev, len))
		zt_die("a buffer of secrets");
	map = zcopy_map_buffer(dev, len);
	if (!map)
		zt_die("mmap");
	memset(map, 0x5e, len);
	munmap(map, len);
	close(dev);
}

/* By each way to look at it: a buffer, and what it has grown by, is zero. */
TEST(no_old_memory_in_a_buffer)
{
	const size_t len = 8 * MIB;
	int dev = zcopy_open(), round;
	unsigned char *came = zt_alloc(len);
	struct zt_vector vector;
	struct zt_pair pair;
	struct zt_call call;
	unsigned char *map;

	ASSERT_LE(0, dev);
	for (round = 1; round <= 3; round++) {
		leave_secrets(4 * len);
		ASSERT_EQ(0, zcopy_set_buffer(dev, len / 4 * round));
		memset(came, 0xff, len);
		ASSERT_EQ(len / 4 * round, pread(dev, came, len, 0));
		EXPECT_TRUE(all_zero(came, len / 4 * round));
	}
	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_vector_init(&vector);
	memset(came, 0, len);
	zt_add_buffer(&vector, came, 4 * MIB, 100 * KIB);
	ASSERT_EQ(0, zt_send(dev, pair.tx, &vector, 0, &call));
	ASSERT_EQ(100 * KIB, zt_read_full(pair.rx, came, 100 * KIB));
	EXPECT_TRUE(all_zero(came, 100 * KIB));
	map = zcopy_map_buffer(dev, len / 4 * 3);
	ASSERT_NE(NULL, map);
	EXPECT_TRUE(all_zero(map, len / 4 * 3));
	zt_vector_free(&vector);
	zt_pair_close(&pair);
	free(came);
	close(dev);
}

ZT_MAIN
