// SPDX-License-Identifier: GPL-2.0
/*
 * A failure at every point of SEND: each allocation and each copy from or to
 * user memory in turn, until a call meets none. Whatever fails, the result is an
 * errno or progress, what arrives is what was said to be sent, and calling again
 * sends the rest.
 *
 * Only a kernel with FAULT_INJECTION can run this (make check-debug).
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "harness.h"
#include "inject.h"
#include "inject_stalls.h"

/* It is sent a thousand times. */
#define CONTENT (zt_less() ? 32 * KIB : 96 * KIB)
/* More points than any operation has. */
#define MANY 5000
/* What there are few points for may be met again: those before vary in number. */
#define FEW 10
/* Seconds for one call: it must not wait for what never comes. */
#define ONE_CALL 20

FIXTURE(fail_send)
{
	int inject;
	int memory;
	int disk;
	int layered;
	unsigned char *content;
	int dev;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_receiver receiver;
	struct zt_call call;
	struct zt_pusher pusher;
	bool broken;	       /* the connection, for good */
	unsigned int untold;   /* calls that could not tell their progress */
	unsigned int lost;     /* shutdowns that TCP has lost */
	unsigned int breaches; /* connections that kTLS has given up */
};

FIXTURE_VARIANT(fail_send)
{
	enum zt_family family;
	uint32_t flags;
	void (*fill)(FIXTURE_DATA(fail_send) * self);
};

static void add_file(FIXTURE_DATA(fail_send) * self)
{
	zt_add_file(&self->vector, self->memory, self->content, 1, CONTENT - 1);
}

static void add_cold_file(FIXTURE_DATA(fail_send) * self)
{
	zt_drop_cache(self->disk);
	zt_add_file(&self->vector, self->disk, self->content, 1, CONTENT - 1);
}

/* Through the file system's ->splice_read(). */
static void add_layered_file(FIXTURE_DATA(fail_send) * self)
{
	zt_add_file(&self->vector, self->layered, self->content, 1,
		    CONTENT - 1);
}

static void add_direct_file(FIXTURE_DATA(fail_send) * self)
{
	if (fcntl(self->disk, F_SETFL, O_DIRECT))
		zt_die("O_DIRECT");
	zt_add_file(&self->vector, self->disk, self->content, 0, 8 * KIB);
}

static void add_buffer(FIXTURE_DATA(fail_send) * self)
{
	zt_add_buffer(&self->vector, self->content, 1, CONTENT - 1);
}

static void add_user(FIXTURE_DATA(fail_send) * self)
{
	zt_add_user(&self->vector, self->content, CONTENT);
}

static void add_zero(FIXTURE_DATA(fail_send) * self)
{
	zt_add_zero(&self->vector, CONTENT);
}

static void add_all(FIXTURE_DATA(fail_send) * self)
{
	add_user(self);
	add_file(self);
	add_buffer(self);
	add_layered_file(self);
	add_zero(self);
}

/* Encryption takes its time and its memory. */
static void add_little(FIXTURE_DATA(fail_send) * self)
{
	zt_add_user(&self->vector, self->content, 100);
	zt_add_file(&self->vector, self->memory, self->content, 1, 20 * KIB);
	zt_add_buffer(&self->vector, self->content, 1, 20 * KIB);
	zt_add_zero(&self->vector, 100);
}

/* So many that the arrays are not of the slab's smallest sizes. */
static void add_many(FIXTURE_DATA(fail_send) * self)
{
	unsigned int i;

	for (i = 0; i < 300; i++)
		zt_add_file(&self->vector, self->memory, self->content, i, 100);
}

/* Nothing waits to be sent when the end comes: it is a packet of its own. */
static void add_byte(FIXTURE_DATA(fail_send) * self)
{
	zt_add_buffer(&self->vector, self->content, 1, 1);
}

