// SPDX-License-Identifier: GPL-2.0
/*
 * A route whose device cannot gather: the kernel copies there, and zcopy has to
 * say so. Two network namespaces of our own, joined by a veth pair.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
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
	bool gathers; /* the device can */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(route, sg_on) {
	.gathers = true,
};

FIXTURE_VARIANT_ADD(route, sg_off) {
	.gathers = false,
};
/* clang-format on */

/* One process for all that is to be said to ip(8): loading it takes a while. */
static bool ip(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool ip(const char *format, ...)
{
	FILE *batch = popen("ip -batch - 2>&1 | sed 's/^/# /'", "we");
	va_list args;

	if (!batch)
		return false;
	va_start(args, format);
	vfprintf(batch, format, args);
	va_end(args);
	return pclose(batch) == 0;
}

/* What "ethtool -K DEVICE sg on" does. */
static bool set_gathering(const char *device, bool on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SSG, .data = on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool set;

	strcpy(request.ifr_name, device);
	set = !ioctl(fd, SIOCETHTOOL, &request);
	value.cmd = ETHTOOL_GSG;
	set = set && !ioctl(fd, SIOCETHTOOL, &request) && !value.data == !on;
	close(fd);
	return set;
}

/* Leaves us in the sender's namespace; *@peer is the receiver's. */
static const char *make_route(bool gathers, int *peer)
{
	int own;

	if (geteuid())
		return "only root can make network namespaces";
	if (unshare(CLONE_NEWNET))
		return "no network namespaces";
	*peer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*peer < 0 || unshare(CLONE_NEWNET))
		return "no second network namespace";
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ip("link add zt0 type veth peer name zt1\n"
	   "link set zt1 netns /proc/%d/fd/%d\n"
	   "addr add 10.99.0.1/24 dev zt0\n"
	   "link set zt0 up\n",
	   getpid(), *peer);
	if (!if_nametoindex("zt0"))
		return "no ip(8), or no veth devices";
	if (setns(*peer, CLONE_NEWNET) ||
	    !ip("link set lo up\naddr add 10.99.0.2/24 dev zt1\n"
		"link set zt1 up\n") ||
	    !if_nametoindex("zt1") || setns(own, CLONE_NEWNET) ||
	    !set_gathering("zt0", gathers))
		zt_die("setting up of the veth pair");
	close(own);
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
	const char *reason = make_route(variant->gathers, &peer);

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

TEST_F(route, all_types)
{
	const struct zcopy_send *send = &self->call.send;
	struct zt_receiver receiver;

	zt_add_user(&self->vector, self->content, 1000);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_add_buffer(&self->vector, self->content, 1, 200000);
	zt_add_zero(&self->vector, 100001);
	zt_receiver_start(&receiver, self->pair.rx, self->vector.bytes,
			  self->vector.len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_EQ(variant->gathers ? zt_must_copy(&self->vector)
				   : self->vector.len,
		  send->out_copied);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
}

ZT_MAIN
