// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer's pages are charged to the memory cgroup of who asked for it; what a
 * SEND needs, to that of who sends. And a SEND at that group's limit. The cgroup
 * tree is mounted in a mount namespace of our own; the groups that are made in it
 * are removed in the end. (The kernel's reports of processes that are killed for
 * their group's memory are no complaints if the group is ours: vm/splat.sh.)
 */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
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

/* ---- SEND at the limit ---- */

#define CONTENT (16 * MIB)
/* More than what the kernel charges in advance, less than what is sent. */
#define LITTLE (3 * MIB)
/* The socket's own limit comes later than the group's. */
#define ROOM (64 * MIB)

FIXTURE(limit)
{
	unsigned char *content;
	int listener;
	int rx;
	int file;
	pid_t sender;
	int references;
	struct zt_vector vector;
	struct zt_receiver receiver;
};

FIXTURE_VARIANT(limit)
{
	enum zt_family family;
	bool file; /* by reference: then the socket's memory is what counts */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(limit, tcp_file) {
	.family = ZT_TCP4,
	.file = true,
};

FIXTURE_VARIANT_ADD(limit, tcp_user) {
	.family = ZT_TCP6,
};

FIXTURE_VARIANT_ADD(limit, unix_user) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(limit)
{
	const char *reason = no_memory_groups();

	if (reason)
		ZT_SKIP("%s", reason);
	self->references = zt_module_references();
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 61);
	self->file = zt_memory_file(self->content, CONTENT);
	self->listener = zt_listen(variant->family, 0);
	zt_vector_init(&self->vector);
	if (variant->file)
		zt_add_file(&self->vector, self->file, self->content, 0,
			    CONTENT);
	else
		zt_add_user(&self->vector, self->content, CONTENT);
}

static bool group_can_go(void *arg)
{
	return !rmdir(GROUP);
}

FIXTURE_TEARDOWN(limit)
{
	zt_vector_free(&self->vector);
	close(self->rx);
	close(self->listener);
	close(self->file);
	free(self->content);
	EXPECT_TRUE(zt_wait_until(group_can_go, NULL, 10));
}

/* How often something has happened to the group. */
static uint64_t events(const char *name)
{
	FILE *file = fopen(GROUP "/memory.events", "re");
	unsigned long long count;
	char word[32];

	if (!file)
		zt_die(GROUP "/memory.events");
	while (fscanf(file, "%31s %llu", word, &count) == 2) {
		if (!strcmp(word, name)) {
			fclose(file);
			return count;
		}
	}
	zt_die(name);
}

/* From here on, there is hardly any memory for this process. */
static void enter_and_limit(void)
{
	char text[32];

	if (!zt_write_line(GROUP "/cgroup.procs", "0"))
		zt_die("cgroup.procs");
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)(charged() + LITTLE));
	if (!zt_write_line(GROUP "/memory.max", text))
		zt_die("memory.max");
}

/* What can be said to a caller that is not killed. */
static bool is_no_memory(const struct zt_call *call)
{
	int error = call->ret ? call->error : (int)call->send.out_error;

	return error == ENOMEM || error == ENOBUFS;
}

/* The sender's life: it exits with 0 once the whole vector has been taken. */
static _Noreturn void send_at_limit(FIXTURE_DATA(limit) * self,
				    enum zt_family family)
{
	const int room = ROOM;
	struct zt_call call;
	int dev = zcopy_open(), tx;

	/* A socket is charged to the group in which it was made. */
	enter_and_limit();
	tx = zt_connect(self->listener, family, 0);
	if (setsockopt(tx, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		zt_die("SO_SNDBUFFORCE");
	zt_call_init(&call, tx, &self->vector, 0);
	for (;;) {
		const char *wrong;

		zt_call(dev, &call);
		wrong = zt_inconsistency(&call);
		if (*wrong || (call.send.out_stop != ZCOPY_STOP_COMPLETE &&
			       !is_no_memory(&call))) {
			fprintf(stderr, "# %s; stop %u, %s\n", wrong,
				call.send.out_stop, strerror(call.error));
			_exit(1);
		}
		if (call.send.out_stop == ZCOPY_STOP_COMPLETE)
			_exit(0);
		usleep(1000);
	}
}

/* A process with this chance to be killed, a thousand at the most. */
static pid_t fork_victim(const char *oom_score_adj)
{
	pid_t child = fork();

	if (child < 0)
		zt_die("fork");
	if (!child) {
		alarm(60 * zt_slack());
		if (!zt_write_line("/proc/self/oom_score_adj", oom_score_adj))
			zt_die("oom_score_adj");
	}
	return child;
}

static void start_sender(struct __test_metadata *_metadata,
			 FIXTURE_DATA(limit) * self, enum zt_family family,
			 const char *oom_score_adj)
{
	self->sender = fork_victim(oom_score_adj);
	if (!self->sender)
		send_at_limit(self, family);
	self->rx = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, self->rx);
}

static bool was_at_limit(void *arg)
{
	return events("max") > 0;
}

/* Nobody may be killed: the call says ENOMEM, or waits, and loses nothing. */
TEST_F(limit, who_is_spared_goes_on)
{
	int status;

	start_sender(_metadata, self, variant->family, "-1000");
	EXPECT_TRUE(zt_wait_until(was_at_limit, NULL, 20));
	zt_receiver_start(&self->receiver, self->rx, self->content, CONTENT);
	ASSERT_EQ(self->sender, waitpid(self->sender, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("", zt_receiver_finish(&self->receiver));
	EXPECT_EQ(0, events("oom_kill"));
	EXPECT_TRUE(zt_module_is_left(self->references, 10));
}

/* Needs so much memory of the group's that somebody has to go. */
static _Noreturn void use_memory(void)
{
	volatile unsigned char *memory = zt_alloc(ROOM);
	size_t i;

	if (!zt_write_line(GROUP "/cgroup.procs", "0"))
		zt_die("cgroup.procs");
	for (i = 0; i < ROOM; i += zt_page_size())
		memory[i] = 1;
	_exit(0);
}

/* It dies in the middle of its SEND; what the socket took before, comes. */
TEST_F(limit, who_is_killed_leaves_nothing)
{
	unsigned char *came = zt_alloc(CONTENT);
	pid_t other;
	size_t got;
	int status;

	start_sender(_metadata, self, variant->family, "1000");
	ASSERT_TRUE(zt_wait_until(zt_has_come, &self->rx, 20));
	ASSERT_TRUE(zt_wait_until(was_at_limit, NULL, 20));
	other = fork_victim("0");
	if (!other)
		use_memory();
	ASSERT_EQ(self->sender, waitpid(self->sender, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_LE(1, events("oom_kill"));
	EXPECT_TRUE(zt_module_is_left(self->references, 10));
	got = zt_read_full(self->rx, came, CONTENT);
	EXPECT_LT(0, got);
	EXPECT_LT(got, CONTENT);
	EXPECT_EQ(0, memcmp(self->content, came, got));
	ASSERT_EQ(other, waitpid(other, &status, 0));
	free(came);
}

ZT_MAIN
