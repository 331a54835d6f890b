// SPDX-License-Identifier: GPL-2.0
/*
 * SEND with good arguments into a socket that takes everything: each type of
 * segment alone and all of them mixed, at odd places and of odd lengths. Every
 * byte is compared at the receiver, every output is judged.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "harness.h"

/* More than the longest segment at the last offset. */
#define CONTENT (zt_less() ? 5 * MIB / 4 : 3 * MIB)

FIXTURE(send)
{
	int dev;
	unsigned char *content; /* what file, buffer and memory hold */
	unsigned char *map;	/* the buffer */
	int file;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(send)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(send, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(send, tcp6) {
	.family = ZT_TCP6,
};

FIXTURE_VARIANT_ADD(send, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(send)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	self->map = zcopy_map_buffer(self->dev, CONTENT);
	ASSERT_NE(NULL, self->map);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 21);
	memcpy(self->map, self->content, CONTENT);
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	zt_vector_init(&self->vector);
}

FIXTURE_TEARDOWN(send)
{
	zt_vector_free(&self->vector);
	munmap(self->map, CONTENT);
	close(self->file);
	close(self->dev);
	free(self->content);
}

/* Append a segment of any type with the content's bytes (or zeros). */
static struct zcopy_segment *add(FIXTURE_DATA(send) * self, uint32_t type,
				 size_t offset, size_t len)
{
	struct zt_vector *vector = &self->vector;

	switch (type) {
	case ZCOPY_SEGMENT_FILE:
		return zt_add_file(vector, self->file, self->content, offset,
				   len);
	case ZCOPY_SEGMENT_BUFFER:
		return zt_add_buffer(vector, self->content, offset, len);
	case ZCOPY_SEGMENT_USER:
		return zt_add_user(vector, self->content + offset, len);
	default:
		return zt_add_zero(vector, len);
	}
}

/* Send the vector through a new connection and judge all that can be. */
static void transfer(struct __test_metadata *_metadata,
		     FIXTURE_DATA(send) * self, enum zt_family family,
		     uint32_t flags)
{
	struct zt_vector *vector = &self->vector;
	struct zt_receiver receiver;
	struct zt_pair pair;

	zt_pair_open(&pair, family, 0);
	zt_receiver_start(&receiver, pair.rx, vector->bytes ?: (void *)"",
			  vector->len);
	ASSERT_EQ(0, zt_send(self->dev, pair.tx, vector, flags, &self->call))
	TH_LOG("SEND: %s", strerror(self->call.error));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(vector->len, self->call.send.out_sent);
	/* By reference means by reference: only USER bytes are copied. */
	EXPECT_EQ(zt_must_copy(vector), self->call.send.out_copied);
	if (zt_zero_copy())
		EXPECT_EQ(zt_must_copy(vector),
			  zt_copied(&self->call, ZCOPY_SEGMENT_USER));
	if (!(flags & ZCOPY_SEND_SHUTDOWN))
		shutdown(pair.tx, SHUT_WR);
	ASSERT_STREQ("", zt_receiver_finish(&receiver));
	zt_pair_close(&pair);
}

static const uint32_t types[] = { ZCOPY_SEGMENT_FILE, ZCOPY_SEGMENT_BUFFER,
				  ZCOPY_SEGMENT_USER, ZCOPY_SEGMENT_ZERO };
static const size_t lengths[] = { 0,	   1,	 2,	 4095,	4096,
				  4097,	   8191, 65535,	 65536, 65537,
				  MIB - 1, MIB,	 MIB + 1 };
static const size_t offsets[] = { 0, 1, 4095, 4096, 4097, 65535, 131072 };

static void alone(struct __test_metadata *_metadata, FIXTURE_DATA(send) * self,
		  enum zt_family family, uint32_t type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		zt_vector_free(&self->vector);
		add(self, type, offsets[i % ARRAY_SIZE(offsets)], lengths[i]);
		transfer(_metadata, self, family, 0);
	}
	zt_vector_free(&self->vector);
	add(self, type, 0, CONTENT);
	transfer(_metadata, self, family, 0);
	/* All combinations up to 64 KiB in one vector. */
	zt_vector_free(&self->vector);
	for (i = 0; i < 10 * ARRAY_SIZE(offsets); i++)
		add(self, type, offsets[i / 10], lengths[i % 10]);
	transfer(_metadata, self, family, 0);
}

