// SPDX-License-Identifier: GPL-2.0
/*
 * mmap of the buffer: what a mapping shows and to whom, and that the buffer stays
 * as it is for as long as it is mapped.
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "harness.h"

static int set_buffer(int dev, uint64_t length)
{
	return zcopy_set_buffer(dev, length) ? errno : 0;
}

static unsigned char *map(int dev, int flags, size_t offset, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, dev,
		    (off_t)offset);
}

/* errno of touching memory, without a SIGSEGV: the kernel reads it for us. */
static int touch(const void *at, size_t len)
{
	char *copy = zt_alloc(len);
	struct iovec local = { copy, len };
	struct iovec remote = { (void *)at, len };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	int error = got == (ssize_t)len ? 0 : got < 0 ? errno : EFAULT;

	free(copy);
	return error;
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	while (len--) {
		if (*bytes++)
			return false;
	}
	return true;
}

FIXTURE(mapping)
{
	int dev;
	size_t page;
	size_t len; /* of the buffer */
};

FIXTURE_SETUP(mapping)
{
	self->page = zt_page_size();
	self->len = 16 * self->page;
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, set_buffer(self->dev, self->len));
}

FIXTURE_TEARDOWN(mapping)
{
	close(self->dev);
}

TEST_F(mapping, two_mappings_show_the_same)
{
	unsigned char *one = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *two = map(self->dev, MAP_SHARED, 0, self->len);

	ASSERT_NE(MAP_FAILED, one);
	ASSERT_NE(MAP_FAILED, two);
	zt_pattern(one, self->len, 1);
	EXPECT_EQ(0, memcmp(one, two, self->len));
	two[self->len - 1] ^= 1;
	EXPECT_EQ(two[self->len - 1], one[self->len - 1]);
}

/* Each open file has a buffer of its own. */
TEST_F(mapping, two_files_do_not_share)
{
	int other = zcopy_open();
	unsigned char *here, *there;

	ASSERT_LE(0, other);
	EXPECT_EQ(MAP_FAILED, map(other, MAP_SHARED, 0, self->page));
	EXPECT_EQ(ENXIO, errno);
	ASSERT_EQ(0, set_buffer(other, self->len));
	here = map(self->dev, MAP_SHARED, 0, self->len);
	there = map(other, MAP_SHARED, 0, self->len);
	ASSERT_NE(MAP_FAILED, here);
	ASSERT_NE(MAP_FAILED, there);
	memset(here, 1, self->len);
	EXPECT_TRUE(all_zero(there, self->len));
}

TEST_F(mapping, parts)
{
	unsigned char *whole = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *part;
	size_t at;

	ASSERT_NE(MAP_FAILED, whole);
	zt_pattern(whole, self->len, 2);
	for (at = 0; at < self->len; at += self->page) {
		part = map(self->dev, MAP_SHARED, at, self->len - at);
		ASSERT_NE(MAP_FAILED, part);
		ASSERT_EQ(0, memcmp(whole + at, part, self->len - at));
		ASSERT_EQ(0, munmap(part, self->len - at));
		part = map(self->dev, MAP_PRIVATE, at, self->page);
		ASSERT_NE(MAP_FAILED, part);
		ASSERT_EQ(0, memcmp(whole + at, part, self->page));
		ASSERT_EQ(0, munmap(part, self->page));
	}
}

TEST_F(mapping, beyond_the_end)
{
	const size_t page = self->page, len = self->len;
	const struct {
		size_t offset, len;
	} bad[] = {
		{ 0, len + page },
		{ 0, len + 1 },
		{ page, len },
		{ len, page },
		{ len + page, page },
		{ len - page, 2 * page },
		{ (size_t)1 << 62, page },
		{ ((size_t)1 << 63) - page, page },
		{ 0, (size_t)1 << 46 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int flags = i % 2 ? MAP_PRIVATE : MAP_SHARED;

		ASSERT_EQ(MAP_FAILED,
			  map(self->dev, flags, bad[i].offset, bad[i].len))
		TH_LOG("%zu bytes from %zu", bad[i].len, bad[i].offset);
		/* The largest ones do not get as far as to the device. */
		EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW ||
			    errno == ENOMEM);
		if (bad[i].offset + bad[i].len < 4 * len)
			EXPECT_EQ(EINVAL, errno);
	}
	/* The last page ends where the buffer ends: bytes count, not pages. */
	EXPECT_NE(MAP_FAILED, map(self->dev, MAP_SHARED, 0, len - 1));
}