/* clang-format off */
#define VARIANT(name, _family, _flags, _fill)  \
	FIXTURE_VARIANT_ADD(fail_send, name) { \
		.family = _family,             \
		.flags = _flags,               \
		.fill = _fill,                 \
	}

VARIANT(tcp_file, ZT_TCP4, 0, add_file);
VARIANT(tcp_cold_file, ZT_TCP4, 0, add_cold_file);
VARIANT(tcp_cached_file, ZT_TCP4, ZCOPY_SEND_CACHED, add_cold_file);
VARIANT(tcp_layered_file, ZT_TCP4, 0, add_layered_file);
VARIANT(tcp_direct_file, ZT_TCP4, 0, add_direct_file);
VARIANT(tcp_buffer, ZT_TCP4, 0, add_buffer);
VARIANT(tcp_user, ZT_TCP4, 0, add_user);
VARIANT(tcp_zero, ZT_TCP4, 0, add_zero);
VARIANT(tcp_all, ZT_TCP6, ZCOPY_SEND_SHUTDOWN, add_all);
VARIANT(tcp_all_nowait, ZT_TCP4, ZCOPY_SEND_NOWAIT, add_all);
VARIANT(tcp_end, ZT_TCP4, ZCOPY_SEND_SHUTDOWN, add_byte);
VARIANT(tcp_many, ZT_TCP4, ZCOPY_SEND_MORE, add_many);
VARIANT(unix_file, ZT_UNIX, 0, add_file);
VARIANT(unix_buffer, ZT_UNIX, 0, add_buffer);
VARIANT(unix_user, ZT_UNIX, 0, add_user);
VARIANT(unix_zero, ZT_UNIX, 0, add_zero);
VARIANT(unix_all, ZT_UNIX, ZCOPY_SEND_SHUTDOWN, add_all);
VARIANT(ktls, ZT_KTLS, 0, add_little);
VARIANT(ktls_shutdown, ZT_KTLS, ZCOPY_SEND_SHUTDOWN, add_little);
VARIANT(ktls_nowait, ZT_KTLS, ZCOPY_SEND_NOWAIT, add_little);
VARIANT(mptcp_file, ZT_MPTCP, 0, add_file);
VARIANT(mptcp_all, ZT_MPTCP, ZCOPY_SEND_SHUTDOWN, add_all);
VARIANT(mptcp_all_nowait, ZT_MPTCP, ZCOPY_SEND_NOWAIT, add_all);
VARIANT(vsock_file, ZT_VSOCK, 0, add_file);
VARIANT(vsock_all, ZT_VSOCK, ZCOPY_SEND_SHUTDOWN, add_all);
VARIANT(vsock_all_nowait, ZT_VSOCK, ZCOPY_SEND_NOWAIT, add_all);
/* clang-format on */

static void wake(int signal)
{
}

FIXTURE_SETUP(fail_send)
{
	/* Interrupts a call, which then says so: no errno that may be. */
	const struct sigaction action = { .sa_handler = wake };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 21);
	self->memory = zt_memory_file(self->content, CONTENT);
	self->disk = zt_file(zt_disk_dir(), self->content, CONTENT);
	self->layered = zt_file("/var/tmp", self->content, CONTENT);
	self->inject = zt_inject_open();
}

FIXTURE_TEARDOWN(fail_send)
{
	close(self->inject);
	close(self->layered);
	close(self->disk);
	close(self->memory);
	free(self->content);
}