TEST_F(send, file_alone)
{
	alone(_metadata, self, variant->family, ZCOPY_SEGMENT_FILE);
}

TEST_F(send, buffer_alone)
{
	alone(_metadata, self, variant->family, ZCOPY_SEGMENT_BUFFER);
}

TEST_F(send, user_alone)
{
	alone(_metadata, self, variant->family, ZCOPY_SEGMENT_USER);
}

TEST_F(send, zero_alone)
{
	alone(_metadata, self, variant->family, ZCOPY_SEGMENT_ZERO);
}

TEST_F(send, header_file_trailer)
{
	static const char header[] = "HTTP/1.1 200 OK\r\n\r\n";

	zt_add_user(&self->vector, header, sizeof(header) - 1);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_add_user(&self->vector, "the end", 7);
	zt_add_zero(&self->vector, 9);
	transfer(_metadata, self, variant->family, 0);
}

TEST_F(send, every_pair_of_types)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (j = 0; j < ARRAY_SIZE(types); j++) {
			add(self, types[i], 1, 4096);
			add(self, types[j], 4095, 3);
			add(self, types[i], 7, 0);
			add(self, types[j], 0, 70000);
		}
	}
	transfer(_metadata, self, variant->family, 0);
}

TEST_F(send, random_mixtures)
{
	uint64_t state = 4711;
	int round, i;

	for (round = 0; round < 6; round++) {
		zt_vector_free(&self->vector);
		for (i = 0; i < 40; i++) {
			size_t len = zt_random(&state) %
				     lengths[1 + zt_random(&state) % 10];
			size_t offset = zt_random(&state) % (CONTENT - len);

			add(self, types[zt_random(&state) % 4], offset, len);
		}
		transfer(_metadata, self, variant->family, 0);
	}
}

TEST_F(send, empty_segments)
{
	int i;

	for (i = 0; i < 400; i++)
		add(self, types[i % 4], 0, 0);
	add(self, ZCOPY_SEGMENT_FILE, 5, 10);
	for (i = 0; i < 400; i++)
		add(self, types[i % 4], 0, 0);
	transfer(_metadata, self, variant->family, 0);
	/* Nothing but empty ones: complete at once, nothing arrives. */
	zt_vector_free(&self->vector);
	for (i = 0; i < 8; i++)
		add(self, types[i % 4], 0, 0);
	transfer(_metadata, self, variant->family, 0);
}

TEST_F(send, empty_vector)
{
	transfer(_metadata, self, variant->family, 0);
	EXPECT_EQ(0, self->call.send.out_segment);
	/* Nobody looks at the address of no segments. */
	transfer(_metadata, self, variant->family, ZCOPY_SEND_SHUTDOWN);
}

TEST_F(send, to_end)
{
	struct zcopy_segment *segment;
	int empty = zt_memory_file(NULL, 0);

	add(self, ZCOPY_SEGMENT_FILE, 4097, CONTENT - 4097)->len = ZCOPY_TO_END;
	add(self, ZCOPY_SEGMENT_FILE, CONTENT - 1, 1)->len = ZCOPY_TO_END;
	/* At the end, behind it, and of an empty file, it is empty. */
	add(self, ZCOPY_SEGMENT_FILE, 0, 0)->len = ZCOPY_TO_END;
	segment = self->vector.segments;
	segment[2].offset = CONTENT;
	add(self, ZCOPY_SEGMENT_FILE, 0, 0)->len = ZCOPY_TO_END;
	segment[3].offset = CONTENT + 12345;
	zt_add_file(&self->vector, empty, "", 0, 0)->len = ZCOPY_TO_END;
	add(self, ZCOPY_SEGMENT_USER, 0, 5);
	transfer(_metadata, self, variant->family, 0);
	EXPECT_EQ(CONTENT - 4097, segment[0].len);
	EXPECT_EQ(1, segment[1].len);
	EXPECT_EQ(0, segment[2].len);
	EXPECT_EQ(0, segment[3].len);
	EXPECT_EQ(0, segment[4].len);
	close(empty);
}

