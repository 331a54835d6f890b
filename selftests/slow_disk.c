// SPDX-License-Identifier: GPL-2.0
/*
 * ZCOPY_SEND_CACHED and a disk that takes 150 ms for each request: the
 * call must not wait for it. That is not only measured. The
 * kernel's own trace says when the device began and ended a request (block:*)
 * and when a SEND began and ended (zcopy:*), by one clock.
 *
 * The disk is a null_blk that keeps what is written to it, with ext4 on it that
 * has just been mounted: nothing of a file is in memory, not even where it lies.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "harness.h"

#define CONFIGFS "/sys/kernel/config"
#define DISK CONFIGFS "/nullb/zcopy-test"
#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/zcopy-test"
#define IMAGE_SIZE "6M"
/* Seconds that a request takes: long for the machine. */
#define DELAY (0.15 * zt_slack())

#define CONTENT (240 * KIB)
#define BLOCK ((size_t)4096)

FIXTURE(slow_disk)
{
	int dev;
	int file;
	dev_t disk;
	unsigned char *content;
	unsigned char *came;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

/*
 * Of each kind of file several, for another try with one that is not in memory:
 * who waits does so each time; a machine that stalls does it once.
 */
#define KINDS 2
#define TRIES 3
static const char *const file_names[KINDS][TRIES] = {
	{ "whole", "whole2", "whole3" },
	{ "in_pieces", "in_pieces2", "in_pieces3" },
};

static bool run(const char *command)
{
	return !system(command);
}

/* The content of the file in pieces: every other block is zeros. */
static void punch(unsigned char *content)
{
	size_t at;

	for (at = BLOCK; at < CONTENT; at += 2 * BLOCK)
		memset(content + at, 0, BLOCK);
}

/* In pieces, so many that the map of the file is a block of its own. */
static void write_content(const char *path, const unsigned char *content)
{
	size_t at, step = strstr(path, "pieces") ? 2 * BLOCK : BLOCK;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, CONTENT))
		zt_die(path);
	for (at = 0; at < CONTENT; at += step) {
		if (pwrite(fd, content + at, BLOCK, (off_t)at) !=
		    (ssize_t)BLOCK)
			zt_die(path);
	}
	close(fd);
}

/* A file system in a file of /tmp, which is copied to the disk at once. */
static bool make_image(const unsigned char *content)
{
	char path[64];
	size_t i;

	if (!run("rm -rf /tmp/zt-disk && mkdir /tmp/zt-disk"))
		return false;
	for (i = 0; i < KINDS * TRIES; i++) {
		snprintf(path, sizeof(path), "/tmp/zt-disk/%s",
			 file_names[i / TRIES][i % TRIES]);
		write_content(path, content);
	}
	write_content("/tmp/zt-disk/other", content);
	return run("truncate -s " IMAGE_SIZE " /tmp/zt-disk.img && "
		   "PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -b 4096 "
		   "-O ^has_journal -d /tmp/zt-disk /tmp/zt-disk.img");
}

static bool set_disk(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DISK "/%s", name);
	return zt_write_line(path, value);
}

/* Kernels before 6.5 number the disk, later ones give it its own name. */
static const char *disk_path(void)
{
	static char path[64];
	const char *index = zt_read_line(DISK "/index");

	snprintf(path, sizeof(path), "/dev/nullb%s", index ?: "");
	return access("/dev/zcopy-test", F_OK) ? path : "/dev/zcopy-test";
}

static bool make_disk(void)
{
	char nanoseconds[32];

	snprintf(nanoseconds, sizeof(nanoseconds), "%.0f", DELAY * 1e9);
	if (access(CONFIGFS "/nullb", F_OK))
		run("modprobe -q configfs; modprobe -q null_blk nr_devices=0");
	if (access(CONFIGFS "/nullb", F_OK) &&
	    mount("none", CONFIGFS, "configfs", 0, NULL))
		return false;
	return !mkdir(DISK, 0700) && set_disk("memory_backed", "1") &&
	       set_disk("size", "6") && set_disk("irqmode", "2") &&
	       set_disk("completion_nsec", nanoseconds) &&
	       set_disk("power", "1");
}

/* One write of all of it: the requests are under way side by side. */
static bool fill_disk(void)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "dd status=none bs=" IMAGE_SIZE
		 " oflag=direct if=/tmp/zt-disk.img of=%s",
		 disk_path());
	return run(line);
}