/* Everything is new, so that nothing is warm. */
static void begin(struct __test_metadata *_metadata,
		  FIXTURE_DATA(fail_send) * self,
		  const FIXTURE_VARIANT(fail_send) * variant)
{
	const int yes = 1;

	self->broken = false;
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, CONTENT));
	ASSERT_EQ(CONTENT, pwrite(self->dev, self->content, CONTENT, 0));
	zt_pair_open(&self->pair, variant->family, 0);
	if (variant->family == ZT_KTLS) {
		/* The end of a record would wait for the peer, 40 ms. */
		ASSERT_EQ(0, setsockopt(self->pair.tx, SOL_TCP, TCP_NODELAY,
					&yes, sizeof(yes)));
		zt_pusher_start(&self->pusher, self->dev, self->pair.tx);
	}
	zt_vector_init(&self->vector);
	variant->fill(self);
	zt_call_init(&self->call, self->pair.tx, &self->vector, variant->flags);
	/* What prod() sends in the end. */
	if (variant->family == ZT_KTLS &&
	    !(variant->flags & ZCOPY_SEND_SHUTDOWN))
		zt_add_zero(&self->vector, 1);
	self->call.send.segments = (uintptr_t)self->vector.segments;
	zt_receiver_start(&self->receiver, self->pair.rx, self->vector.bytes,
			  self->vector.len);
}

static bool is_documented(int error, enum zt_family family)
{
	switch (error) {
	case ENOMEM:
	case EFAULT:
	case ENOBUFS: /* AF_UNIX's word for no memory */
	case EIO:     /* a page that could not be read */
	case EAGAIN:
		return true;
	case EBADMSG: /* kTLS's for a record that it can't encrypt */
		return family == ZT_KTLS;
	default:
		return false;
	}
}

/* What the file's counters say, which do not go through the call's struct. */
static uint64_t counted(struct __test_metadata *_metadata, int dev)
{
	struct zcopy_stats stats;

	EXPECT_EQ(0, zcopy_get_stats(dev, &stats));
	return stats.out_file_bytes + stats.out_buffer_bytes +
	       stats.out_user_bytes + stats.out_zero_bytes;
}

static void judge_error(struct __test_metadata *_metadata,
			FIXTURE_DATA(fail_send) * self, enum zt_family family)
{
	uint64_t sent = counted(_metadata, self->dev);

	ASSERT_TRUE(is_documented(self->call.error, family))
	TH_LOG("%s", strerror(self->call.error));
	ASSERT_EQ(0, self->call.send.done);
	if (!sent)
		return;
	/* The one exception of the header: the results can't be written. */
	ASSERT_EQ(EFAULT, self->call.error);
	self->untold++;
	self->call.send.done = sent;
}

static void judge_progress(struct __test_metadata *_metadata,
			   FIXTURE_DATA(fail_send) * self,
			   enum zt_family family)
{
	const struct zcopy_send *send = &self->call.send;

	ASSERT_EQ(send->done, send->out_sent);
	ASSERT_EQ(send->done, counted(_metadata, self->dev));
	ASSERT_LE(send->out_copied, send->out_sent);
	if (send->out_stop == ZCOPY_STOP_COMPLETE) {
		ASSERT_EQ(0, send->out_error);
		return;
	}
	ASSERT_LT(0, send->out_sent);
	ASSERT_TRUE(is_documented((int)send->out_error, family))
	TH_LOG("%s", strerror((int)send->out_error));
}

/* A record that could not be encrypted is the end of a kTLS connection. */
static bool is_breach(const struct zt_call *call, enum zt_family family)
{
	return family == ZT_KTLS &&
	       (call->error == EBADMSG || call->send.out_error == EBADMSG);
}

/* Nothing fails any more: the rest goes out. Nothing, if there was a breach. */
static void go_on(struct __test_metadata *_metadata,
		  FIXTURE_DATA(fail_send) * self, enum zt_family family)
{
	double end = zt_now() + ONE_CALL * zt_slack();

	while (self->call.send.out_stop != ZCOPY_STOP_COMPLETE) {
		bool breach = is_breach(&self->call, family);

		ASSERT_FALSE(self->broken && !breach);
		if (self->broken)
			return;
		self->broken = breach;
		zt_call(self->dev, &self->call);
		ASSERT_CONSISTENT(&self->call);
		ASSERT_TRUE(!self->call.ret || self->call.error == EAGAIN ||
			    is_breach(&self->call, family))
		TH_LOG("%s", strerror(self->call.error));
		ASSERT_GT(end, zt_now());
		if (self->call.ret)
			poll(NULL, 0, 1);
	}
}

