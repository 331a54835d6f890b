// SPDX-License-Identifier: GPL-2.0
/*
 * SEND with bad arguments: each gets the errno that the header gives it,
 * nothing is sent, nothing leaks, and the next good send works as if nothing
 * had been.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "errors.h"

#define LARGEST ((uint64_t)INT64_MAX)

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/*
 * A bad segment alone, behind good ones and before good ones. All of the vector
 * is checked before anything is sent.
 */
static int segment_error(FIXTURE_DATA(errors) * self,
			 const struct zcopy_segment *bad)
{
	struct zcopy_segment segments[4];
	struct zcopy_send send;
	int error[3], at;

	for (at = 0; at < 3; at++) {
		zcopy_segment_user(&segments[0], self->memory, self->page);
		zcopy_segment_file(&segments[1], self->file, 0, 100);
		zcopy_segment_zero(&segments[2], 100);
		segments[at] = *bad;
		zcopy_send_init(&send, self->pair.tx, segments, at ? 3 : 1);
		error[at] = send_error(self->dev, &send);
	}
	return error[0] == error[1] && error[1] == error[2] ? error[0] : -1;
}

static int file_error(FIXTURE_DATA(errors) * self, int fd)
{
	struct zcopy_segment bad;

	zcopy_segment_file(&bad, fd, 0, 100);
	return segment_error(self, &bad);
}

TEST_F(errors, unknown_types)
{
	static const uint32_t types[] = { 0,   5,	 6,	    255,
					  256, 1U << 31, UINT32_MAX };
	struct zcopy_segment bad = { .len = 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		bad.type = types[i];
		EXPECT_EQ(EINVAL, segment_error(self, &bad));
		bad.len = 0;
		EXPECT_EQ(EINVAL, segment_error(self, &bad));
		bad.len = 1;
	}
}

TEST_F(errors, segment_flags)
{
	struct zcopy_segment bad[4];
	uint32_t flag;
	int i;

	zcopy_segment_file(&bad[0], self->file, 0, 1);
	zcopy_segment_buffer(&bad[1], 0, 1);
	zcopy_segment_user(&bad[2], self->memory, 1);
	zcopy_segment_zero(&bad[3], 1);
	for (flag = 1; flag; flag <<= 1) {
		for (i = 0; i < 4; i++) {
			bad[i].flags = flag;
			EXPECT_EQ(EINVAL, segment_error(self, &bad[i]))
			TH_LOG("type %u flag %#x", bad[i].type, flag);
		}
	}
}

TEST_F(errors, unused_members)
{
	struct zcopy_segment bad[3];
	int fds[] = { 1, -1, 0x10000, self->file, INT32_MIN }, i;
	size_t j;

	zcopy_segment_buffer(&bad[0], 0, 1);
	zcopy_segment_user(&bad[1], self->memory, 1);
	zcopy_segment_zero(&bad[2], 1);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < ARRAY_SIZE(fds); j++) {
			bad[i].fd = fds[j];
			EXPECT_EQ(EINVAL, segment_error(self, &bad[i]));
		}
	}
	zcopy_segment_zero(&bad[2], 1);
	for (j = 0; j < 64; j++) {
		bad[2].offset = UINT64_C(1) << j;
		EXPECT_EQ(EINVAL, segment_error(self, &bad[2]));
	}
}

TEST_F(errors, file_descriptors)
{
	int closed = dup(self->file), path;

	close(closed);
	EXPECT_EQ(EBADF, file_error(self, closed));
	EXPECT_EQ(EBADF, file_error(self, -1));
	EXPECT_EQ(EBADF, file_error(self, -100)); /* AT_FDCWD */
	EXPECT_EQ(EBADF, file_error(self, INT32_MAX));
	EXPECT_EQ(EBADF, file_error(self, INT32_MIN));
	path = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	EXPECT_EQ(EBADF, file_error(self, path));
	close(path);
}

TEST_F(errors, files_not_open_for_reading)
{
	int only_write = zt_reopen(self->file, O_WRONLY);
	int append = zt_reopen(self->file, O_WRONLY | O_APPEND);

	EXPECT_EQ(EACCES, file_error(self, only_write));
	EXPECT_EQ(EACCES, file_error(self, append));
	close(only_write);
	close(append);
}

