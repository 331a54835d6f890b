// SPDX-License-Identifier: GPL-2.0
/*
 * A route whose device cannot gather: the kernel copies there, and zcopy has to
 * say so. Two network namespaces of our own, joined by a veth pair.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT (512 * KIB)

FIXTURE(route)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(route)
{
	const char *features; /* what ethtool -K sets */
	bool gathers;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(route, sg_on) {
	.features = "sg on",
	.gathers = true,
};

FIXTURE_VARIANT_ADD(route, sg_off) {
	.features = "sg off",
};

/* clang-format on */

/* Run a command line; its output goes to the log. */
static bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool run(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line) == 0;
}

/* Leaves us in the sender's namespace; *@peer is the receiver's. */
static const char *make_route(const char *features, int *peer)
{
	int own;

	if (geteuid())
		return "only root can make network namespaces";
	if (system("command -v ip >/dev/null && command -v ethtool >/dev/null"))
		return "needs ip(8) and ethtool(8)";
	if (unshare(CLONE_NEWNET))
		return "no network namespaces";
	*peer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!run("ip link set lo up") || unshare(CLONE_NEWNET))
		return "cannot make the second network namespace";
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!run("ip link add zt0 type veth peer name zt1"))
		return "no veth devices";
	if (!run("ip link set zt1 netns /proc/%d/fd/%d", getpid(), *peer) ||
	    !run("ip addr add 10.99.0.1/24 dev zt0 && ip link set zt0 up") ||
	    !run("ethtool -K zt0 %s >/dev/null", features) ||
	    setns(*peer, CLONE_NEWNET) ||
	    !run("ip addr add 10.99.0.2/24 dev zt1 && ip link set zt1 up") ||
	    setns(own, CLONE_NEWNET))
		zt_die("setting up of the veth pair");
	return NULL;
}

/* The peer listens in its namespace, we connect from ours. */
static void connect_route(struct zt_pair *pair, int peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(7777) };
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), listener;

	inet_aton("10.99.0.2", &address.sin_addr);
	if (own < 0 || setns(peer, CLONE_NEWNET))
		zt_die("setns");
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (void *)&address, sizeof(address)) ||
	    listen(listener, 1) || setns(own, CLONE_NEWNET))
		zt_die("listen in the other namespace");
	pair->tx = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(pair->tx, (void *)&address, sizeof(address)))
		zt_die("connect through the veth pair");
	pair->rx = accept(listener, NULL, NULL);
	if (pair->rx < 0)
		zt_die("accept");
	close(listener);
	close(own);
}

FIXTURE_SETUP(route)
{
	int peer = -1;
	const char *reason = make_route(variant->features, &peer);

	if (reason)
		ZT_SKIP("%s", reason);
	connect_route(&self->pair, peer);
	close(peer);
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 91);
	self->file = zt_memory_file(self->content, CONTENT);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	ASSERT_EQ(CONTENT, pwrite(self->dev, self->content, CONTENT, 0));
	zt_vector_init(&self->vector);
}

FIXTURE_TEARDOWN(route)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static void transfer(struct __test_metadata *_metadata,
		     FIXTURE_DATA(route) * self, bool gathers)
{
	const struct zcopy_send *send = &self->call.send;
	struct zt_receiver receiver;

	zt_receiver_start(&receiver, self->pair.rx, self->vector.bytes,
			  self->vector.len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(gathers ? zt_must_copy(&self->vector) : self->vector.len,
		  send->out_copied);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
}

TEST_F(route, file)
{
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	transfer(_metadata, self, variant->gathers);
}

TEST_F(route, all_types)
{
	zt_add_user(&self->vector, self->content, 1000);
	zt_add_file(&self->vector, self->file, self->content, 1, 200000);
	zt_add_buffer(&self->vector, self->content, 1, 200000);
	zt_add_zero(&self->vector, 100001);
	transfer(_metadata, self, variant->gathers);
}

ZT_MAIN
