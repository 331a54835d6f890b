// SPDX-License-Identifier: GPL-2.0
/*
 * The rules for descriptors, module/desc.c, compiled in user space with
 * sanitizers and compared with a second opinion: the header's words, put down
 * again here with 128-bit arithmetic, in which nothing overflows.
 */
#include "kselftest_harness.h"

#include "../module/desc.c"

__extension__ typedef unsigned __int128 u128;

#define LARGEST ((u64)S64_MAX)

/* Lengths and offsets at which something may change. */
static const u64 edges[] = {
	0,
	1,
	2,
	4095,
	4096,
	4097,
	8191,
	8192,
	8193,
	(1ULL << 31) - 1,
	1ULL << 31,
	(1ULL << 32) - 1,
	1ULL << 32,
	LARGEST / 2,
	LARGEST / 2 + 1,
	LARGEST - 8192,
	LARGEST - 4096,
	LARGEST - 1,
	LARGEST,
	LARGEST + 1,
	LARGEST + 4096,
	UINT64_MAX - 4096,
	UINT64_MAX - 1,
	UINT64_MAX,
};

static const u64 buffer_lengths[] = { 0, 4096, 8192, 1ULL << 32 };

/* What the header says of one segment that has no unknown flags. */
static int expected(const struct zcopy_segment *segment, u64 buffer_length)
{
	u128 end = (u128)segment->offset + segment->len;

	if (segment->type < ZCOPY_SEGMENT_FILE ||
	    segment->type > ZCOPY_SEGMENT_ZERO)
		return -EINVAL;
	if (segment->type != ZCOPY_SEGMENT_FILE && segment->fd)
		return -EINVAL;
	if (segment->type == ZCOPY_SEGMENT_ZERO && segment->offset)
		return -EINVAL;
	if (segment->type == ZCOPY_SEGMENT_BUFFER && !buffer_length)
		return -ENXIO;
	if (segment->type == ZCOPY_SEGMENT_FILE && segment->len == ZCOPY_TO_END)
		end = segment->offset;
	if (end > LARGEST)
		return -EOVERFLOW;
	if (segment->type == ZCOPY_SEGMENT_BUFFER && end > buffer_length)
		return -ERANGE;
	return 0;
}

TEST(send_flags)
{
	const u32 known = ZCOPY_SEND_NOWAIT | ZCOPY_SEND_CACHED |
			  ZCOPY_SEND_MORE | ZCOPY_SEND_SHUTDOWN;
	struct zcopy_send send = { .size = sizeof(send) };
	u32 flag;

	for (send.flags = 0; send.flags <= known; send.flags++)
		ASSERT_EQ(0, zc_desc_check_send(&send));
	for (flag = 1; flag; flag <<= 1) {
		send.flags = flag;
		ASSERT_EQ(flag & known ? 0 : -EINVAL,
			  zc_desc_check_send(&send));
		send.flags = flag | known;
		ASSERT_EQ(flag & known ? 0 : -EINVAL,
			  zc_desc_check_send(&send));
	}
}

TEST(send_members)
{
	const struct zcopy_send good = { .size = sizeof(good) };
	struct zcopy_send send = good;
	u32 bit;
	size_t i;

	for (bit = 1; bit; bit <<= 1) {
		send.__reserved = bit;
		ASSERT_EQ(-EINVAL, zc_desc_check_send(&send));
	}
	send = good;
	send.nr_segments = ZCOPY_MAX_SEGMENTS;
	ASSERT_EQ(0, zc_desc_check_send(&send));
	send.nr_segments = ZCOPY_MAX_SEGMENTS + 1;
	ASSERT_EQ(-EMSGSIZE, zc_desc_check_send(&send));
	send.nr_segments = UINT32_MAX;
	ASSERT_EQ(-EMSGSIZE, zc_desc_check_send(&send));
	/* Where the cursor may be is known only when the vector is. */
	send = good;
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		send.done = edges[i];
		ASSERT_EQ(0, zc_desc_check_send(&send));
	}
}

