// SPDX-License-Identifier: GPL-2.0
/*
 * Security modules are asked about the socket whenever sendfile(2) of the same
 * kernel asks them. They are asked by two functions, whose calls are counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "harness.h"

#define CONTENT (20 * KIB)
#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/zcopy-asked"
/* In include/linux/fs.h of the kernel. */
#define MAY_WRITE 2

static const char *const probes[] = {
	"p:zcopy_asked/sendmsg security_socket_sendmsg",
	"p:zcopy_asked/permission security_file_permission mask=$arg2:s32",
};

static const char *const no_probes[] = {
	"-:zcopy_asked/sendmsg",
	"-:zcopy_asked/permission",
};

/* How often somebody has asked: may this message be sent, may this be written to? */
struct asked {
	int sendmsg;
	int permission;
};

FIXTURE(lsm)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(lsm)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(lsm, tcp) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(lsm, unix_stream) {
	.family = ZT_UNIX,
};

FIXTURE_VARIANT_ADD(lsm, ktls) {
	.family = ZT_KTLS,
};
/* clang-format on */

/* Appended: the probes of others stay. */
static bool set_probes(const char *const *lines)
{
	int fd = open(TRACING "/kprobe_events",
		      O_WRONLY | O_APPEND | O_CLOEXEC);
	bool done = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		done &= write(fd, lines[i], strlen(lines[i])) > 0;
	close(fd);
	return done;
}

static bool trace_on(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return !mkdir(TRACE, 0700) && zt_write_line(TRACE "/tracing_on", "0") &&
	       zt_write_line(TRACE "/set_event_pid", pid) &&
	       zt_write_line(TRACE "/events/zcopy_asked/enable", "1");
}

/* What of an earlier test that was killed may still be there, too. */
static void trace_off(void)
{
	zt_write_line(TRACE "/events/zcopy_asked/enable", "0");
	rmdir(TRACE);
	set_probes(no_probes);
}

FIXTURE_SETUP(lsm)
{
	if (access(TRACING "/events", F_OK))
		mount("none", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "/events", F_OK))
		ZT_SKIP("no tracefs");
	/* Debian's kernels have them; those that are made for tests do without. */
	if (access(TRACING "/kprobe_events", F_OK))
		SKIP(return, "this kernel has no kprobe events");
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 181);
	self->file = zt_memory_file(self->content, CONTENT);
	zt_pair_open(&self->pair, variant->family, 0);
	zt_vector_init(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	trace_off();
	ASSERT_TRUE(set_probes(probes));
	ASSERT_TRUE(trace_on());
}

FIXTURE_TEARDOWN(lsm)
{
	trace_off();
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static void begin(struct __test_metadata *_metadata)
{
	/* Opened so, the trace is emptied. */
	int fd = open(TRACE "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_TRUE(zt_write_line(TRACE "/tracing_on", "1"));
}

/* The write that ends it has asked once, too. */
static struct asked end(struct __test_metadata *_metadata)
{
	struct asked asked = { .permission = -1 };
	char line[512], mask[32];
	FILE *trace;

	EXPECT_TRUE(zt_write_line(TRACE "/tracing_on", "0"));
	trace = fopen(TRACE "/trace", "re");
	if (!trace)
		zt_die(TRACE "/trace");
	snprintf(mask, sizeof(mask), " mask=%d\n", MAY_WRITE);
	while (fgets(line, sizeof(line), trace)) {
		asked.sendmsg += !!strstr(line, " sendmsg: ");
		asked.permission += strstr(line, " permission: ") &&
				    strstr(line, mask);
	}
	fclose(trace);
	return asked;
}

TEST_F(lsm, asked_as_by_sendfile)
{
	struct asked nothing, by_send, by_sendfile, by_zcopy;
	off_t at = 0;

	begin(_metadata);
	nothing = end(_metadata);
	EXPECT_EQ(0, nothing.sendmsg);
	EXPECT_EQ(0, nothing.permission);

	begin(_metadata);
	ASSERT_EQ(9, send(self->pair.tx, "nine byte", 9, 0));
	by_send = end(_metadata);
	EXPECT_EQ(1, by_send.sendmsg);

	begin(_metadata);
	ASSERT_EQ(CONTENT, sendfile(self->pair.tx, self->file, &at, CONTENT));
	by_sendfile = end(_metadata);
	EXPECT_LT(0, by_sendfile.permission);

	begin(_metadata);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	by_zcopy = end(_metadata);
	ASSERT_COMPLETE(&self->call);
	EXPECT_LT(0, by_zcopy.permission);
	/* Linux 6.1 asks neither. */
	EXPECT_EQ(by_sendfile.sendmsg > 0, by_zcopy.sendmsg > 0)
	TH_LOG("sendfile asked %d times, zcopy %d", by_sendfile.sendmsg,
	       by_zcopy.sendmsg);
}

ZT_MAIN