TEST_F(send, many_segments)
{
	int i;

	for (i = 0; i < 16384; i++)
		add(self, types[i % 4], (size_t)i * 7 % 10000, (size_t)i % 64);
	transfer(_metadata, self, variant->family, 0);
}

TEST_F(send, most_segments)
{
	int i;

	for (i = 0; i < ZCOPY_MAX_SEGMENTS; i++)
		zt_add_zero(&self->vector, i % 4096 == 0);
	transfer(_metadata, self, variant->family, 0);
}

TEST_F(send, many_files)
{
	int files[512], i;

	for (i = 0; i < 512; i++) {
		files[i] = zt_file(zt_disk_dir(), self->content + i, 4096);
		zt_add_file(&self->vector, files[i], self->content + i, 0, 4096)
			->len = i % 2 ? 4096 : ZCOPY_TO_END;
	}
	transfer(_metadata, self, variant->family, 0);
	for (i = 0; i < 512; i++)
		close(files[i]);
}

/* The same file by one and by several descriptors, whole and in overlaps. */
TEST_F(send, same_file_again)
{
	int again = dup(self->file), anew = zt_reopen(self->file, O_RDONLY);
	int i;

	ASSERT_LE(0, again);
	for (i = 0; i < 5; i++) {
		add(self, ZCOPY_SEGMENT_FILE, 100, 200000);
		zt_add_file(&self->vector, again, self->content, 4096, 4096);
		zt_add_file(&self->vector, anew, self->content, 99999, 100001);
	}
	transfer(_metadata, self, variant->family, 0);
	close(again);
	close(anew);
}

/* Offsets are given: nobody's file position is used or moved. */
TEST_F(send, file_position_stays)
{
	ASSERT_EQ(1234, lseek(self->file, 1234, SEEK_SET));
	ASSERT_EQ(4321, lseek(self->dev, 4321, SEEK_SET));
	add(self, ZCOPY_SEGMENT_FILE, 10, 100000);
	add(self, ZCOPY_SEGMENT_BUFFER, 10, 100000);
	transfer(_metadata, self, variant->family, 0);
	EXPECT_EQ(1234, lseek(self->file, 0, SEEK_CUR));
	EXPECT_EQ(4321, lseek(self->dev, 0, SEEK_CUR));
}

/*
 * USER memory that is a mapping of the device itself, not yet touched: the copy
 * faults into the module, which must not hold a lock that the fault takes.
 */
TEST_F(send, user_memory_is_our_own_mapping)
{
	unsigned char *fresh = zcopy_map_buffer(self->dev, CONTENT);

	ASSERT_NE(NULL, fresh);
	add(self, ZCOPY_SEGMENT_USER, 0, CONTENT)->offset = (uintptr_t)fresh;
	transfer(_metadata, self, variant->family, 0);
	EXPECT_EQ(0, munmap(fresh, CONTENT));
}

