// SPDX-License-Identifier: GPL-2.0
/*
 * The counters: of an open file by STATS and in fdinfo, of the module in sysfs.
 * Every SEND that a test makes is added up here as well.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT (300 * KIB)

FIXTURE(stats)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
	struct zcopy_stats expect;
};

FIXTURE_SETUP(stats)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 101);
	self->file = zt_memory_file(self->content, CONTENT);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 512 * KIB));
	zt_pair_open(&self->pair, ZT_TCP4, 16384);
	zt_vector_init(&self->vector);
	self->expect.size = sizeof(self->expect);
}

FIXTURE_TEARDOWN(stats)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static uint64_t done_of_type(const struct zt_vector *vector, uint32_t type)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < vector->nr; i++) {
		if (vector->segments[i].type == type)
			bytes += vector->segments[i].out_done;
	}
	return bytes;
}

/* Add what the last call reported to what is expected. */
static void book(FIXTURE_DATA(stats) * self)
{
	self->expect.out_calls++;
	self->expect.out_copied_bytes += self->call.send.out_copied;
	self->expect.out_stops[self->call.send.out_stop]++;
}

static void book_bytes(FIXTURE_DATA(stats) * self)
{
	const struct zt_vector *vector = &self->vector;
	struct zcopy_stats *expect = &self->expect;

	expect->out_file_bytes += done_of_type(vector, ZCOPY_SEGMENT_FILE);
	expect->out_buffer_bytes += done_of_type(vector, ZCOPY_SEGMENT_BUFFER);
	expect->out_user_bytes += done_of_type(vector, ZCOPY_SEGMENT_USER);
	expect->out_zero_bytes += done_of_type(vector, ZCOPY_SEGMENT_ZERO);
}

static void get(struct __test_metadata *_metadata, int dev,
		struct zcopy_stats *stats)
{
	memset(stats, 0xa5, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->flags = 0;
	ASSERT_EQ(0, ioctl(dev, ZCOPY_IOC_STATS, stats));
}

/* How many batches a call makes is its own affair, within reason. */
static void compare(struct __test_metadata *_metadata,
		    FIXTURE_DATA(stats) * self)
{
	struct zcopy_stats stats;

	get(_metadata, self->dev, &stats);
	EXPECT_EQ(!self->expect.out_file_bytes, !stats.out_batches);
	stats.out_batches = 0;
	EXPECT_EQ(0, memcmp(&self->expect, &stats, sizeof(stats)));
}

static void add_all_types(FIXTURE_DATA(stats) * self, size_t len)
{
	zt_add_user(&self->vector, self->content, len / 100);
	zt_add_file(&self->vector, self->file, self->content, 1, len);
	zt_add_buffer(&self->vector, self->content, 2, len / 2);
	zt_add_zero(&self->vector, len / 3);
}

TEST_F(stats, nothing_yet)
{
	compare(_metadata, self);
}

TEST_F(stats, one_call)
{
	add_all_types(self, 5000);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	ASSERT_COMPLETE(&self->call);
	book(self);
	book_bytes(self);
	compare(_metadata, self);
}

TEST_F(stats, many_calls)
{
	unsigned char *came = zt_alloc(CONTENT);

	add_all_types(self, 200000);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_NOWAIT);
	do {
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		book(self);
		recv(self->pair.rx, came, CONTENT, MSG_DONTWAIT);
	} while (self->call.send.out_stop == ZCOPY_STOP_SOCKET_FULL);
	ASSERT_COMPLETE(&self->call);
	EXPECT_LT(0, self->expect.out_stops[ZCOPY_STOP_SOCKET_FULL]);
	book_bytes(self);
	compare(_metadata, self);
	free(came);
}

TEST_F(stats, stops)
{
	zt_add_file(&self->vector, self->file, self->content, 0, 0)->len = 1;
	self->vector.segments[0].offset = CONTENT;
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	ASSERT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	book(self);
	shutdown(self->pair.tx, SHUT_WR);
	self->vector.segments[0].offset = 0;
	EXPECT_EQ(-1, zt_call(self->dev, &self->call));
	ASSERT_EQ(ZCOPY_STOP_SOCKET_ERROR, self->call.send.out_stop);
	book(self);
	compare(_metadata, self);
}

/* What is refused has not begun, and does not count. */
TEST_F(stats, refused_calls)
{
	add_all_types(self, 1000);
	self->vector.segments[0].flags = 1;
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_EQ(EINVAL, self->call.error);
	compare(_metadata, self);
}

TEST_F(stats, other_files_do_not_count)
{
	int other = zcopy_open();

	ASSERT_LE(0, other);
	zt_add_zero(&self->vector, 1000);
	ASSERT_EQ(0,
		  zt_send(other, self->pair.tx, &self->vector, 0, &self->call));
	compare(_metadata, self);
	close(other);
}

/* One number of a file of "name:\tnumber" lines; -1 if there is none. */
static long long fdinfo(int dev, const char *name)
{
	char path[64], line[256];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dev);
	file = fopen(path, "re");
	if (!file)
		zt_die(path);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':')
			value = atoll(line + strlen(name) + 1);
	}
	fclose(file);
	return value;
}

TEST_F(stats, fdinfo)
{
	add_all_types(self, 5000);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	EXPECT_EQ(1, fdinfo(self->dev, "zcopy-calls"));
	EXPECT_EQ(5000, fdinfo(self->dev, "zcopy-file_bytes"));
	EXPECT_EQ(2500, fdinfo(self->dev, "zcopy-buffer_bytes"));
	EXPECT_EQ(50, fdinfo(self->dev, "zcopy-user_bytes"));
	EXPECT_EQ(1666, fdinfo(self->dev, "zcopy-zero_bytes"));
	EXPECT_EQ(self->call.send.out_copied,
		  fdinfo(self->dev, "zcopy-copied_bytes"));
	EXPECT_EQ(1, fdinfo(self->dev, "zcopy-stop_complete"));
	EXPECT_EQ(0, fdinfo(self->dev, "zcopy-stop_short"));
	EXPECT_LT(0, fdinfo(self->dev, "zcopy-batches"));
}

static unsigned long long of_module(const char *name)
{
	char path[128];
	const char *line;

	snprintf(path, sizeof(path), "/sys/class/misc/zcopy/stats/%s", name);
	line = zt_read_line(path);
	if (!line)
		zt_die(path);
	return strtoull(line, NULL, 10);
}

/* Others may use the module at the same time: at least our bytes are there. */
TEST_F(stats, module)
{
	unsigned long long calls = of_module("calls");
	unsigned long long bytes = of_module("file_bytes");
	unsigned long long completions = of_module("stop_complete");

	add_all_types(self, 5000);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	/* They outlive the open file. */
	close(self->dev);
	self->dev = zcopy_open();
	EXPECT_LE(calls + 1, of_module("calls"));
	EXPECT_LE(bytes + 5000, of_module("file_bytes"));
	EXPECT_LE(completions + 1, of_module("stop_complete"));
}

ZT_MAIN
