// SPDX-License-Identifier: GPL-2.0
/*
 * BUFFER: sizes and limits, who pays for it, and that every page is given back.
 */
#include <sys/resource.h>

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
