// SPDX-License-Identifier: GPL-2.0
/*
 * Sends that stop half-way and go on: a socket that is full and must not be
 * waited for, a cursor that starts anywhere, data that must not be held back.
 * One thread plays both ends, so that each run takes the same steps.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT MIB
#define SMALL_ROOM 16384

FIXTURE(resume)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(resume)
{
	enum zt_family family;
	bool tcp;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(resume, tcp4) {
	.family = ZT_TCP4,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(resume, tcp6) {
	.family = ZT_TCP6,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(resume, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(resume)
{
	int on = 1;

	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 31);
	ASSERT_EQ(CONTENT, pwrite(self->dev, self->content, CONTENT, 0));
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, variant->family, SMALL_ROOM);
	if (variant->tcp)
		ASSERT_EQ(0, setsockopt(self->pair.tx, IPPROTO_TCP, TCP_NODELAY,
					&on, sizeof(on)));
}

FIXTURE_TEARDOWN(resume)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

/* One of each type, none of which fits into the socket. */
static void add_some_of_all(FIXTURE_DATA(resume) * self, size_t len)
{
	struct zt_vector *vector = &self->vector;

	zt_add_user(vector, self->content + 1, len);
	zt_add_file(vector, self->file, self->content, 4095, len);
	zt_add_zero(vector, 0);
	zt_add_buffer(vector, self->content, 17, len);
	zt_add_zero(vector, len);
	zt_add_file(vector, self->file, self->content, CONTENT - len, len)
		->len = ZCOPY_TO_END;
}

/* Read what is there now, at most @len bytes, and compare it. */
static void drain(struct __test_metadata *_metadata,
		  FIXTURE_DATA(resume) * self, size_t *received, size_t len)
{
	unsigned char *came = zt_alloc(len);
	struct pollfd pollfd = { .fd = self->pair.rx, .events = POLLIN };
	ssize_t got;

	/* The socket is full, so something is on its way. */
	ASSERT_EQ(1, poll(&pollfd, 1, 20000));
	got = recv(self->pair.rx, came, len, MSG_DONTWAIT);
	ASSERT_LT(0, got);
	ASSERT_GE(self->vector.len, *received + (size_t)got);
	ASSERT_EQ(0, memcmp(self->vector.bytes + *received, came, (size_t)got))
	TH_LOG("after byte %zu", *received);
	*received += (size_t)got;
	free(came);
}

