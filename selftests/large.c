// SPDX-License-Identifier: GPL-2.0
/*
 * Files and transfers beyond 2 and 4 GiB. What is sent is holes: the receiver
 * lets TCP throw the bytes away and counts them.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "harness.h"

#define FIVE_GIB (5 * GIB)

FIXTURE(large)
{
	int dev;
	struct zt_pair pair;
	struct zt_receiver receiver;
	struct zcopy_segment segments[4];
	struct zcopy_send send;
};

FIXTURE_SETUP(large)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(large)
{
	zt_pair_close(&self->pair);
	close(self->dev);
}

/*
 * The segment has @end bytes, of which the first @start have gone before. One
 * call, the rest of them, and as many at the other end.
 */
static void send_in_one_call(struct __test_metadata *_metadata,
			     FIXTURE_DATA(large) * self, uint64_t start,
			     uint64_t end)
{
	double before = zt_now();
	uint64_t len = end - start;

	zt_receiver_start(&self->receiver, self->pair.rx, NULL, 0);
	zcopy_send_init(&self->send, self->pair.tx, self->segments, 1);
	self->send.flags = ZCOPY_SEND_SHUTDOWN;
	self->send.done = start;
	ASSERT_EQ(0, zcopy_send(self->dev, &self->send));
	EXPECT_EQ(ZCOPY_STOP_COMPLETE, self->send.out_stop);
	EXPECT_EQ(len, self->send.out_sent);
	EXPECT_EQ(end, self->send.done);
	EXPECT_EQ(end, self->segments[0].len);
	EXPECT_EQ(end, self->segments[0].out_done);
	EXPECT_EQ(zt_zero_copy() ? 0 : len, self->send.out_copied);
	EXPECT_STREQ("", zt_receiver_finish(&self->receiver));
	EXPECT_EQ(len, self->receiver.received);
	TH_LOG("%.2f GiB in %.1f s", (double)len / (double)GIB,
	       zt_now() - before);
}

/*
 * One sparse file in one call. Holes of tmpfs cost nothing, and reading them must
 * not fill memory. Where five gigabytes take minutes, a call that goes on a little
 * before the fourth ends.
 */
TEST_F_TIMEOUT(large, file_in_memory, 180)
{
	uint64_t start = zt_less() ? 4 * GIB - 5 * MIB : 0;
	uint64_t end = zt_less() ? 4 * GIB + 5 * MIB : FIVE_GIB;
	int file = zt_memory_file(NULL, 0);
	struct stat before, after;

	ASSERT_EQ(0, ftruncate(file, (off_t)end));
	ASSERT_EQ(0, fstat(file, &before));
	zcopy_segment_file(&self->segments[0], file, 0, ZCOPY_TO_END);
	send_in_one_call(_metadata, self, start, end);
	ASSERT_EQ(0, fstat(file, &after));
	EXPECT_EQ(before.st_blocks, after.st_blocks);
	close(file);
}

/*
 * Holes of a disk file become pages of zeros, so that sending them takes a while:
 * only what lies around 2 GiB, where sendfile has to stop.
 */
TEST_F_TIMEOUT(large, file_on_disk, 180)
{
	uint64_t around = zt_less() ? 5 * MIB : 50 * MIB;
	uint64_t start = 2 * GIB - around, end = 2 * GIB + around;
	int file = zt_sparse_file(zt_disk_dir(), end);

	zcopy_segment_file(&self->segments[0], file, start, ZCOPY_TO_END);
	send_in_one_call(_metadata, self, 0, end - start);
	close(file);
}

/* The cursor passes 4 GiB from one segment to the next. */
TEST_F_TIMEOUT(large, cursor, 180)
{
	unsigned char came[24];

	zcopy_segment_zero(&self->segments[0], FIVE_GIB);
	zcopy_segment_user(&self->segments[1], "0123456789", 10);
	zcopy_segment_zero(&self->segments[2], 4);
	zcopy_send_init(&self->send, self->pair.tx, self->segments, 3);
	self->send.done = FIVE_GIB - 10;
	ASSERT_EQ(0, zcopy_send(self->dev, &self->send));
	EXPECT_EQ(ZCOPY_STOP_COMPLETE, self->send.out_stop);
	EXPECT_EQ(24, self->send.out_sent);
	EXPECT_EQ(FIVE_GIB + 14, self->send.done);
	EXPECT_EQ(zt_zero_copy() ? 10 : 24, self->send.out_copied);
	ASSERT_EQ(24, zt_read_full(self->pair.rx, came, 24));
	EXPECT_EQ(0, memcmp("\0\0\0\0\0\0\0\0\0\0"
			    "0123456789"
			    "\0\0\0\0",
			    came, 24));
}

/* Places in the file that do not fit into 31, 32 or 40 bits. */
TEST_F(large, offsets)
{
	static const uint64_t edges[] = { 2 * GIB, 4 * GIB, 8 * GIB,
					  1024 * GIB };
	int file = zt_sparse_file(zt_disk_dir(), 2048 * GIB);
	unsigned char content[20000], came[20000];
	uint64_t at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		at = edges[i] - 10001;
		zt_pattern(content, sizeof(content), 70 + i);
		ASSERT_EQ(sizeof(content),
			  pwrite(file, content, sizeof(content), (off_t)at));
		zcopy_segment_file(self->segments, file, at, sizeof(content));
		zcopy_send_init(&self->send, self->pair.tx, self->segments, 1);
		ASSERT_EQ(0, zcopy_send(self->dev, &self->send));
		EXPECT_EQ(sizeof(content), self->send.out_sent);
		ASSERT_EQ(sizeof(came),
			  zt_read_full(self->pair.rx, came, sizeof(came)));
		EXPECT_EQ(0, memcmp(content, came, sizeof(came)));
	}
	close(file);
}

/* A length that nobody will ever reach is not wrong, only too long. */
TEST_F(large, short_by_far)
{
	unsigned char came[100];
	int file;

	memset(came, 1, sizeof(came));
	file = zt_memory_file(came, sizeof(came));
	zcopy_segment_file(self->segments, file, 1, INT64_MAX - 1);
	zcopy_send_init(&self->send, self->pair.tx, self->segments, 1);
	ASSERT_EQ(0, zcopy_send(self->dev, &self->send));
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->send.out_stop);
	EXPECT_EQ(99, self->send.out_sent);
	close(file);
}

ZT_MAIN
