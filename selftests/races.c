// SPDX-License-Identifier: GPL-2.0
/*
 * Things that end while others go on: the module, a program, the memory, the
 * file system's readiness to be written. And very many of one thing.
 *
 * Elsewhere: threads on one context, processes that are killed (concurrency.c),
 * descriptors that are closed during a SEND (sockets.c), buffers that are mapped
 * and inherited (mapping.c), all of it at random (fuzz/).
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "harness.h"

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

/* ---- the module is unloaded, or not, whatever is going on ---- */

#define USERS 3
#define LOADS 10

struct user {
	pthread_t thread;
	const char *verdict;
};

static atomic_bool stop;
static atomic_uint rounds; /* of all users, that met a loaded module */

/* Sends a page of its buffer and closes everything but the socket at once. */
static const char *use_once(int dev)
{
	unsigned char content[4096], came[4096];
	struct zcopy_segment segment;
	const char *verdict = "";
	struct zcopy_send send;
	struct zt_pair pair;
	void *map = NULL;

	zt_pattern(content, sizeof(content), 31);
	zt_pair_open(&pair, ZT_UNIX, 0);
	if (!zcopy_set_buffer(dev, zt_page_size()))
		map = zcopy_map_buffer(dev, zt_page_size());
	if (!map)
		zt_die("buffer");
	memcpy(map, content, sizeof(content));
	zcopy_segment_buffer(&segment, 0, sizeof(content));
	zcopy_send_init(&send, pair.tx, &segment, 1);
	if (zcopy_send_all(dev, &send, NULL))
		verdict = "SEND failed";
	close(dev);
	munmap(map, zt_page_size());
	/* Now the module may go. Its pages may not. */
	sched_yield();
	if (zt_read_full(pair.rx, came, sizeof(came)) != sizeof(came) ||
	    memcmp(content, came, sizeof(came)) != 0)
		verdict = "the bytes are wrong";
	zt_pair_close(&pair);
	return verdict;
}

static void *use_repeatedly(void *arg)
{
	struct user *user = arg;

	user->verdict = "";
	while (!stop && !*user->verdict) {
		int dev = zcopy_open();

		if (dev < 0) {
			sched_yield();
			continue;
		}
		user->verdict = use_once(dev);
		rounds++;
		/* Else the module is hardly ever free to go. */
		usleep(1000);
	}
	return NULL;
}

static long load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return ret;
}

static bool is_in_use(void *arg)
{
	return rounds > *(unsigned int *)arg + USERS;
}

/* Unload as soon as nobody holds it for a moment, and load it again. */
static const char *load_again(const char *path)
{
	double end = zt_now() + 30 * zt_slack();
	unsigned int before = rounds;

	if (!zt_wait_until(is_in_use, &before, 30))
		return "nobody uses it";
	while (syscall(SYS_delete_module, "zcopy", O_NONBLOCK)) {
		if (errno != EWOULDBLOCK)
			return strerror(errno);
		if (zt_now() > end)
			return "it could not be unloaded";
		sched_yield();
	}
	return load_module(path) ? "it could not be loaded" : "";
}

TEST(unloading_under_users)
{
	const char *path = getenv("ZCOPY_MODULE");
	struct user users[USERS] = {};
	unsigned int i;

	if (!path || geteuid())
		ZT_SKIP("ZCOPY_MODULE names no module, or not root");
	for (i = 0; i < USERS; i++)
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL,
					    use_repeatedly, &users[i]));
	for (i = 0; i < LOADS; i++)
		EXPECT_STREQ("", load_again(path));
	stop = true;
	for (i = 0; i < USERS; i++) {
		ASSERT_EQ(0, pthread_join(users[i].thread, NULL));
		EXPECT_STREQ("", users[i].verdict);
	}
	EXPECT_EQ(0, zt_module_references());
}

/* ---- a program that ends, or becomes another one ---- */

#define CONTENT (3 * MIB + 17)

FIXTURE(program)
{
	struct zt_pair pair;
	unsigned char *content;
	unsigned char *came;
	int references;
	int report[2];
};

