// SPDX-License-Identifier: GPL-2.0
/*
 * BUFFER and mmap: sizes and limits, what a mapping shows and to whom, and that
 * every page is given back.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "harness.h"

#define NOBODY 65534

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

FIXTURE(buffer)
{
	int dev;
	size_t page;
	size_t len; /* of the buffer */
};

FIXTURE_SETUP(buffer)
{
	self->page = zt_page_size();
	self->len = 16 * self->page;
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, set_buffer(self->dev, self->len));
}

FIXTURE_TEARDOWN(buffer)
{
	close(self->dev);
}

TEST_F(buffer, lengths)
{
	struct zcopy_info info;
	size_t odd;

	EXPECT_EQ(0, set_buffer(self->dev, self->page));
	for (odd = 1; odd < self->page; odd *= 2) {
		EXPECT_EQ(EINVAL, set_buffer(self->dev, odd));
		EXPECT_EQ(EINVAL, set_buffer(self->dev, self->page + odd));
		EXPECT_EQ(EINVAL, set_buffer(self->dev, self->page - odd));
	}
	EXPECT_EQ(EINVAL, set_buffer(self->dev, UINT64_MAX));
	/* A refusal leaves the buffer as it was. */
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(self->page, info.out_buffer_length);
	EXPECT_EQ(0, set_buffer(self->dev, 0));
	EXPECT_EQ(0, set_buffer(self->dev, 0));
	EXPECT_EQ(0, set_buffer(self->dev, 1000 * self->page));
}

TEST_F(buffer, above_the_cap)
{
	const uint64_t huge[] = { UINT64_C(1) << 40, UINT64_C(1) << 63,
				  UINT64_MAX & ~(uint64_t)(self->page - 1) };
	struct zcopy_info info;
	size_t i;

	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(EFBIG,
		  set_buffer(self->dev, info.out_max_buffer + self->page));
	for (i = 0; i < ARRAY_SIZE(huge); i++)
		EXPECT_EQ(EFBIG, set_buffer(self->dev, huge[i]));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(self->len, info.out_buffer_length);
}

TEST_F(buffer, is_zeroed)
{
	unsigned char *at;
	int round;

	/* The second time the pages are likely to be the dirty ones. */
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, set_buffer(self->dev, self->len));
		at = map(self->dev, MAP_SHARED, 0, self->len);
		ASSERT_NE(MAP_FAILED, at);
		ASSERT_TRUE(all_zero(at, self->len));
		memset(at, 0xee, self->len);
		ASSERT_EQ(0, munmap(at, self->len));
	}
}

TEST_F(buffer, two_mappings_show_the_same)
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
TEST_F(buffer, two_files_do_not_share)
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

TEST_F(buffer, parts)
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

TEST_F(buffer, beyond_the_end)
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

TEST_F(buffer, no_buffer_no_mapping)
{
	ASSERT_EQ(0, set_buffer(self->dev, 0));
	EXPECT_EQ(MAP_FAILED, map(self->dev, MAP_SHARED, 0, self->page));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(buffer, private_copy)
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

TEST_F(buffer, protection)
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

TEST_F(buffer, fork_shares)
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

/* A child's mapping counts, also when the parent has none any more. */
TEST_F(buffer, fork_keeps_it_busy)
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

TEST_F(buffer, munmap_of_parts)
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

TEST_F(buffer, mremap_does_not_grow)
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

TEST_F(buffer, busy_while_mapped)
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

TEST_F(buffer, mapping_outlives_the_descriptor)
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
TEST_F(buffer, process_vm_readv)
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

/* Run as an ordinary user with a limit; the exit status is the errno. */
static void limited_child(int dev, size_t limit, size_t first, size_t second)
{
	struct rlimit memlock = { limit, limit };
	int other = zcopy_open();
	int error;

	if (other < 0 || setrlimit(RLIMIT_MEMLOCK, &memlock) ||
	    setgid(NOBODY) || setuid(NOBODY))
		_exit(255);
	error = set_buffer(dev, first);
	if (!error)
		error = set_buffer(other, second);
	/* What is given back can be had again. */
	if (error && !set_buffer(dev, 0) && set_buffer(other, second))
		error = 254;
	_exit(error);
}

static int in_limited_child(size_t limit, size_t first, size_t second)
{
	int dev = zcopy_open(), status;
	pid_t child = fork();

	if (dev < 0 || child < 0)
		zt_die("fork");
	if (!child)
		limited_child(dev, limit, first, second);
	if (waitpid(child, &status, 0) != child)
		zt_die("waitpid");
	close(dev);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(buffer, memlock_limit)
{
	const size_t limit = MIB;

	if (geteuid())
		ZT_SKIP("only root can become somebody else");
	EXPECT_EQ(0, in_limited_child(limit, limit / 2, limit / 2));
	EXPECT_EQ(ENOBUFS, in_limited_child(limit, limit, self->page));
	EXPECT_EQ(ENOBUFS, in_limited_child(limit, self->page, limit));
	EXPECT_EQ(ENOBUFS,
		  in_limited_child(limit, limit + self->page, self->page));
	/* Those who came before have left nothing behind in the account. */
	EXPECT_EQ(0, in_limited_child(limit, limit / 2, limit / 2));
}

/* Root has CAP_IPC_LOCK and no limit, as with mlock(2). */
TEST_F(buffer, memlock_limit_is_not_for_root)
{
	struct rlimit none = { 0, 0 };

	if (geteuid())
		ZT_SKIP("only root has CAP_IPC_LOCK");
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	EXPECT_EQ(0, set_buffer(self->dev, self->len));
}

static bool memory_is_free(void *arg)
{
	return zt_meminfo("MemFree") >= *(uint64_t *)arg;
}

/*
 * Free pages may rest on per-CPU lists, where MemFree does not see them: one
 * round cannot tell them from a leak, ten rounds can.
 */
TEST_F(buffer, pages_come_back)
{
	const size_t len = 64 * MIB, rounds = 10;
	uint64_t enough;
	size_t i;

	ASSERT_EQ(0, set_buffer(self->dev, len));
	ASSERT_EQ(0, set_buffer(self->dev, 0));
	enough = zt_meminfo("MemFree") - 3 * len;
	for (i = 0; i < rounds; i++) {
		int dev = zcopy_open();

		ASSERT_LE(0, dev);
		ASSERT_EQ(0, set_buffer(dev, len));
		/* Half of the rounds leave it to the last close(). */
		ASSERT_EQ(0, set_buffer(dev, i % 2 ? 0 : len));
		ASSERT_EQ(0, close(dev));
	}
	EXPECT_TRUE(zt_wait_until(memory_is_free, &enough, 10));
}

ZT_MAIN
