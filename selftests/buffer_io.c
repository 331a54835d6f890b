// SPDX-License-Identifier: GPL-2.0
/*
 * The buffer by ways other than memory access: read, write, seek and splice on
 * the device, and the kernel's users of pinned memory on the mapping.
 */
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(buffer_io)
{
	int dev;
	size_t page;
	size_t len;
	unsigned char *map;
	unsigned char *expect; /* what the buffer holds */
	unsigned char *copy;   /* room for as much */
};

FIXTURE_SETUP(buffer_io)
{
	self->page = zt_page_size();
	self->len = 64 * self->page;
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, self->len));
	self->map = zcopy_map_buffer(self->dev, self->len);
	ASSERT_NE(NULL, self->map);
	self->expect = zt_alloc(self->len);
	self->copy = zt_alloc(2 * self->len);
	zt_pattern(self->expect, self->len, 11);
	memcpy(self->map, self->expect, self->len);
}

FIXTURE_TEARDOWN(buffer_io)
{
	munmap(self->map, self->len);
	close(self->dev);
	free(self->expect);
	free(self->copy);
}

TEST_F(buffer_io, no_buffer)
{
	int other = zcopy_open();
	char byte = 0;
	int pipes[2];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-1, read(other, &byte, 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, write(other, &byte, 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, splice(other, NULL, pipes[1], NULL, 1, 0));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(0, lseek(other, 0, SEEK_END));
}

TEST_F(buffer_io, pread)
{
	static const size_t at[] = { 0, 1, 4095, 4096, 4097, 100000 };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		len = self->len - at[i];
		ASSERT_EQ(len, pread(self->dev, self->copy, 2 * self->len,
				     (off_t)at[i]));
		ASSERT_EQ(0, memcmp(self->expect + at[i], self->copy, len));
		ASSERT_EQ(17, pread(self->dev, self->copy, 17, (off_t)at[i]));
		ASSERT_EQ(0, memcmp(self->expect + at[i], self->copy, 17));
	}
	EXPECT_EQ(1, pread(self->dev, self->copy, 2, (off_t)self->len - 1));
	EXPECT_EQ(0, pread(self->dev, self->copy, 1, (off_t)self->len));
	EXPECT_EQ(0, pread(self->dev, self->copy, 1, INT64_MAX / 2));
	EXPECT_EQ(-1, pread(self->dev, self->copy, 1, -1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(buffer_io, pwrite)
{
	static const size_t at[] = { 0, 1, 4095, 4096, 4097, 100000 };
	size_t i;

	zt_pattern(self->copy, self->len, 12);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		ASSERT_EQ(5000, pwrite(self->dev, self->copy + i, 5000,
				       (off_t)at[i]));
		memcpy(self->expect + at[i], self->copy + i, 5000);
		ASSERT_EQ(0, memcmp(self->expect, self->map, self->len));
	}
	/* Short at the end, ENOSPC behind it, and nothing spills. */
	EXPECT_EQ(10,
		  pwrite(self->dev, self->copy, 100, (off_t)self->len - 10));
	memcpy(self->expect + self->len - 10, self->copy, 10);
	EXPECT_EQ(-1, pwrite(self->dev, self->copy, 1, (off_t)self->len));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, memcmp(self->expect, self->map, self->len));
}

/* What cat and dd do: read until 0, write until ENOSPC. */
TEST_F(buffer_io, sequential)
{
	size_t got = 0;
	ssize_t ret;

	while ((ret = read(self->dev, self->copy + got, 10007)) > 0)
		got += (size_t)ret;
	EXPECT_EQ(0, ret);
	ASSERT_EQ(self->len, got);
	EXPECT_EQ(0, memcmp(self->expect, self->copy, got));
	EXPECT_EQ(self->len, lseek(self->dev, 0, SEEK_CUR));

	ASSERT_EQ(0, lseek(self->dev, 0, SEEK_SET));
	zt_pattern(self->copy, self->len, 13);
	got = 0;
	while ((ret = write(self->dev, self->copy + got, 10007)) > 0)
		got += (size_t)ret;
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(self->len, got);
	EXPECT_EQ(0, memcmp(self->copy, self->map, self->len));
}

TEST_F(buffer_io, lseek)
{
	EXPECT_EQ(100, lseek(self->dev, 100, SEEK_SET));
	EXPECT_EQ(150, lseek(self->dev, 50, SEEK_CUR));
	EXPECT_EQ(self->len, lseek(self->dev, 0, SEEK_END));
	EXPECT_EQ(self->len - 5, lseek(self->dev, -5, SEEK_END));
	EXPECT_EQ(5, read(self->dev, self->copy, 100));
	EXPECT_EQ(-1, lseek(self->dev, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(self->len, lseek(self->dev, 0, SEEK_CUR));
}

TEST_F(buffer_io, vectors)
{
	struct iovec parts[] = {
		{ self->copy, 1 },
		{ self->copy + 1, 4096 },
		{ self->copy + 4097, 0 },
		{ self->copy + 4097, 70001 },
	};

	ASSERT_EQ(74098, preadv(self->dev, parts, ARRAY_SIZE(parts), 3));
	EXPECT_EQ(0, memcmp(self->expect + 3, self->copy, 74098));
	zt_pattern(self->copy, 74098, 14);
	ASSERT_EQ(74098, pwritev(self->dev, parts, ARRAY_SIZE(parts), 3));
	EXPECT_EQ(0, memcmp(self->map + 3, self->copy, 74098));
}

TEST_F(buffer_io, bad_memory)
{
	void *hole = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole + self->page, self->page));
	EXPECT_EQ(-1, pread(self->dev, hole + self->page, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pwrite(self->dev, hole + self->page, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	/* What could be copied before the hole counts. */
	EXPECT_EQ(self->page, pread(self->dev, hole, 2 * self->page, 0));
	EXPECT_EQ(0, memcmp(self->expect, hole, self->page));
}

/* A read of the device into its own mapping, and a write from it. */
TEST_F(buffer_io, onto_itself)
{
	ASSERT_EQ(self->page,
		  pread(self->dev, self->map + 8 * self->page, self->page, 0));
	EXPECT_EQ(0, memcmp(self->map, self->map + 8 * self->page, self->page));
	ASSERT_EQ(self->page, pwrite(self->dev, self->map + self->page,
				     self->page, 9 * (off_t)self->page));
	EXPECT_EQ(0, memcmp(self->map + self->page, self->map + 9 * self->page,
			    self->page));
}

TEST_F(buffer_io, sendfile)
{
	struct zt_receiver receiver;
	struct zt_pair pair;
	off_t offset = 123;
	size_t left = self->len - 123;
	ssize_t ret = 1;

	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_receiver_start(&receiver, pair.rx, self->expect + 123, left);
	while (left && ret > 0) {
		ret = sendfile(pair.tx, self->dev, &offset, self->len);
		left -= ret > 0 ? (size_t)ret : 0;
	}
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, sendfile(pair.tx, self->dev, &offset, 1));
	shutdown(pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	zt_pair_close(&pair);
}

TEST_F(buffer_io, splice_to_pipe)
{
	size_t got = 0;
	loff_t offset = 77;
	int pipes[2];
	ssize_t ret;

	ASSERT_EQ(0, pipe(pipes));
	while (got < self->len - 77) {
		ret = splice(self->dev, &offset, pipes[1], NULL, self->len, 0);
		ASSERT_LT(0, ret);
		ASSERT_EQ(ret, zt_read_full(pipes[0], self->copy + got,
					    (size_t)ret));
		got += (size_t)ret;
	}
	EXPECT_EQ(0, splice(self->dev, &offset, pipes[1], NULL, 1, 0));
	EXPECT_EQ(0, memcmp(self->expect + 77, self->copy, got));
}

TEST_F(buffer_io, splice_from_pipe)
{
	loff_t offset = 4000;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	zt_pattern(self->copy, 9000, 15);
	ASSERT_EQ(9000, write(pipes[1], self->copy, 9000));
	ASSERT_EQ(9000, splice(pipes[0], NULL, self->dev, &offset, 9000, 0));
	memcpy(self->expect + 4000, self->copy, 9000);
	EXPECT_EQ(0, memcmp(self->expect, self->map, self->len));
}

/* Pages that sit in a pipe stay what they are when the buffer goes. */
TEST_F(buffer_io, spliced_pages_outlive_the_buffer)
{
	loff_t offset = 0;
	int pipes[2];
	ssize_t ret;

	ASSERT_EQ(0, pipe(pipes));
	ret = splice(self->dev, &offset, pipes[1], NULL, 8 * self->page, 0);
	ASSERT_EQ(8 * self->page, ret);
	ASSERT_EQ(0, munmap(self->map, self->len));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, self->len));
	zt_pattern(self->copy, self->len, 16);
	ASSERT_EQ(self->len, pwrite(self->dev, self->copy, self->len, 0));
	ASSERT_EQ(ret, zt_read_full(pipes[0], self->copy, (size_t)ret));
	EXPECT_EQ(0, memcmp(self->expect, self->copy, (size_t)ret));
	self->map = zcopy_map_buffer(self->dev, self->len);
	ASSERT_NE(NULL, self->map);
}

/* A disk reads straight into the buffer, and writes straight from it. */
TEST_F(buffer_io, direct_io)
{
	int file, direct;

	file = zt_file(zt_disk_dir(), self->expect, self->len);
	ASSERT_EQ(0, fsync(file));
	direct = open(zt_self_path(file), O_RDWR | O_DIRECT | O_CLOEXEC);
	if (direct < 0)
		ZT_SKIP("O_DIRECT in %s: %s", zt_disk_dir(), strerror(errno));
	memset(self->map, 0, self->len);
	ASSERT_EQ(self->len, pread(direct, self->map, self->len, 0));
	EXPECT_EQ(0, memcmp(self->expect, self->map, self->len));

	zt_pattern(self->map, self->len, 17);
	ASSERT_EQ(self->len, pwrite(direct, self->map, self->len, 0));
	ASSERT_EQ(self->len, pread(file, self->copy, self->len, 0));
	EXPECT_EQ(0, memcmp(self->map, self->copy, self->len));
	close(direct);
	close(file);
}

static bool zerocopy_is_done(void *arg)
{
	char control[128];
	struct msghdr msg = { .msg_control = control,
			      .msg_controllen = sizeof(control) };

	return recvmsg(*(int *)arg, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
}

/* MSG_ZEROCOPY pins the mapping's pages like any other memory. */
TEST_F(buffer_io, msg_zerocopy)
{
	struct zt_receiver receiver;
	struct zt_pair pair;
	int on = 1;

	zt_pair_open(&pair, ZT_TCP4, 0);
	ASSERT_EQ(0, setsockopt(pair.tx, SOL_SOCKET, SO_ZEROCOPY, &on,
				sizeof(on)));
	zt_receiver_start(&receiver, pair.rx, self->expect, self->len);
	ASSERT_EQ(self->len, send(pair.tx, self->map, self->len, MSG_ZEROCOPY));
	shutdown(pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	EXPECT_TRUE(zt_wait_until(zerocopy_is_done, &pair.tx, 10));
	zt_pair_close(&pair);
}

ZT_MAIN