/* One type at every pair of edges. */
static void compare(struct __test_metadata *_metadata,
		    struct zcopy_segment *segment, u64 buffer_length)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			segment->offset = edges[i];
			segment->len = edges[j];
			ASSERT_EQ(expected(segment, buffer_length),
				  zc_desc_check_segment(segment, buffer_length))
			TH_LOG("type %u fd %d offset %llu len %llu buffer %llu",
			       segment->type, segment->fd, segment->offset,
			       segment->len, buffer_length);
		}
	}
}

TEST(segment_against_the_header)
{
	static const int fds[] = { 0, 3, -1 };
	struct zcopy_segment segment = {};
	size_t i, j;

	for (segment.type = 0; segment.type <= 6; segment.type++) {
		for (i = 0; i < ARRAY_SIZE(buffer_lengths); i++) {
			for (j = 0; j < ARRAY_SIZE(fds); j++) {
				segment.fd = fds[j];
				compare(_metadata, &segment, buffer_lengths[i]);
			}
		}
	}
}

TEST(segment_flags)
{
	struct zcopy_segment segment = { .len = 1 };
	u32 bit;

	for (segment.type = 0; segment.type <= 6; segment.type++) {
		for (bit = 1; bit; bit <<= 1) {
			segment.flags = bit;
			ASSERT_EQ(-EINVAL,
				  zc_desc_check_segment(&segment, 4096));
		}
	}
}

/* The outputs of the caller's copy are ignored, whatever they hold. */
TEST(segment_outputs)
{
	struct zcopy_segment segment;

	memset(&segment, 0xff, sizeof(segment));
	segment.type = ZCOPY_SEGMENT_ZERO;
	segment.flags = 0;
	segment.fd = 0;
	segment.offset = 0;
	segment.len = 10;
	ASSERT_EQ(0, zc_desc_check_segment(&segment, 0));
}

/* Lay out one vector and check each place against plain counting. */
static void place_all(struct __test_metadata *_metadata, const u64 *lens,
		      size_t nr, u64 start)
{
	u64 cursor = start, total = 0;
	u128 before = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		struct zcopy_segment segment;
		u128 done;

		memset(&segment, 0xa5, sizeof(segment));
		segment.len = lens[i];
		done = start > before ? start - before : 0;
		if (done > lens[i])
			done = lens[i];
		if (before + lens[i] > LARGEST) {
			ASSERT_EQ(-EOVERFLOW,
				  zc_desc_place(&segment, &cursor, &total));
			ASSERT_EQ((u64)before, total);
			return;
		}
		ASSERT_EQ(0, zc_desc_place(&segment, &cursor, &total));
		ASSERT_EQ((u64)done, segment.out_done);
		ASSERT_EQ(0, segment.out_copied);
		ASSERT_EQ(ZCOPY_STOP_NONE, segment.out_stop);
		ASSERT_EQ(lens[i], segment.len);
		before += lens[i];
		ASSERT_EQ((u64)before, total);
		ASSERT_EQ(start > before ? (u64)(start - before) : 0, cursor);
	}
}

/* All vectors of up to four segments of 0 to 3 bytes, from every cursor. */
TEST(place_small)
{
	u64 lens[4], start;
	unsigned int code;
	size_t nr, i;

	for (nr = 0; nr <= 4; nr++) {
		for (code = 0; code < 1U << (2 * nr); code++) {
			for (i = 0; i < nr; i++)
				lens[i] = code >> (2 * i) & 3;
			for (start = 0; start <= 3 * nr + 2; start++)
				place_all(_metadata, lens, nr, start);
		}
	}
}

TEST(place_large)
{
	u64 lens[3];
	size_t i, j, k, l;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			for (k = 0; k < ARRAY_SIZE(edges); k++) {
				lens[0] = edges[i];
				lens[1] = edges[j];
				lens[2] = edges[k];
				for (l = 0; l < ARRAY_SIZE(edges); l++)
					place_all(_metadata, lens, 3, edges[l]);
			}
		}
	}
}

TEST_HARNESS_MAIN