static bool is_tcp(enum zt_family family)
{
	return family == ZT_TCP4 || family == ZT_TCP6 || family == ZT_KTLS;
}

/* What came before a breach is the beginning of what was sent. */
static void finish_broken(struct __test_metadata *_metadata,
			  FIXTURE_DATA(fail_send) * self)
{
	self->breaches++;
	close(self->pair.tx);
	self->pair.tx = -1;
	zt_receiver_finish(&self->receiver);
	ASSERT_EQ(UINT64_MAX, self->receiver.wrong_at);
	ASSERT_LE(self->receiver.received, self->call.send.done);
}

/*
 * Some protocols wait, when they got no memory, for what may not come: MPTCP for
 * something from the peer, kTLS, with a record that is ready, for the next call.
 */
static void prod(struct __test_metadata *_metadata,
		 FIXTURE_DATA(fail_send) * self, enum zt_family family)
{
	if (family == ZT_MPTCP)
		ASSERT_EQ(1, send(self->pair.rx, "", 1, 0));
	if (family == ZT_KTLS && !(self->call.send.flags & ZCOPY_SEND_SHUTDOWN))
		ASSERT_EQ(1, send(self->pair.tx, "", 1, 0));
}

static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(fail_send) * self, enum zt_family family,
		   bool struck)
{
	if (self->broken) {
		finish_broken(_metadata, self);
		return;
	}
	prod(_metadata, self, family);
	shutdown(self->pair.tx, SHUT_WR);
	if (struck && is_tcp(family) && zt_end_is_lost(&self->pair, ONE_CALL)) {
		self->lost++;
		shutdown(self->pair.rx, SHUT_RD);
	}
	ASSERT_STREQ("", zt_receiver_finish(&self->receiver))
	TH_LOG("%s", zt_connection_state(self->pair.tx));
}

/* One round; returns whether there was an @nth point. */
static bool fail_at(struct __test_metadata *_metadata,
		    FIXTURE_DATA(fail_send) * self,
		    const FIXTURE_VARIANT(fail_send) * variant,
		    unsigned int nth)
{
	bool struck;

	begin(_metadata, self, variant);
	alarm(ONE_CALL * zt_slack());
	zt_inject_arm(self->inject, nth);
	zt_call(self->dev, &self->call);
	struck = zt_inject_disarm(self->inject);
	alarm(0);

	if (self->call.ret)
		judge_error(_metadata, self, variant->family);
	else
		judge_progress(_metadata, self, variant->family);
	if (!struck && !(variant->flags & ZCOPY_SEND_CACHED))
		ASSERT_EQ(0, self->call.ret);
	go_on(_metadata, self, variant->family);
	if (variant->family == ZT_KTLS)
		zt_pusher_stop(&self->pusher);
	finish(_metadata, self, variant->family, struck);
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	ASSERT_EQ(0, close(self->dev));
	return struck;
}

TEST_F_TIMEOUT(fail_send, every_point, 500)
{
	unsigned int descriptors = zt_descriptors(), nth = 1;

	while (fail_at(_metadata, self, variant, nth))
		ASSERT_GT(MANY, ++nth);
	TH_LOG("%u failures, %u shutdowns lost, %u connections broken", nth - 1,
	       self->lost, self->breaches);
	*zt_inject_total += nth - 1;
	/* Fewer would mean that the switch does not work. */
	EXPECT_LT(5, nth);
	EXPECT_GE(FEW, self->untold);
	EXPECT_GE(variant->flags & ZCOPY_SEND_SHUTDOWN ? FEW : 0, self->lost);
	EXPECT_EQ(descriptors, zt_descriptors());
}

ZT_INJECT_MAIN