TEST_F(errors, not_files)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int event = eventfd(1, EFD_CLOEXEC), epoll = epoll_create1(0);
	int pipes[2];

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(100, write(pipes[1], self->memory, 100));
	EXPECT_EQ(EISDIR, file_error(self, dir));
	EXPECT_EQ(ESPIPE, file_error(self, pipes[0]));
	EXPECT_EQ(ESPIPE, file_error(self, self->pair.rx));
	EXPECT_EQ(ESPIPE, file_error(self, self->pair.tx));
	EXPECT_EQ(ESPIPE, file_error(self, event));
	EXPECT_EQ(ESPIPE, file_error(self, epoll));
	close(dir);
	close(event);
	close(epoll);
	close(pipes[0]);
	close(pipes[1]);
}

/* Memory that must not reach a socket by way of the page cache. */
TEST_F(errors, files_that_keep_their_pages)
{
	int huge = memfd_create("huge", MFD_HUGETLB | MFD_CLOEXEC);
	int secret = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	if (huge >= 0) {
		ASSERT_EQ(0, ftruncate(huge, 2 * MIB));
		EXPECT_EQ(ENODEV, file_error(self, huge));
		close(huge);
	} else {
		EXPECT_TRUE(zt_user_mode_linux());
	}
	ASSERT_LE(0, memory);
	EXPECT_EQ(ENODEV, file_error(self, memory));
	if (secret >= 0) {
		ASSERT_EQ(0, ftruncate(secret, (off_t)self->page));
		EXPECT_EQ(ESPIPE, file_error(self, secret));
		close(secret);
	}
	close(memory);
}

TEST_F(errors, file_offsets)
{
	const struct {
		uint64_t offset, len;
	} bad[] = {
		{ LARGEST + 1, 0 },
		{ LARGEST + 1, 1 },
		{ LARGEST, 1 },
		{ 1, LARGEST },
		{ 0, LARGEST + 1 },
		{ LARGEST / 2 + 2, LARGEST / 2 + 1 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT64_MAX - 1 },
		{ 1, UINT64_MAX - 1 },
		{ LARGEST + 1, ZCOPY_TO_END },
		{ UINT64_MAX, ZCOPY_TO_END },
	};
	struct zcopy_segment segment;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		zcopy_segment_file(&segment, self->file, bad[i].offset,
				   bad[i].len);
		EXPECT_EQ(EOVERFLOW, segment_error(self, &segment))
		TH_LOG("case %zu", i);
	}
}

/* ZCOPY_TO_END is for files; elsewhere it is a length that is too large. */
TEST_F(errors, lengths)
{
	struct zcopy_segment segment;
	int error;

	zcopy_segment_zero(&segment, ZCOPY_TO_END);
	EXPECT_EQ(EOVERFLOW, segment_error(self, &segment));
	zcopy_segment_zero(&segment, LARGEST + 1);
	EXPECT_EQ(EOVERFLOW, segment_error(self, &segment));
	zcopy_segment_buffer(&segment, 0, ZCOPY_TO_END);
	EXPECT_EQ(EOVERFLOW, segment_error(self, &segment));
	zcopy_segment_buffer(&segment, UINT64_MAX, 1);
	EXPECT_EQ(EOVERFLOW, segment_error(self, &segment));
	zcopy_segment_user(&segment, self->memory, ZCOPY_TO_END);
	EXPECT_EQ(EOVERFLOW, segment_error(self, &segment));
	/* No such memory, or no such offset: both are said of addresses. */
	zcopy_segment_user(&segment, (void *)(UINTPTR_MAX << 47), 1);
	error = segment_error(self, &segment);
	EXPECT_TRUE(error == EFAULT || error == EOVERFLOW);
	zcopy_segment_user(&segment, (void *)UINTPTR_MAX, UINT64_MAX);
	error = segment_error(self, &segment);
	EXPECT_TRUE(error == EFAULT || error == EOVERFLOW);
}