TEST_F(mapping, no_buffer_no_mapping)
{
	ASSERT_EQ(0, set_buffer(self->dev, 0));
	EXPECT_EQ(MAP_FAILED, map(self->dev, MAP_SHARED, 0, self->page));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(mapping, private_copy)
{
	unsigned char *shared = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *own = map(self->dev, MAP_PRIVATE, 0, self->len);
	unsigned char byte = 0;

	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_NE(MAP_FAILED, own);
	zt_pattern(shared, self->len, 3);
	EXPECT_EQ(0, memcmp(shared, own, self->len));
	/* What one writes privately nobody else sees, by whatever way. */
	own[5] = (unsigned char)~shared[5];
	EXPECT_EQ((unsigned char)~own[5], shared[5]);
	ASSERT_EQ(1, pread(self->dev, &byte, 1, 5));
	EXPECT_EQ(shared[5], byte);
	/* And that page does not follow the buffer any more, others do. */
	shared[6] ^= 0xff;
	EXPECT_NE(shared[6], own[6]);
	shared[self->page] ^= 0xff;
	EXPECT_EQ(shared[self->page], own[self->page]);
}

TEST_F(mapping, protection)
{
	int reader = open(zcopy_device_path(), O_RDONLY | O_CLOEXEC);
	void *at;

	ASSERT_LE(0, reader);
	ASSERT_EQ(0, set_buffer(reader, self->len));
	EXPECT_EQ(MAP_FAILED, map(reader, MAP_SHARED, 0, self->len));
	EXPECT_EQ(EACCES, errno);
	at = mmap(NULL, self->len, PROT_READ, MAP_SHARED, reader, 0);
	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(-1, mprotect(at, self->len, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(mapping, fork_shares)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *own = map(self->dev, MAP_PRIVATE, 0, self->len);
	int status;
	pid_t child;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, own);
	at[0] = 1;
	own[0] = 2;
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		bool seen = at[0] == 1 && own[0] == 2;

		at[1] = 3;
		own[1] = 4;
		_exit(seen ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(3, at[1]);
	EXPECT_EQ(0, own[1]);
}

/*
 * A private mapping's page table is copied, neighbouring pages at once: each has to
 * be itself. (User-mode Linux has to be mended for that.)
 */
TEST_F(mapping, fork_copies_private)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *own = map(self->dev, MAP_PRIVATE, 0, self->len);
	size_t page = self->page, rest = self->len - page;
	int status;
	pid_t child;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, own);
	zt_pattern(at, self->len, 5);
	own[0] ^= 0xff;
	ASSERT_EQ(0, memcmp(own + page, at + page, rest));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(memcmp(own + page, at + page, rest) != 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* A child's mapping counts, also when the parent has none any more. */
TEST_F(mapping, fork_keeps_it_busy)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->len);
	int go[2], status;
	pid_t child;
	char byte;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) == 0 && at[0] == 7 ? 0 : 1);
	}
	close(go[0]);
	at[0] = 7;
	ASSERT_EQ(0, munmap(at, self->len));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, 0));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, self->len));
	close(go[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, set_buffer(self->dev, 0));
}

TEST_F(mapping, munmap_of_parts)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->len);

	ASSERT_NE(MAP_FAILED, at);
	zt_pattern(at, self->len, 4);
	ASSERT_EQ(0, munmap(at + 4 * self->page, 2 * self->page));
	EXPECT_EQ(0, touch(at + 3 * self->page, self->page));
	EXPECT_EQ(EFAULT, touch(at + 4 * self->page, 1));
	EXPECT_EQ(EFAULT, touch(at + 5 * self->page, 1));
	EXPECT_EQ(0, touch(at + 6 * self->page, self->page));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, self->page));
	ASSERT_EQ(0, munmap(at, 4 * self->page));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, self->page));
	ASSERT_EQ(0, munmap(at + 6 * self->page, self->len - 6 * self->page));
	EXPECT_EQ(0, set_buffer(self->dev, self->page));
}

TEST_F(mapping, mremap_does_not_grow)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, 4 * self->page);
	unsigned char *start = zt_alloc(self->page), *moved;

	ASSERT_NE(MAP_FAILED, at);
	zt_pattern(at, 4 * self->page, 5);
	EXPECT_EQ(MAP_FAILED,
		  mremap(at, 4 * self->page, 8 * self->page, MREMAP_MAYMOVE));
	/* To shrink and to move is harmless; the content goes along. */
	moved = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, moved);
	ASSERT_EQ(moved, mremap(at, 4 * self->page, self->page,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	ASSERT_EQ(self->page, pread(self->dev, start, self->page, 0));
	EXPECT_EQ(0, memcmp(start, moved, self->page));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, 0));
	ASSERT_EQ(0, munmap(moved, self->page));
	EXPECT_EQ(0, set_buffer(self->dev, 0));
}

TEST_F(mapping, busy_while_mapped)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->page);
	struct zcopy_info info;

	ASSERT_NE(MAP_FAILED, at);
	at[0] = 9;
	EXPECT_EQ(EBUSY, set_buffer(self->dev, self->len));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, 2 * self->len));
	EXPECT_EQ(EBUSY, set_buffer(self->dev, 0));
	EXPECT_EQ(9, at[0]);
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(self->len, info.out_buffer_length);
	ASSERT_EQ(0, munmap(at, self->page));
	EXPECT_EQ(0, set_buffer(self->dev, 2 * self->len));
}

TEST_F(mapping, mapping_outlives_the_descriptor)
{
	int dev = zcopy_open();
	unsigned char *at, *expect = zt_alloc(self->len);

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, set_buffer(dev, self->len));
	at = map(dev, MAP_SHARED, 0, self->len);
	ASSERT_NE(MAP_FAILED, at);
	zt_pattern(at, self->len / 2, 6);
	ASSERT_EQ(0, close(dev));
	zt_pattern(at, self->len, 6);
	zt_pattern(expect, self->len, 6);
	EXPECT_EQ(0, memcmp(expect, at, self->len));
	EXPECT_EQ(0, munmap(at, self->len));
}

/* The kernel's users of user memory can pin the pages: ptrace and its kin. */
TEST_F(mapping, process_vm_readv)
{
	unsigned char *at = map(self->dev, MAP_SHARED, 0, self->len);
	unsigned char *copy = zt_alloc(self->len);
	struct iovec local = { copy, self->len };
	struct iovec remote = { at, self->len };

	ASSERT_NE(MAP_FAILED, at);
	zt_pattern(at, self->len, 7);
	ASSERT_EQ(self->len,
		  process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(0, memcmp(at, copy, self->len));
	memset(copy, 0x11, self->len);
	ASSERT_EQ(self->len,
		  process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(0, memcmp(at, copy, self->len));
}

ZT_MAIN
