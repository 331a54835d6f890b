// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer's pages are charged to the memory cgroup of who asked for it. The
 * cgroup tree is mounted in a mount namespace of our own; the groups that are
 * made in it are removed in the end.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness.h"

#define ROOT "/tmp"
#define GROUP ROOT "/zcopy-test"

FIXTURE(memcg)
{
	int dev;
};

static bool number_of_file(const char *path, uint64_t *number)
{
	const char *line = zt_read_line(path);

	if (line)
		*number = strtoull(line, NULL, 10);
	return line;
}

/* The sum over the group, slab and page tables included. */
static uint64_t charged(void)
{
	uint64_t bytes;

	if (!number_of_file(GROUP "/memory.current", &bytes))
		zt_die(GROUP "/memory.current");
	return bytes;
}

static const char *no_memory_groups(void)
{
	if (geteuid())
		return "only root can make cgroups";
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "cannot get a mount namespace";
	if (mount("none", ROOT, "cgroup2", 0, NULL))
		return "cannot mount cgroup2";
	zt_write_line(ROOT "/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return "cannot make a cgroup";
	if (access(GROUP "/memory.current", R_OK))
		return "the memory controller belongs to cgroup v1";
	return NULL;
}

FIXTURE_SETUP(memcg)
{
	const char *reason = no_memory_groups();

	if (reason)
		ZT_SKIP("%s", reason);
	ASSERT_TRUE(zt_write_line(GROUP "/cgroup.procs", "0"));
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(memcg)
{
	close(self->dev);
	zt_write_line(ROOT "/cgroup.procs", "0");
	rmdir(GROUP);
}

static bool little_is_charged(void *arg)
{
	return charged() <= *(uint64_t *)arg;
}

TEST_F(memcg, pages_are_charged_and_returned)
{
	const size_t len = 32 * MIB, slack = 4 * MIB;
	uint64_t before = charged(), little = before + slack;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, len));
	EXPECT_LE(before + len - slack, charged());
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	EXPECT_TRUE(zt_wait_until(little_is_charged, &little, 20));
}

/* Beyond memory.max it is ENOMEM, and nobody gets killed for it. */
TEST_F(memcg, limit_gives_enomem)
{
	struct zcopy_info info;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, zt_page_size()));
	ASSERT_TRUE(zt_write_line(GROUP "/memory.max", "16777216"));
	EXPECT_EQ(-1, zcopy_set_buffer(self->dev, 64 * MIB));
	EXPECT_EQ(ENOMEM, errno);
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(zt_page_size(), info.out_buffer_length);
}

ZT_MAIN