/* The struct and the segments may lie in the device's mapping as well. */
TEST_F(send, arguments_in_our_own_mapping)
{
	struct zcopy_segment *segments = self->vector.segments;
	struct zt_vector *vector = &self->vector;
	struct zcopy_send *send;
	struct zt_pair pair;
	unsigned char *fresh;

	add(self, ZCOPY_SEGMENT_USER, 1 * MIB, 100);
	add(self, ZCOPY_SEGMENT_FILE, 0, 1000);
	memcpy(self->map, vector->segments, 2 * sizeof(*segments));
	fresh = zcopy_map_buffer(self->dev, CONTENT);
	ASSERT_NE(NULL, fresh);
	send = (void *)(fresh + 64 * KIB);
	zt_pair_open(&pair, variant->family, 0);
	zcopy_send_init(send, pair.tx, (void *)fresh, 2);
	ASSERT_EQ(0, zcopy_send(self->dev, send));
	EXPECT_EQ(1100, send->out_sent);
	EXPECT_EQ(1000, ((struct zcopy_segment *)fresh)[1].out_done);
	ASSERT_EQ(1100, zt_read_full(pair.rx, fresh + MIB, 1100));
	EXPECT_EQ(0, memcmp(vector->bytes, fresh + MIB, 1100));
	zt_pair_close(&pair);
}

/*
 * The counter says that nothing was copied; here is the proof. What changes
 * before the peer has read is seen by the peer, or the bytes are copies.
 */
TEST_F(send, zero_copy_is_real)
{
	unsigned char came[40], want[40];
	struct zt_pair pair;

	zt_pair_open(&pair, variant->family, 0);
	add(self, ZCOPY_SEGMENT_FILE, 8192, 10);
	add(self, ZCOPY_SEGMENT_BUFFER, 8192, 10);
	add(self, ZCOPY_SEGMENT_USER, 8192, 10);
	add(self, ZCOPY_SEGMENT_ZERO, 0, 10);
	ASSERT_EQ(0,
		  zt_send(self->dev, pair.tx, &self->vector, 0, &self->call));
	ASSERT_COMPLETE(&self->call);
	memcpy(want, self->vector.bytes, sizeof(want));
	if (zt_zero_copy())
		memset(want, 0xff, 20);
	memset(self->content + 8192, 0xff, 10);
	ASSERT_EQ(10, pwrite(self->file, self->content + 8192, 10, 8192));
	memset(self->map + 8192, 0xff, 10);
	ASSERT_EQ(sizeof(came), zt_read_full(pair.rx, came, sizeof(came)));
	EXPECT_EQ(0, memcmp(want, came, sizeof(came)));
	zt_pair_close(&pair);
}

/* The pages of a send that is through but not yet read belong to the socket. */
TEST_F(send, buffer_may_go_at_once)
{
	unsigned char *came = zt_alloc(50000);
	struct zt_pair pair;

	zt_pair_open(&pair, variant->family, 0);
	add(self, ZCOPY_SEGMENT_BUFFER, 1000, 50000);
	ASSERT_EQ(0,
		  zt_send(self->dev, pair.tx, &self->vector, 0, &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(0, munmap(self->map, CONTENT));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	self->map = zcopy_map_buffer(self->dev, CONTENT);
	ASSERT_NE(NULL, self->map);
	memset(self->map, 0xee, CONTENT);
	ASSERT_EQ(50000, zt_read_full(pair.rx, came, 50000));
	EXPECT_EQ(0, memcmp(self->content + 1000, came, 50000));
	zt_pair_close(&pair);
	free(came);
}

TEST_F(send, shutdown_ends_the_stream)
{
	add(self, ZCOPY_SEGMENT_FILE, 0, CONTENT);
	add(self, ZCOPY_SEGMENT_USER, 0, 3);
	transfer(_metadata, self, variant->family, ZCOPY_SEND_SHUTDOWN);
}

/* With the cache warm, and not waiting for the socket, flags change nothing. */
TEST_F(send, every_flag_together)
{
	add(self, ZCOPY_SEGMENT_FILE, 0, 20000);
	add(self, ZCOPY_SEGMENT_BUFFER, 0, 20000);
	add(self, ZCOPY_SEGMENT_ZERO, 0, 200);
	transfer(_metadata, self, variant->family,
		 ZCOPY_SEND_NOWAIT | ZCOPY_SEND_CACHED | ZCOPY_SEND_MORE |
			 ZCOPY_SEND_SHUTDOWN);
}

ZT_MAIN
