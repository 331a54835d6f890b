// SPDX-License-Identifier: GPL-2.0
/*
 * Sending into kTLS sockets: the kernel encrypts, OpenSSL decrypts at the other
 * end in user space and must find the plaintext, whole and in order. The peer
 * is this program's other thread, or the program openssl.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "harness.h"
#include "util_tls.h"

#define CONTENT (400 * KIB + 4321)
#define SMALL_ROOM 16384
/* Seconds: less than the 200 ms of the timer that sends off what is held back. */
#define STALL 0.15

/* One connection and what is sent over it. */
struct session {
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_tls tls;
	struct zt_vector vector;
	struct zt_call call;
	pthread_t receiver;
	unsigned char *came;
	size_t received;
};

/* What each version and cipher must do. */
FIXTURE(ktls)
{
	struct session session;
};

FIXTURE_VARIANT(ktls)
{
	struct zt_tls_kind kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(ktls, tls12_aes128) {
	.kind = { TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256" },
};

FIXTURE_VARIANT_ADD(ktls, tls12_aes256) {
	.kind = { TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384" },
};

FIXTURE_VARIANT_ADD(ktls, tls13_aes128) {
	.kind = { TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256" },
};

FIXTURE_VARIANT_ADD(ktls, tls13_aes256) {
	.kind = { TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384" },
};
/* clang-format on */

/* What has to do with sockets, calls and programs: once a version. */
FIXTURE(ktls_edges)
{
	struct session session;
};

FIXTURE_VARIANT(ktls_edges)
{
	struct zt_tls_kind kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(ktls_edges, tls12) {
	.kind = { TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256" },
};

FIXTURE_VARIANT_ADD(ktls_edges, tls13) {
	.kind = { TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384" },
};
/* clang-format on */

static bool open_connection(struct session *session,
			    const struct zt_tls_kind *kind, int room)
{
	zt_tls_close(&session->tls);
	zt_pair_close(&session->pair);
	zt_pair_open(&session->pair, ZT_TCP4, room);
	return zt_tls_open(&session->tls, &session->pair, kind);
}

/* Returns false if the kernel has no kTLS for it. */
static bool open_session(struct session *session,
			 const struct zt_tls_kind *kind)
{
	memset(session, 0, sizeof(*session));
	session->dev = zcopy_open();
	session->pair.tx = -1;
	session->pair.rx = -1;
	session->content = zt_alloc(CONTENT);
	session->came = zt_alloc(CONTENT);
	zt_pattern(session->content, CONTENT, 131);
	session->file = zt_file(zt_disk_dir(), session->content, CONTENT);
	if (session->dev < 0 || zcopy_set_buffer(session->dev, 100 * KIB) ||
	    pwrite(session->dev, session->content, 100 * KIB, 0) !=
		    (ssize_t)(100 * KIB))
		zt_die("/dev/zcopy");
	return open_connection(session, kind, 0);
}

static void close_session(struct session *session)
{
	zt_vector_free(&session->vector);
	zt_tls_close(&session->tls);
	zt_pair_close(&session->pair);
	close(session->file);
	close(session->dev);
	free(session->content);
	free(session->came);
}

FIXTURE_SETUP(ktls)
{
	if (!open_session(&self->session, &variant->kind))
		ZT_SKIP("no kTLS for %s", variant->kind.cipher);
}

FIXTURE_TEARDOWN(ktls)
{
	close_session(&self->session);
}

FIXTURE_SETUP(ktls_edges)
{
	if (!open_session(&self->session, &variant->kind))
		ZT_SKIP("no kTLS for %s", variant->kind.cipher);
}

FIXTURE_TEARDOWN(ktls_edges)
{
	close_session(&self->session);
}

static void *receive_vector(void *arg)
{
	struct session *session = arg;

	session->received = zt_tls_read_full(session->tls.rx, session->came,
					     session->vector.len);
	return NULL;
}

static void start_receiver(struct __test_metadata *_metadata,
			   struct session *session)
{
	ASSERT_GE(CONTENT, session->vector.len);
	ASSERT_EQ(0, pthread_create(&session->receiver, NULL, receive_vector,
				    session));
}

static void finish_receiver(struct __test_metadata *_metadata,
			    struct session *session)
{
	ASSERT_EQ(0, pthread_join(session->receiver, NULL));
	ASSERT_EQ(session->vector.len, session->received);
	EXPECT_EQ(0, memcmp(session->vector.bytes, session->came,
			    session->received));
}

/* Some of everything, at odd places. */
static void add_mixture(struct session *session)
{
	struct zt_vector *vector = &session->vector;

	zt_add_user(vector, session->content + 3, 1234);
	zt_add_file(vector, session->file, session->content, 4097, 250001);
	zt_add_zero(vector, 5000);
	zt_add_buffer(vector, session->content, 17, 90003);
	zt_add_file(vector, session->file, session->content, 1, 1);
	zt_add_user(vector, session->content, 30001);
}

TEST_F(ktls, all_types)
{
	struct session *session = &self->session;
	add_mixture(session);
	start_receiver(_metadata, session);
	ASSERT_EQ(0, zt_send(session->dev, session->pair.tx, &session->vector,
			     0, &session->call));
	ASSERT_COMPLETE(&session->call);
	finish_receiver(_metadata, session);
}

/* The same bytes as the application's own SSL_write(), before and behind. */
TEST_F(ktls_edges, between_ssl_writes)
{
	struct session *session = &self->session;
	size_t written;

	zt_add_file(&session->vector, session->file, session->content, 100,
		    40000);
	ASSERT_EQ(1, SSL_write_ex(session->tls.tx, "before", 6, &written));
	ASSERT_EQ(0, zt_send(session->dev, session->pair.tx, &session->vector,
			     0, &session->call));
	ASSERT_COMPLETE(&session->call);
	ASSERT_EQ(1, SSL_write_ex(session->tls.tx, "behind", 6, &written));
	ASSERT_EQ(6, zt_tls_read_full(session->tls.rx, session->came, 6));
	EXPECT_EQ(0, memcmp("before", session->came, 6));
	ASSERT_EQ(40000,
		  zt_tls_read_full(session->tls.rx, session->came, 40000));
	EXPECT_EQ(0, memcmp(session->content + 100, session->came, 40000));
	ASSERT_EQ(6, zt_tls_read_full(session->tls.rx, session->came, 6));
	EXPECT_EQ(0, memcmp("behind", session->came, 6));
}

/* On the wire there must be nothing of the file. */
TEST_F(ktls, nothing_in_the_clear)
{
	struct session *session = &self->session;
	size_t got = 0, at;
	ssize_t ret;

	zt_add_file(&session->vector, session->file, session->content, 0,
		    16000);
	ASSERT_EQ(0, zt_send(session->dev, session->pair.tx, &session->vector,
			     0, &session->call));
	ASSERT_COMPLETE(&session->call);
	while (got <= 16000) {
		ret = recv(session->pair.rx, session->came + got, CONTENT - got,
			   0);
		ASSERT_LT(0, ret);
		got += (size_t)ret;
	}
	for (at = 0; at + 16 <= 16000; at += 8)
		ASSERT_EQ(NULL,
			  memmem(session->came, got, session->content + at, 16))
	TH_LOG("byte %zu of the file", at);
}

/* Call until complete; what it sends must arrive although nobody waits. */
TEST_F(ktls_edges, nowait)
{
	struct session *session = &self->session;
	struct pollfd room = { .events = POLLOUT };
	int full = 0;

	ASSERT_TRUE(open_connection(session, &variant->kind, SMALL_ROOM));
	room.fd = session->pair.tx;
	add_mixture(session);
	zt_call_init(&session->call, session->pair.tx, &session->vector,
		     ZCOPY_SEND_NOWAIT);
	for (;;) {
		zt_call(session->dev, &session->call);
		ASSERT_CONSISTENT(&session->call);
		if (session->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			break;
		ASSERT_EQ(ZCOPY_STOP_SOCKET_FULL, session->call.send.out_stop);
		/* It is full for certain as long as nobody reads. */
		if (!full++)
			start_receiver(_metadata, session);
		ASSERT_EQ(1, poll(&room, 1, 20000));
	}
	ASSERT_LT(0, full);
	finish_receiver(_metadata, session);
}

static void ignore_signal(int signal)
{
}

static void set_alarms(long milliseconds)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	const struct timeval time = { milliseconds / 1000,
				      milliseconds % 1000 * 1000 };
	struct itimerval timer = { time, time };

	if (sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &timer, NULL))
		zt_die("SIGALRM");
}

/* Pieces so small that a batch of them ends within a record. */
static void add_small_pieces(struct session *session, size_t len)
{
	size_t i;

	zt_vector_free(&session->vector);
	for (i = 0; i < CONTENT / len; i++)
		zt_add_file(&session->vector, session->file, session->content,
			    i % 999, len);
}

/*
 * A peer that does not read, and a record that is not full when the socket is:
 * to send it off must not wait either. If it does, the alarm ends the wait; it comes
 * late, because a machine that is busy may make any call take a second.
 */
TEST_F(ktls_edges, nowait_never_waits)
{
	struct session *session = &self->session;
	size_t len;

	for (len = 201; len < 2000; len = len * 3 + 2) {
		ASSERT_TRUE(
			open_connection(session, &variant->kind, SMALL_ROOM));
		add_small_pieces(session, len);
		zt_call_init(&session->call, session->pair.tx, &session->vector,
			     ZCOPY_SEND_NOWAIT);
		set_alarms(9000 * zt_slack());
		do {
			double before = zt_now();

			zt_call(session->dev, &session->call);
			ASSERT_GT(6.0 * zt_slack(), zt_now() - before)
			TH_LOG("in pieces of %zu", len);
			ASSERT_CONSISTENT(&session->call);
		} while (!session->call.ret);
		set_alarms(0);
		ASSERT_EQ(EAGAIN, session->call.error);
		/* The rest arrives when the peer reads at last. */
		session->call.send.flags = 0;
		start_receiver(_metadata, session);
		ASSERT_EQ(0, zt_call(session->dev, &session->call));
		ASSERT_COMPLETE(&session->call);
		finish_receiver(_metadata, session);
	}
}

/* A record that is not full, and a call that stops: it must leave at once. */
static double tail(struct __test_metadata *_metadata, struct session *session,
		   uint32_t flags)
{
	size_t done;
	double before;

	zt_call_init(&session->call, session->pair.tx, &session->vector, flags);
	zt_call(session->dev, &session->call);
	ASSERT_CONSISTENT(&session->call);
	done = session->call.send.done;
	before = zt_now();
	ASSERT_EQ(done, zt_tls_read_full(session->tls.rx, session->came, done));
	EXPECT_EQ(0, memcmp(session->vector.bytes, session->came, done));
	return zt_now() - before;
}

/* What is held back is late each time; a busy machine is late once. */
static double tail_at_best(struct __test_metadata *_metadata,
			   struct session *session, uint32_t flags)
{
	double time;
	int tries = 5;

	do {
		time = tail(_metadata, session, flags);
	} while (time >= STALL && --tries);
	return time;
}

TEST_F(ktls_edges, short_file_does_not_stall)
{
	struct session *session = &self->session;
	zt_add_file(&session->vector, session->file, session->content,
		    CONTENT - 3001, 3001)
		->len = 10000;
	EXPECT_GT(STALL, tail_at_best(_metadata, session, 0));
	EXPECT_EQ(ZCOPY_STOP_SHORT, session->call.send.out_stop);
	EXPECT_EQ(3001, session->call.send.done);
	EXPECT_GT(STALL, tail_at_best(_metadata, session, ZCOPY_SEND_MORE));
	EXPECT_EQ(ZCOPY_STOP_SHORT, session->call.send.out_stop);
	EXPECT_GT(STALL, tail_at_best(_metadata, session, ZCOPY_SEND_NOWAIT));
	EXPECT_EQ(ZCOPY_STOP_SHORT, session->call.send.out_stop);
}

/* Signals again and again; each time it goes on where it stopped. */
TEST_F(ktls_edges, signals)
{
	struct session *session = &self->session;
	int interrupted = 0;

	ASSERT_TRUE(open_connection(session, &variant->kind, SMALL_ROOM));
	add_mixture(session);
	zt_call_init(&session->call, session->pair.tx, &session->vector, 0);
	set_alarms(5);
	do {
		zt_call(session->dev, &session->call);
		ASSERT_CONSISTENT(&session->call);
		ASSERT_EQ(ZCOPY_STOP_INTERRUPTED, session->call.send.out_stop);
	} while (++interrupted < 10);
	/* The thread that reads must not get the signals. */
	set_alarms(0);
	start_receiver(_metadata, session);
	ASSERT_EQ(0, zt_call(session->dev, &session->call));
	ASSERT_COMPLETE(&session->call);
	finish_receiver(_metadata, session);
}

static int port_of(int listener)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	if (getsockname(listener, (struct sockaddr *)&address, &length))
		zt_die("getsockname");
	return ntohs(address.sin_port);
}

static void *read_from_pipe(void *arg)
{
	struct session *session = arg;

	session->received = zt_read_full(session->pair.rx, session->came,
					 CONTENT);
	return NULL;
}

TEST_F(ktls_edges, openssl_s_client)
{
	struct session *session = &self->session;
	int listener = zt_listen(ZT_TCP4, 0), status;
	pid_t child;

	zt_tls_close(&session->tls);
	zt_pair_close(&session->pair);
	child = zt_tls_client_program(&variant->kind, port_of(listener),
				      &session->pair.rx);
	session->pair.tx = accept(listener, NULL, NULL);
	ASSERT_LE(0, session->pair.tx);
	session->tls.context = zt_tls_sender(&variant->kind);
	session->tls.tx = zt_tls_accept(session->tls.context, session->pair.tx);
	ASSERT_NE(NULL, session->tls.tx);
	add_mixture(session);
	ASSERT_EQ(0, pthread_create(&session->receiver, NULL, read_from_pipe,
				    session));
	ASSERT_EQ(0, zt_send(session->dev, session->pair.tx, &session->vector,
			     0, &session->call));
	ASSERT_COMPLETE(&session->call);
	/* "The end", in TLS's own words: s_client ends by itself. */
	SSL_shutdown(session->tls.tx);
	finish_receiver(_metadata, session);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(listener);
}

ZT_MAIN