static bool trace_on(void)
{
	static const char *const events[] = { "block/block_rq_issue",
					      "block/block_rq_complete",
					      "zcopy/zcopy_send_begin",
					      "zcopy/zcopy_send_end" };
	char path[128];
	size_t i;

	if (access(TRACING "/instances", F_OK))
		mount("none", TRACING, "tracefs", 0, NULL);
	if (mkdir(TRACE, 0700) || !zt_write_line(TRACE "/trace_clock", "mono"))
		return false;
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), TRACE "/events/%s/enable",
			 events[i]);
		if (!zt_write_line(path, "1"))
			return false;
	}
	return true;
}

/* What of an earlier test that was killed may still be there, too. */
static void remove_all(void)
{
	rmdir(TRACE);
	set_disk("power", "0");
	rmdir(DISK);
	run("rm -rf /tmp/zt-disk /tmp/zt-disk.img");
}

static const char *prepare(const unsigned char *content)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "a mount namespace";
	if (!make_image(content))
		return "mkfs.ext4";
	if (!make_disk())
		return "null_blk";
	if (!fill_disk())
		return "dd";
	if (!trace_on())
		return "tracefs";
	if (mount(disk_path(), "/mnt", "ext4", MS_RDONLY, NULL))
		return "ext4";
	return NULL;
}

FIXTURE_SETUP(slow_disk)
{
	const char *lacks;

	self->content = zt_alloc(CONTENT);
	self->came = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 141);
	remove_all();
	lacks = prepare(self->content);
	if (lacks) {
		remove_all();
		ZT_SKIP("cannot have %s: %s", lacks, strerror(errno));
	}
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->file = -1;
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	zt_vector_init(&self->vector);
}

FIXTURE_TEARDOWN(slow_disk)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	umount("/mnt");
	remove_all();
	free(self->content);
	free(self->came);
}

/* Nothing of it is in memory but what open() has read. */
static void open_file(struct __test_metadata *_metadata,
		      FIXTURE_DATA(slow_disk) * self, const char *name)
{
	char path[64];
	struct stat stat;

	if (self->file >= 0)
		close(self->file);
	snprintf(path, sizeof(path), "/mnt/%s", name);
	self->file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, fstat(self->file, &stat));
	self->disk = stat.st_dev;
	ASSERT_EQ(0, zt_cached(self->file, 0, CONTENT));
	zt_pattern(self->content, CONTENT, 141);
	if (strstr(name, "pieces"))
		punch(self->content);
	zt_vector_free(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
}

/* One call; what it sent must be the next bytes. Returns how long it took. */
static double timed_call(struct __test_metadata *_metadata,
			 FIXTURE_DATA(slow_disk) * self)
{
	const struct zcopy_send *send = &self->call.send;
	double before = zt_now(), took;

	zt_call(self->dev, &self->call);
	took = zt_now() - before;
	ASSERT_CONSISTENT(&self->call);
	ASSERT_EQ(send->out_sent,
		  zt_read_full(self->pair.rx, self->came, send->out_sent));
	ASSERT_EQ(0, memcmp(self->vector.bytes + self->call.before, self->came,
			    send->out_sent));
	return took;
}

enum event { NOTHING, ISSUE, COMPLETE, BEGIN, END };

/* One line of the trace: "task-pid [cpu] flags seconds: event: ..." */
static enum event parse_line(const char *line, dev_t disk, double *when)
{
	static const char *const names[] = {
		[ISSUE] = ": block_rq_issue: ",
		[COMPLETE] = ": block_rq_complete: ",
		[BEGIN] = ": zcopy_send_begin: ",
		[END] = ": zcopy_send_end: ",
	};
	unsigned int which_major, which_minor;
	const char *at = NULL, *number;
	enum event event = END + 1;

	while (!at && --event > NOTHING)
		at = strstr(line, names[event]);
	if (!at)
		return NOTHING;
	for (number = at; number > line && number[-1] != ' '; number--)
		;
	*when = strtod(number, NULL);
	if (event > COMPLETE)
		return event;
	if (sscanf(at + strlen(names[event]), "%u,%u", &which_major,
		   &which_minor) != 2 ||
	    makedev(which_major, which_minor) != disk)
		return NOTHING;
	return event;
}