/* Call with the same struct until it is complete, reading in between. */
static unsigned int pump(struct __test_metadata *_metadata,
			 FIXTURE_DATA(resume) * self, size_t step)
{
	unsigned int blocked = 0;
	size_t received = 0;

	for (;;) {
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		if (self->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			break;
		ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
		ASSERT_EQ(EAGAIN, self->call.send.out_error);
		blocked++;
		drain(_metadata, self, &received, step);
	}
	while (received < self->vector.len)
		drain(_metadata, self, &received, step);
	return blocked;
}

TEST_F(resume, nowait)
{
	add_some_of_all(self, 200001);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	EXPECT_LT(3, pump(_metadata, self, 70000));
	EXPECT_EQ(self->vector.len, self->call.send.done);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

TEST_F(resume, o_nonblock)
{
	ASSERT_EQ(0, fcntl(self->pair.tx, F_SETFL, O_NONBLOCK));
	add_some_of_all(self, 200001);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	EXPECT_LT(3, pump(_metadata, self, 70000));
	ASSERT_EQ(0, fcntl(self->pair.tx, F_SETFL, 0));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

/* A reader that takes little at a time makes for odd places to resume at. */
TEST_F(resume, in_small_steps)
{
	add_some_of_all(self, 30011);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	pump(_metadata, self, 777);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

/* When nothing at all fits, the call fails and says so, and stays sane. */
TEST_F(resume, nothing_fits)
{
	size_t received = 0;
	uint64_t done;

	add_some_of_all(self, 300000);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	/* Twice: an ACK that TCP has held back for 40 ms makes room. */
	do {
		while (!zt_call(self->dev, &self->call))
			ASSERT_CONSISTENT(&self->call);
		done = self->call.send.done;
		ASSERT_EQ(EAGAIN, self->call.error);
		ASSERT_CONSISTENT(&self->call);
		EXPECT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	} while (!zt_call(self->dev, &self->call));
	ASSERT_EQ(EAGAIN, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(done, self->call.send.done);
	/* All that is said to be sent arrives, and no more. */
	while (received < done)
		drain(_metadata, self, &received, 100000);
	EXPECT_EQ(done, received);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

/* TO_END gets its length by the first look, not only in the end. */
TEST_F(resume, to_end_is_replaced_early)
{
	struct zcopy_segment *segment;

	segment = zt_add_file(&self->vector, self->file, self->content, 100,
			      CONTENT - 100);
	segment->len = ZCOPY_TO_END;
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, self->call.send.out_stop);
	EXPECT_EQ(CONTENT - 100, segment->len);
	/* What is appended now does not belong to this transfer. */
	ASSERT_EQ(CONTENT,
		  pwrite(self->file, self->content, CONTENT, (off_t)CONTENT));
	close(self->pair.rx);
	self->pair.rx = -1;
}

/* The caller may set the cursor anywhere: the rest is sent, nothing else. */
TEST_F(resume, from_any_cursor)
{
	struct zcopy_segment *last;
	unsigned char *came;
	size_t step, rest;

	add_some_of_all(self, 700);
	last = &self->vector.segments[self->vector.nr - 1];
	last->len = 700;
	came = zt_alloc(self->vector.len);
	for (step = 0; step <= self->vector.len; step += 50) {
		rest = self->vector.len - step;
		zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
		self->call.send.done = step;
		ASSERT_EQ(0, zt_call(self->dev, &self->call));
		ASSERT_COMPLETE(&self->call);
		ASSERT_EQ(rest, self->call.send.out_sent);
		ASSERT_EQ(rest, zt_read_full(self->pair.rx, came, rest));
		ASSERT_EQ(0, memcmp(self->vector.bytes + step, came, rest));
	}
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	free(came);
}

/* What lies before the cursor is over: its file may be closed by then. */
TEST_F(resume, earlier_files_may_be_closed)
{
	int files[3], i;

	for (i = 0; i < 3; i++) {
		files[i] = zt_memory_file(self->content, 1000);
		zt_add_file(&self->vector, files[i], self->content, 0, 1000);
	}
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	close(files[0]);
	close(files[1]);
	self->call.send.done = 2500;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(500, self->call.send.out_sent);
	close(files[2]);
}

/* So may the buffer, and an empty segment needs nothing at any time. */
TEST_F(resume, earlier_buffer_may_be_freed)
{
	size_t page = zt_page_size();
	struct zcopy_segment *empty;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, page));
	ASSERT_EQ(page, pwrite(self->dev, self->content, page, 0));
	zt_add_buffer(&self->vector, self->content, 0, page);
	zt_add_user(&self->vector, self->content, 1000);
	empty = zt_add_file(&self->vector, self->file, self->content, 0, 0);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	empty->fd = -1;
	self->call.send.done = page + 400;
	ASSERT_EQ(0, zt_call(self->dev, &self->call))
	TH_LOG("%s", strerror(self->call.error));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(600, self->call.send.out_sent);
	/* But what has not been sent does need it. */
	self->call.send.done = 100;
	ASSERT_EQ(-1, zt_call(self->dev, &self->call));
	EXPECT_EQ(ENXIO, self->call.error);
}

/* Complete stays complete: one call too many does no harm. */
TEST_F(resume, after_the_end)
{
	zt_add_user(&self->vector, "whole", 5);
	zt_add_zero(&self->vector, 0);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(0, self->call.send.out_sent);
	EXPECT_EQ(0, self->call.send.out_copied);
	EXPECT_EQ(5, self->vector.segments[0].out_done);
	EXPECT_EQ(5, zt_stray_bytes(&self->pair));
}

/* The half-close comes after the last byte, never before. */
TEST_F(resume, shutdown_waits_for_the_end)
{
	char byte;

	add_some_of_all(self, 100000);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT | ZCOPY_SEND_SHUTDOWN);
	EXPECT_LT(0, pump(_metadata, self, 50000));
	EXPECT_EQ(0, recv(self->pair.rx, &byte, 1, 0));
	/* Nothing can be sent into it afterwards, but the other way is open. */
	zt_vector_free(&self->vector);
	zt_add_zero(&self->vector, 1);
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_EQ(EPIPE, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	ASSERT_EQ(1, send(self->pair.rx, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.tx, &byte, 1, 0));
}

/*
 * MORE may hold back a last partial packet, for 200 ms at the most: on a slow
 * machine that may be over before we look, so it gets a few tries.
 */
TEST_F(resume, more_holds_back)
{
	int tries, held = 0;

	if (!variant->tcp)
		return;
	for (tries = 0; tries < 5 && held != 100; tries++) {
		zt_vector_free(&self->vector);
		zt_add_file(&self->vector, self->file, self->content, 0, 100);
		ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
				     ZCOPY_SEND_MORE, &self->call));
		held = zt_unsent(self->pair.tx);
		ASSERT_COMPLETE(&self->call);
	}
	EXPECT_EQ(100, held);
	/* The next send without it lets everything go. */
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	EXPECT_EQ(0, zt_unsent(self->pair.tx));
}

/* Without MORE nothing is held back, whatever the end looks like. */
TEST_F(resume, nothing_is_held_back)
{
	static const size_t lengths[] = { 1, 100, 4095, 4096, 5000 };
	unsigned char came[5000];
	size_t i;

	for (i = 0; variant->tcp && i < ARRAY_SIZE(lengths); i++) {
		zt_vector_free(&self->vector);
		zt_add_file(&self->vector, self->file, self->content, 0,
			    lengths[i]);
		zt_add_zero(&self->vector, 0);
		ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
				     &self->call));
		EXPECT_EQ(0, zt_unsent(self->pair.tx));
		ASSERT_EQ(lengths[i],
			  zt_read_full(self->pair.rx, came, lengths[i]));
	}
}

/*
 * A vector that promises more than there is: the last batch comes early, and
 * must not wait for bytes that never come.
 */
TEST_F(resume, short_file_is_not_held_back)
{
	int file = zt_memory_file(self->content, 300);
	unsigned char came[300];

	zt_add_file(&self->vector, file, self->content, 0, 300)->len = 5000;
	zt_add_zero(&self->vector, 100000);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	if (variant->tcp)
		EXPECT_EQ(0, zt_unsent(self->pair.tx));
	ASSERT_EQ(300, zt_read_full(self->pair.rx, came, 300));
	EXPECT_EQ(0, memcmp(self->content, came, 300));
	close(file);
}

ZT_MAIN
