// SPDX-License-Identifier: GPL-2.0
/*
 * No output of zcopy says where the kernel keeps things: no struct, no counter, no
 * parameter, no tracepoint.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "harness.h"

#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/zcopy-test"
#define CONTENT (8 * KIB)
/* More than a file in sysfs, fdinfo or a short trace needs. */
#define TEXT_ROOM (64 * KIB)

FIXTURE(addresses)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_SETUP(addresses)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 95);
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	zt_vector_init(&self->vector);
	/* One of each type. That the right bytes come is shown elsewhere. */
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	zt_add_file(&self->vector, self->file, self->content, 0, 5000);
	zt_add_buffer(&self->vector, self->content, 0, 5000);
	zt_add_user(&self->vector, self->content, 5000);
	zt_add_zero(&self->vector, 5000);
}

FIXTURE_TEARDOWN(addresses)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

/* ---- what is an address? ---- */

/*
 * User-mode Linux is a program: it lies at 0x60000000, then come its memory and
 * what it maps. Elsewhere the upper half of the address space is the kernel's; its
 * last page is none, so that an errno is no address.
 */
static bool is_address(uint64_t number)
{
	if (zt_user_mode_linux())
		return number >= 0x60000000 && number < 64 * GIB;
	return number >> 47 == UINT64_MAX >> 47 && number < -UINT64_C(4096);
}

/* Digits, and what stands before them, as somebody might print an address. */
static bool digits_are_address(const char *digits, size_t len, char before)
{
	bool decimal = strspn(digits, "0123456789") >= len;
	uint64_t number;

	if (decimal) {
		number = strtoull(digits, NULL, 10);
		if (is_address(before == '-' ? -number : number))
			return true;
	}
	/* With few digits and no letter among them it is a counter. */
	if (decimal && len < 16 && before != 'x')
		return false;
	return len <= 16 && is_address(strtoull(digits, NULL, 16));
}

static bool shows_address(const char *text)
{
	const char *at = text;
	size_t len;

	for (; *at; at += len ? len : 1) {
		len = strspn(at, "0123456789abcdefABCDEF");
		if (len &&
		    digits_are_address(at, len, at > text ? at[-1] : ' '))
			return true;
	}
	return false;
}

/* Two small members that make up a word are no address. */
static bool holds_address(const void *bytes, size_t len)
{
	const uint64_t *words = bytes;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++) {
		if (is_address(words[i]) && (uint32_t)words[i] > UINT16_MAX)
			return true;
	}
	return false;
}

/* A symbol's line of /proc/kallsyms; false if the kernel hides what it says. */
static bool find_symbol(const char *end_of_line, char *line, int room)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	bool found = false;

	while (symbols && !found && fgets(line, room, symbols))
		found = strstr(line, end_of_line);
	if (symbols)
		fclose(symbols);
	return found && strtoull(line, NULL, 16);
}

/* Where the kernel is, and where it has put the module. */
TEST(addresses_are_recognised)
{
	static const char *const symbols[] = { " _text\n", "\t[zcopy]\n" };
	char line[512], number[64];
	uint64_t address;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (!find_symbol(symbols[i], line, sizeof(line)))
			ZT_SKIP("no addresses in /proc/kallsyms (root?)");
		EXPECT_TRUE(shows_address(line))
		TH_LOG("%s", line);
		address = strtoull(line, NULL, 16);
		EXPECT_TRUE(holds_address(&address, sizeof(address)));
		snprintf(number, sizeof(number), "at=%p.", (void *)address);
		EXPECT_TRUE(shows_address(number));
		snprintf(number, sizeof(number), "%lu", address);
		EXPECT_TRUE(shows_address(number));
		snprintf(number, sizeof(number), "ret=%ld", address);
		EXPECT_TRUE(shows_address(number));
	}
	EXPECT_FALSE(shows_address("ret=-11 size 300000 flags 02100002"));
	/* An address of this program is no secret. */
	address = (uintptr_t)line;
	EXPECT_FALSE(holds_address(&address, sizeof(address)));
}

/* ---- where might one be shown? ---- */

/* "", or the text of a file, if there is an address in it. */
static const char *shown_in(const char *path)
{
	static char text[TEXT_ROOM];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got;

	if (fd < 0)
		zt_die(path);
	got = zt_read_full(fd, text, sizeof(text) - 1);
	close(fd);
	if (!got)
		zt_die(path);
	text[got] = '\0';
	return shows_address(text) ? text : "";
}

TEST_F(addresses, none_in_structs)
{
	struct zcopy_stats stats;
	struct zcopy_info info;

	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	EXPECT_FALSE(
		holds_address(&self->call.send, sizeof(struct zcopy_send)));
	EXPECT_FALSE(
		holds_address(self->vector.segments,
			      self->vector.nr * sizeof(struct zcopy_segment)));
	ASSERT_EQ(0, zcopy_get_stats(self->dev, &stats));
	EXPECT_FALSE(holds_address(&stats, sizeof(stats)));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_FALSE(holds_address(&info, sizeof(info)));
}

/* Every file of a directory. Returns how many there are. */
static int look_into(struct __test_metadata *_metadata, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[512];
	int files = 0;

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		EXPECT_STREQ("", shown_in(path));
		files++;
	}
	closedir(dir);
	return files;
}

TEST_F(addresses, none_in_sysfs_and_fdinfo)
{
	char path[64];

	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	EXPECT_LT(10, look_into(_metadata, "/sys/class/misc/zcopy/stats"));
	EXPECT_LE(2, look_into(_metadata, "/sys/module/zcopy/parameters"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->dev);
	EXPECT_STREQ("", shown_in(path));
}

/* An instance of its own, which may be left of a test that was killed. */
static bool trace_on(void)
{
	if (access(TRACING "/instances", F_OK))
		mount("none", TRACING, "tracefs", 0, NULL);
	rmdir(TRACE);
	return !mkdir(TRACE, 0700) &&
	       zt_write_line(TRACE "/events/zcopy/enable", "1");
}

static bool trace_tells_of(const char *event)
{
	char command[128];

	snprintf(command, sizeof(command), "grep -q '%s:' " TRACE "/trace",
		 event);
	return !system(command);
}

TEST_F(addresses, none_in_the_trace)
{
	if (!trace_on())
		ZT_SKIP("no tracefs: %s", strerror(errno));
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	/* One that fails has something else to say. */
	shutdown(self->pair.tx, SHUT_WR);
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_TRUE(trace_tells_of("zcopy_send_begin"));
	EXPECT_TRUE(trace_tells_of("zcopy_batch"));
	EXPECT_TRUE(trace_tells_of("zcopy_send_end"));
	EXPECT_STREQ("", shown_in(TRACE "/trace"));
	EXPECT_EQ(0, rmdir(TRACE));
}

ZT_MAIN