TEST_F(errors, sum_of_lengths)
{
	struct zcopy_segment segments[3];
	struct zcopy_send send;

	zcopy_segment_zero(&segments[0], LARGEST);
	zcopy_segment_zero(&segments[1], 1);
	zcopy_send_init(&send, self->pair.tx, segments, 2);
	EXPECT_EQ(EOVERFLOW, send_error(self->dev, &send));
	zcopy_segment_zero(&segments[0], LARGEST / 2);
	zcopy_segment_zero(&segments[1], LARGEST / 2);
	zcopy_segment_file(&segments[2], self->file, 0, ZCOPY_TO_END);
	zcopy_send_init(&send, self->pair.tx, segments, 3);
	EXPECT_EQ(EOVERFLOW, send_error(self->dev, &send));
	zcopy_segment_user(&segments[0], self->memory, 2);
	zcopy_segment_file(&segments[2], self->file, 0, LARGEST);
	zcopy_send_init(&send, self->pair.tx, segments, 3);
	EXPECT_EQ(EOVERFLOW, send_error(self->dev, &send));
}

TEST_F(errors, buffer_ranges)
{
	const uint64_t len = 4 * self->page;
	const struct {
		uint64_t offset, len;
	} bad[] = {
		{ 0, len + 1 }, { len, 1 },	{ 1, len },	{ len - 1, 2 },
		{ len + 1, 0 }, { LARGEST, 0 }, { 0, LARGEST }, { len * 2, 1 },
	};
	struct zcopy_segment segment;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		zcopy_segment_buffer(&segment, bad[i].offset, bad[i].len);
		EXPECT_EQ(ERANGE, segment_error(self, &segment))
		TH_LOG("case %zu", i);
	}
}

TEST_F(errors, no_buffer)
{
	struct zcopy_segment segment;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	zcopy_segment_buffer(&segment, 0, 1);
	EXPECT_EQ(ENXIO, segment_error(self, &segment));
}

TEST_F(errors, cursor)
{
	static const uint64_t beyond[] = { 101,	    102,	 4096,
					   LARGEST, LARGEST + 1, UINT64_MAX };
	struct zcopy_segment segments[2];
	struct zcopy_send send;
	size_t i;

	zcopy_segment_zero(&segments[0], 60);
	zcopy_segment_zero(&segments[1], 40);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		zcopy_send_init(&send, self->pair.tx, segments, 2);
		send.done = beyond[i];
		EXPECT_EQ(ERANGE, send_error(self->dev, &send));
	}
	zcopy_send_init(&send, self->pair.tx, segments, 0);
	send.done = 1;
	EXPECT_EQ(ERANGE, send_error(self->dev, &send));
}

TEST_F(errors, too_many_segments)
{
	static const uint32_t many[] = { ZCOPY_MAX_SEGMENTS + 1, 1U << 20,
					 (1U << 31) / 48, 1U << 31,
					 UINT32_MAX };
	struct zcopy_segment segment;
	struct zcopy_send send;
	size_t i;

	zcopy_segment_zero(&segment, 1);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		zcopy_send_init(&send, self->pair.tx, &segment, many[i]);
		EXPECT_EQ(EMSGSIZE, send_error(self->dev, &send));
	}
}

/* A failed call must let go of files: closing them frees them. */
TEST_F(errors, no_file_leaks)
{
	struct zcopy_segment segments[3];
	struct zcopy_send send;
	long before = zt_open_files();
	int round, fds[2];

	for (round = 0; round < 500; round++) {
		fds[0] = zt_memory_file(self->memory, 10);
		fds[1] = zt_reopen(fds[0], O_WRONLY);
		zcopy_segment_file(&segments[0], fds[0], 0, 10);
		zcopy_segment_file(&segments[1], fds[0], 0, ZCOPY_TO_END);
		zcopy_segment_file(&segments[2], fds[1], 0, 10);
		zcopy_send_init(&send, self->pair.tx, segments, 3);
		ASSERT_EQ(EACCES, send_error(self->dev, &send));
		send.socket = fds[0];
		ASSERT_EQ(ENOTSOCK, send_error(self->dev, &send));
		close(fds[0]);
		close(fds[1]);
	}
	EXPECT_GT(before + 200, zt_open_files());
}

ZT_MAIN