FIXTURE_VARIANT(program)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(program, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(program, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(program)
{
	self->references = zt_module_references();
	self->content = zt_alloc(CONTENT);
	self->came = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 32);
	zt_pair_open(&self->pair, variant->family, 0);
	ASSERT_EQ(0, pipe2(self->report, O_CLOEXEC));
}

FIXTURE_TEARDOWN(program)
{
	zt_pair_close(&self->pair);
	free(self->came);
	free(self->content);
}

/* A buffer, mapped, and a file, both with the known content. */
static void fill_vector(const unsigned char *content, int dev,
			struct zcopy_segment *segments)
{
	size_t half = CONTENT / 2, len = MIB * 2;
	void *map = zcopy_set_buffer(dev, len) ? NULL
					       : zcopy_map_buffer(dev, len);
	int file = zt_memory_file(content, CONTENT);

	if (!map)
		_exit(1);
	memcpy(map, content, half);
	zcopy_segment_buffer(&segments[0], 0, half);
	zcopy_segment_file(&segments[1], file, half, CONTENT - half);
}

/* Fills the socket, tells how much it took, and is gone. */
static void fill_and_exit(FIXTURE_DATA(program) * self)
{
	struct zcopy_segment segments[2];
	struct zcopy_send send;
	int dev = zcopy_open();

	fill_vector(self->content, dev, segments);
	zcopy_send_init(&send, self->pair.tx, segments, 2);
	send.flags = ZCOPY_SEND_NOWAIT;
	while (!zcopy_send(dev, &send) && send.out_stop != ZCOPY_STOP_COMPLETE)
		;
	if (write(self->report[1], &send.done, sizeof(send.done)) !=
	    sizeof(send.done))
		_exit(1);
	_exit(0);
}

/* What the socket took comes, long after its owner has gone. */
TEST_F(program, exits_with_a_full_socket)
{
	pid_t child = fork();
	uint64_t sent;
	int status;

	ASSERT_LE(0, child);
	if (!child)
		fill_and_exit(self);
	close(self->pair.tx);
	self->pair.tx = -1;
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(sizeof(sent), read(self->report[0], &sent, sizeof(sent)));
	EXPECT_TRUE(zt_module_is_left(self->references, 10));
	ASSERT_LT(0, sent);
	ASSERT_LT(sent, CONTENT);
	ASSERT_EQ(sent, zt_read_full(self->pair.rx, self->came, CONTENT));
	EXPECT_EQ(0, memcmp(self->content, self->came, sent));
}

static void *send_for_ever(void *arg)
{
	FIXTURE_DATA(program) *self = arg;
	struct zcopy_segment segments[2];
	struct zcopy_send send;
	int dev = zcopy_open();

	fill_vector(self->content, dev, segments);
	zcopy_send_init(&send, self->pair.tx, segments, 2);
	zcopy_send_all(dev, &send, NULL);
	return NULL;
}

/* A thread is in the middle of a SEND; another makes it a new program. */
static void exec_during_send(FIXTURE_DATA(program) * self)
{
	static const char script[] = "test ! -e /proc/self/fd/9";
	pthread_t thread;

	if (pthread_create(&thread, NULL, send_for_ever, self) ||
	    !zt_wait_until(is_full, &self->pair.tx, 30))
		_exit(1);
	execl("/bin/sh", "sh", "-c", script, NULL);
	_exit(2);
}

TEST_F(program, executes_another_during_a_send)
{
	pid_t child = fork();
	size_t got;
	int status;

	ASSERT_LE(0, child);
	if (!child)
		exec_during_send(self);
	close(self->pair.tx);
	self->pair.tx = -1;
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(zt_module_is_left(self->references, 10));
	got = zt_read_full(self->pair.rx, self->came, CONTENT);
	ASSERT_LT(0, got);
	ASSERT_LT(got, CONTENT);
	EXPECT_EQ(0, memcmp(self->content, self->came, got));
}

/* ---- a file system that is frozen ---- */

#define IMAGE "/tmp/zcopy-races.img"
#define FROZEN "/tmp/zcopy-races"

FIXTURE(frozen)
{
	int dir;
	int file;
	unsigned char *content;
};

static const char *no_file_system(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "cannot get a mount namespace";
	if (mkdir(FROZEN, 0700) && errno != EEXIST)
		return "cannot make a directory";
	if (system("truncate -s 16M " IMAGE " && mkfs.ext4 -q -F " IMAGE
		   " && { modprobe -q loop || :; }"
		   " && loop=$(losetup -f --show " IMAGE ")"
		   " && mount $loop " FROZEN " && losetup -d $loop"))
		return "cannot mount an image of ext4";
	return NULL;
}

FIXTURE_SETUP(frozen)
{
	const char *reason = no_file_system();

	if (reason)
		ZT_SKIP("%s", reason);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 33);
	self->file = zt_file(FROZEN, self->content, CONTENT);
	ASSERT_EQ(0, zt_drop_cache(self->file));
	self->dir = open(FROZEN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
	ASSERT_EQ(0, ioctl(self->dir, FIFREEZE, 0));
}

FIXTURE_TEARDOWN(frozen)
{
	ioctl(self->dir, FITHAW, 0);
	close(self->dir);
	close(self->file);
	umount2(FROZEN, MNT_DETACH);
	unlink(IMAGE);
	rmdir(FROZEN);
	free(self->content);
}

/* Reading needs no leave to write, and the time of access can wait. */
TEST_F(frozen, can_be_read)
{
	struct zt_receiver receiver;
	struct zt_vector vector;
	int dev = zcopy_open();
	struct zt_pair pair;
	struct zt_call call;

	ASSERT_LE(0, dev);
	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_vector_init(&vector);
	zt_add_file(&vector, self->file, self->content, 0, CONTENT);
	zt_receiver_start(&receiver, pair.rx, vector.bytes, vector.len);
	alarm(60 * zt_slack());
	ASSERT_EQ(0,
		  zt_send(dev, pair.tx, &vector, ZCOPY_SEND_SHUTDOWN, &call));
	alarm(0);
	ASSERT_COMPLETE(&call);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	zt_vector_free(&vector);
	zt_pair_close(&pair);
	close(dev);
}

/* ---- very many ---- */

#define CONTEXTS 3000

static void allow_descriptors(rlim_t number)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = number;
	if (limit.rlim_max < number)
		limit.rlim_max = number;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		zt_die("RLIMIT_NOFILE");
}