/* What the trace says of the calls and the disk. */
struct story {
	unsigned int calls;
	unsigned int issued;
	unsigned int requests;	 /* that have come to their end */
	double first_return;	 /* of a SEND */
	double first_completion; /* of a request */
	double begun;		 /* the call that is under way, or 0 */
	double longest_call;
	double shortest_request;
	unsigned int during_call; /* requests that began and ended in a call */
	double issues[64];
};

/* Each request takes the same time, so that they end in their order. */
static void tell_completion(struct story *story, double when)
{
	double issue;

	if (story->requests >= story->issued)
		zt_die("a request that ends before it begins");
	issue = story->issues[story->requests % ARRAY_SIZE(story->issues)];
	if (!story->requests++)
		story->first_completion = when;
	if (when - issue < story->shortest_request)
		story->shortest_request = when - issue;
	if (story->begun && issue > story->begun)
		story->during_call++;
}

static void tell(struct story *story, enum event event, double when)
{
	switch (event) {
	case BEGIN:
		story->begun = when;
		break;
	case END:
		if (!story->calls++)
			story->first_return = when;
		if (when - story->begun > story->longest_call)
			story->longest_call = when - story->begun;
		story->begun = 0;
		break;
	case ISSUE:
		story->issues[story->issued++ % ARRAY_SIZE(story->issues)] =
			when;
		break;
	case COMPLETE:
		tell_completion(story, when);
		break;
	default:
		break;
	}
}

static void read_trace(FIXTURE_DATA(slow_disk) * self, struct story *story)
{
	FILE *trace = fopen(TRACE "/trace", "re");
	char line[512];
	double when;

	*story = (struct story){ .shortest_request = 1000 };
	if (!trace)
		zt_die(TRACE);
	while (fgets(line, sizeof(line), trace)) {
		enum event event = parse_line(line, self->disk, &when);

		tell(story, event, when);
	}
	fclose(trace);
}

static void forget_trace(void)
{
	int fd = open(TRACE "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		zt_die(TRACE);
	close(fd);
}

/* Call again until it is complete, as a loop of poll(2) would do. */
static void send_by_and_by(struct __test_metadata *_metadata,
			   FIXTURE_DATA(slow_disk) * self)
{
	double end = zt_now() + 30 * zt_slack();

	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_CACHED);
	forget_trace();
	for (;;) {
		timed_call(_metadata, self);
		if (self->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			break;
		ASSERT_EQ(ZCOPY_STOP_NOT_CACHED, self->call.send.out_stop);
		ASSERT_GT(end, zt_now());
		poll(NULL, 0, 20);
	}
}

/* Was no call as long as a request of the disk, or around one? */
static bool never_waited(const struct story *story)
{
	return story->first_return < story->first_completion &&
	       !story->during_call && story->longest_call < DELAY;
}

TEST_F(slow_disk, cached_returns_before_the_disk_has_read)
{
	struct story story;
	size_t i, try;

	for (i = 0; i < KINDS; i++) {
		for (try = 0; try < TRIES; try++) {
			open_file(_metadata, self, file_names[i][try]);
			send_by_and_by(_metadata, self);
			read_trace(self, &story);
			TH_LOG("%s: %u calls, the longest %.1f ms; %u requests of %.0f ms or more",
			       file_names[i][try], story.calls,
			       story.longest_call * 1000, story.requests,
			       story.shortest_request * 1000);
			ASSERT_LT(0, story.requests);
			if (never_waited(&story))
				break;
		}
		EXPECT_LT(0.9 * DELAY, story.shortest_request);
		EXPECT_LT(story.first_return, story.first_completion);
		EXPECT_EQ(0, story.during_call);
		EXPECT_GT(DELAY, story.longest_call);
		EXPECT_LT(1, story.calls);
	}

	/* The measure itself: a call that may wait is seen to wait here. */
	open_file(_metadata, self, "other");
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	forget_trace();
	EXPECT_LT(DELAY, timed_call(_metadata, self));
	ASSERT_COMPLETE(&self->call);
	read_trace(self, &story);
	EXPECT_EQ(1, story.calls);
	EXPECT_LT(0, story.during_call);
	EXPECT_LT(story.first_completion, story.first_return);
}

ZT_MAIN
