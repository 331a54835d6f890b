// SPDX-License-Identifier: GPL-2.0
/*
 * ZCOPY_SEND_CACHED: send what is in memory, never wait for a disk, say where
 * it stopped and have the rest read meanwhile.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT (256 * KIB)

FIXTURE(cached)
{
	int dev;
	int file;
	size_t page;
	unsigned char *content;
	unsigned char *came;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

/* Whether it is CACHED's to read ahead, or only what the test says is read. */
static void read_pages(int file, size_t offset, size_t len)
{
	char *data = zt_alloc(len);

	if (posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM) ||
	    pread(file, data, len, (off_t)offset) != (ssize_t)len)
		zt_die("pread of a test file");
	free(data);
}

FIXTURE_SETUP(cached)
{
	self->page = zt_page_size();
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	self->came = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 81);
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	if (zt_drop_cache(self->file))
		ZT_SKIP("files in %s stay in memory", zt_disk_dir());
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	zt_vector_init(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_CACHED);
}

FIXTURE_TEARDOWN(cached)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
	free(self->came);
}

/* Read what the call says that it sent; it must be the next bytes. */
static void expect_arrival(struct __test_metadata *_metadata,
			   FIXTURE_DATA(cached) * self)
{
	const struct zcopy_send *send = &self->call.send;
	size_t len = send->out_sent;

	ASSERT_EQ(len, zt_read_full(self->pair.rx, self->came, len));
	ASSERT_EQ(0, memcmp(self->vector.bytes + self->call.before, self->came,
			    len));
}

/* Call again until complete; the disk is read behind our back meanwhile. */
static void until_complete(struct __test_metadata *_metadata,
			   FIXTURE_DATA(cached) * self)
{
	double end = zt_now() + 30 * zt_slack();

	for (;;) {
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		expect_arrival(_metadata, self);
		if (self->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			return;
		ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
		ASSERT_EQ(EAGAIN, self->call.send.out_error);
		ASSERT_GT(end, zt_now());
		poll(NULL, 0, 1);
	}
}

TEST_F(cached, warm)
{
	read_pages(self->file, 0, CONTENT);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(0, self->call.send.out_resident);
	EXPECT_EQ(zt_must_copy(&self->vector), self->call.send.out_copied);
	expect_arrival(_metadata, self);
}

TEST_F(cached, cold)
{
	ASSERT_EQ(-1, zt_call(self->dev, &self->call));
	EXPECT_EQ(EAGAIN, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	until_complete(_metadata, self);
}

/* The start is in memory, then a gap, then something again. */
TEST_F(cached, gap)
{
	const size_t start = 5 * self->page, later = 3 * self->page;
	const struct zcopy_send *send = &self->call.send;

	read_pages(self->file, 0, start);
	read_pages(self->file, CONTENT / 2, later);
	ASSERT_EQ(start + later, zt_cached(self->file, 0, CONTENT));
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_NOT_CACHED, send->out_stop);
	EXPECT_EQ(EAGAIN, send->out_error);
	EXPECT_EQ(start, send->out_sent);
	EXPECT_EQ(0, send->out_segment);
	/* Some of the gap may have been read by now. */
	EXPECT_LE(later, send->out_resident);
	EXPECT_GE(CONTENT - start, send->out_resident);
	expect_arrival(_metadata, self);
	until_complete(_metadata, self);
}

/* Half a page at the start of the segment, half a page at its end. */
TEST_F(cached, odd_edges)
{
	struct zcopy_segment *segment = self->vector.segments;

	zt_vector_free(&self->vector);
	segment = zt_add_file(&self->vector, self->file, self->content, 100,
			      3 * self->page);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_CACHED);
	read_pages(self->file, 0, 2 * self->page);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_NOT_CACHED, segment->out_stop);
	EXPECT_EQ(2 * self->page - 100, segment->out_done);
	expect_arrival(_metadata, self);
	until_complete(_metadata, self);
}

/* It stops in the second segment: the first is whole, the third untouched. */
TEST_F(cached, second_segment)
{
	unsigned char *warm = zt_alloc(10000);
	int file;

	zt_pattern(warm, 10000, 82);
	file = zt_memory_file(warm, 10000);
	zt_vector_free(&self->vector);
	zt_add_file(&self->vector, file, warm, 1, 9999);
	zt_add_file(&self->vector, self->file, self->content, 0, 20000);
	zt_add_zero(&self->vector, 100);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_CACHED);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
	EXPECT_EQ(1, self->call.send.out_segment);
	EXPECT_EQ(9999, self->call.send.out_sent);
	expect_arrival(_metadata, self);
	until_complete(_metadata, self);
	close(file);
	free(warm);
}

/* The same vector goes on without CACHED: then it waits, and completes. */
TEST_F(cached, goes_on_without)
{
	read_pages(self->file, 0, self->page);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
	expect_arrival(_metadata, self);
	self->call.send.flags = 0;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	expect_arrival(_metadata, self);
}

/* No half-close before the last byte, whyever it stopped. */
TEST_F(cached, shutdown_waits)
{
	char byte;

	self->call.send.flags = ZCOPY_SEND_CACHED | ZCOPY_SEND_SHUTDOWN;
	read_pages(self->file, 0, self->page);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
	expect_arrival(_metadata, self);
	EXPECT_EQ(-1, recv(self->pair.rx, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	until_complete(_metadata, self);
	EXPECT_EQ(0, recv(self->pair.rx, &byte, 1, 0));
}

/* A stop at a gap must not hold back what came before it. */
TEST_F(cached, nothing_is_held_back)
{
	zt_vector_free(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, self->page - 100,
		    5000);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_CACHED);
	read_pages(self->file, 0, self->page);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	EXPECT_EQ(0, zt_unsent(self->pair.tx));
	EXPECT_EQ(100, self->call.send.out_sent);
	expect_arrival(_metadata, self);
	until_complete(_metadata, self);
}

/* The end of the file is not a page that has yet to be read. */
TEST_F(cached, short_file)
{
	read_pages(self->file, 0, CONTENT);
	self->vector.segments[0].len = CONTENT + 1;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	expect_arrival(_metadata, self);
}

ZT_MAIN