/* Each has sent a byte of its own buffer, and is still good for another. */
TEST(thousands_of_contexts)
{
	int references = zt_module_references(), *devs, i;
	struct zcopy_segment segment;
	struct zcopy_send send;
	struct zt_pair pair;
	unsigned char byte;

	devs = zt_alloc(CONTEXTS * sizeof(*devs));
	allow_descriptors(CONTEXTS + 100);
	zt_pair_open(&pair, ZT_UNIX, 0);
	for (i = 0; i < CONTEXTS; i++) {
		devs[i] = zcopy_open();
		ASSERT_LE(0, devs[i]);
		ASSERT_EQ(0, zcopy_set_buffer(devs[i], zt_page_size()));
		byte = (unsigned char)(i * 7);
		ASSERT_EQ(1, pwrite(devs[i], &byte, 1, 100));
	}
	if (!zt_together())
		EXPECT_EQ(references + CONTEXTS, zt_module_references());
	for (i = 0; i < CONTEXTS; i++) {
		zcopy_segment_buffer(&segment, 100, 1);
		zcopy_send_init(&send, pair.tx, &segment, 1);
		ASSERT_EQ(0, zcopy_send(devs[i], &send));
		ASSERT_EQ(1, recv(pair.rx, &byte, 1, 0));
		ASSERT_EQ((unsigned char)(i * 7), byte);
		ASSERT_EQ(0, close(devs[i]));
	}
	EXPECT_TRUE(zt_module_is_left(references, 10));
	zt_pair_close(&pair);
	free(devs);
}

ZT_MAIN
