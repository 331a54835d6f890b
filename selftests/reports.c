// SPDX-License-Identifier: GPL-2.0
/*
 * What users of sendfile, splice and MSG_ZEROCOPY have reported, a test each.
 * Documentation/testing.rst lists all such reports, with the tests elsewhere:
 * stalls at the tail are in stalls.c, cold files in slow_disk.c.
 */
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "harness.h"

#define CONTENT (4 * MIB)

FIXTURE(reports)
{
	int dev;
	int file; /* on a disk */
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_SETUP(reports)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 111);
	self->file = zt_file(zt_disk_dir(), self->content, CONTENT);
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(reports)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static void send_vector(struct __test_metadata *_metadata,
			FIXTURE_DATA(reports) * self, uint32_t flags)
{
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, flags,
			     &self->call));
	ASSERT_COMPLETE(&self->call);
}

/* The bytes of the vector are what the peer reads next. */
static void expect_arrival(struct __test_metadata *_metadata,
			   FIXTURE_DATA(reports) * self)
{
	unsigned char *came = zt_alloc(self->vector.len);

	ASSERT_EQ(self->vector.len,
		  zt_read_full(self->pair.rx, came, self->vector.len));
	EXPECT_EQ(0, memcmp(self->vector.bytes, came, self->vector.len));
	free(came);
}

static unsigned int packets_sent(int tx)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (getsockopt(tx, IPPROTO_TCP, TCP_INFO, &info, &length))
		zt_die("TCP_INFO");
	return info.tcpi_data_segs_out;
}

/* "Headers and trailers need TCP_CORK and two more system calls." */
TEST_F(reports, header_file_and_trailer_are_one_packet)
{
	unsigned int before;
	int on = 1;

	ASSERT_EQ(0, setsockopt(self->pair.tx, IPPROTO_TCP, TCP_NODELAY, &on,
				sizeof(on)));
	zt_add_user(&self->vector, "Content-Length: 300\r\n\r\n", 23);
	zt_add_file(&self->vector, self->file, self->content, 5, 300);
	zt_add_user(&self->vector, "trailer", 7);
	before = packets_sent(self->pair.tx);
	send_vector(_metadata, self, 0);
	expect_arrival(_metadata, self);
	EXPECT_EQ(before + 1, packets_sent(self->pair.tx));
}

typedef ssize_t (*send_one)(FIXTURE_DATA(reports) * self);

static ssize_t by_zcopy(FIXTURE_DATA(reports) * self)
{
	self->call.send.done = 0;
	return zt_call(self->dev, &self->call);
}

static ssize_t by_sendfile(FIXTURE_DATA(reports) * self)
{
	off_t offset = 0;

	return sendfile(self->pair.tx, self->file, &offset, 1000);
}

/* How a process ends that sends to a peer that is gone, and looks at errno. */
static int end_of_sender(FIXTURE_DATA(reports) * self, send_one send_it)
{
	int status, i;
	pid_t child = fork();

	if (child < 0)
		zt_die("fork");
	if (!child) {
		signal(SIGPIPE, SIG_DFL);
		for (i = 0; i < 1000 && send_it(self) >= 0; i++)
			;
		/* The first failure may be a reset; the next is EPIPE. */
		_exit(send_it(self) < 0 && errno == EPIPE ? 0 : 1);
	}
	if (waitpid(child, &status, 0) != child)
		zt_die("waitpid");
	return status;
}

/* "sendfile raises SIGPIPE, and a library cannot mask it." */
TEST_F(reports, no_sigpipe)
{
	int status;

	zt_add_file(&self->vector, self->file, self->content, 0, 1000);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	close(self->pair.rx);
	self->pair.rx = -1;
	status = end_of_sender(self, by_zcopy);
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status))
	TH_LOG("status %#x", status);
	status = end_of_sender(self, by_sendfile);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
	TH_LOG("sendfile: status %#x", status);
}

static void *send_in_thread(void *arg)
{
	FIXTURE_DATA(reports) *self = arg;

	zt_call(self->dev, &self->call);
	return NULL;
}

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

/*
 * A SEND of the whole file is under way when the file is cut to @len. All that
 * is counted arrives; what had been looked up by then may be among it.
 */
static void cut_during_a_send(struct __test_metadata *_metadata,
			      FIXTURE_DATA(reports) * self, size_t len)
{
	unsigned char *came = zt_alloc(CONTENT);
	size_t received = len;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, send_in_thread, self));
	ASSERT_TRUE(zt_wait_until(is_full, &self->pair.tx, 20));
	ASSERT_EQ(0, ftruncate(self->file, (off_t)len));
	ASSERT_EQ(len, zt_read_full(self->pair.rx, came, len));
	EXPECT_EQ(0, memcmp(self->content, came, len));
	while (pthread_tryjoin_np(thread, NULL)) {
		ssize_t got = recv(self->pair.rx, came, CONTENT, MSG_DONTWAIT);

		received += got > 0 ? (size_t)got : 0;
		poll(NULL, 0, 1);
	}
	ASSERT_LE(received, self->call.send.done);
	received += zt_read_full(self->pair.rx, came,
				 self->call.send.done - received);
	EXPECT_EQ(self->call.send.done, received);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	free(came);
}

/*
 * "The file shrank during the call, and the peer waits for bytes that never
 * come, or takes the next reply for the rest of this one." SEND says how many
 * have gone and why it stopped, so that the caller can fill up, or close.
 */
TEST_F(reports, file_shrinks_during_the_call)
{
	const struct zcopy_send *send = &self->call.send;
	struct zcopy_segment filler;
	struct zt_receiver receiver;
	struct zcopy_send rest;

	zt_pair_close(&self->pair);
	zt_pair_open(&self->pair, ZT_TCP4, 16384);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	cut_during_a_send(_metadata, self, 100001);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(0, self->call.ret);
	EXPECT_EQ(ZCOPY_STOP_SHORT, send->out_stop);
	EXPECT_EQ(ENODATA, send->out_error);
	EXPECT_LE(100001, send->done);
	ASSERT_GT(CONTENT, send->done);
	/* The promise of CONTENT bytes can be kept. */
	zcopy_segment_zero(&filler, CONTENT - send->done);
	zcopy_send_init(&rest, self->pair.tx, &filler, 1);
	rest.flags = ZCOPY_SEND_SHUTDOWN;
	zt_receiver_start(&receiver, self->pair.rx, NULL, 0);
	EXPECT_EQ(0, zcopy_send_all(self->dev, &rest, NULL));
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	EXPECT_EQ(CONTENT - send->done, receiver.received);
}

/* "The file shrank, sendfile returns 0 for ever, one CPU is busy with it." */
TEST_F(reports, shrunken_file_is_no_endless_loop)
{
	struct zcopy_total total = { 0 };

	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	ASSERT_EQ(0, ftruncate(self->file, 3000));
	ASSERT_EQ(-1, zcopy_send_all(self->dev, &self->call.send, &total));
	EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	EXPECT_EQ(3000, total.sent);
	EXPECT_GE(2, total.calls);
	EXPECT_EQ(3000, zt_stray_bytes(&self->pair));
}

/* "When may I write to the memory again?" Of USER segments: on return. */
TEST_F(reports, user_memory_is_free_on_return)
{
	unsigned char *memory = zt_alloc(60000);

	memcpy(memory, self->content, 60000);
	zt_add_user(&self->vector, memory, 60000);
	send_vector(_metadata, self, 0);
	memset(memory, 0xee, 60000);
	expect_arrival(_metadata, self);
	free(memory);
}

/* "Completions arrive in the error queue, and poll() reports errors." */
TEST_F(reports, nothing_in_the_error_queue)
{
	struct pollfd pollfd = { .fd = self->pair.tx, .events = POLLOUT };
	struct msghdr msg = { 0 };

	zt_add_user(&self->vector, self->content, 100);
	zt_add_file(&self->vector, self->file, self->content, 0, 60000);
	send_vector(_metadata, self, 0);
	expect_arrival(_metadata, self);
	EXPECT_LE(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(0, pollfd.revents & POLLERR);
	EXPECT_EQ(-1, recvmsg(self->pair.tx, &msg, MSG_ERRQUEUE));
	EXPECT_EQ(EAGAIN, errno);
}

static bool drops_cache(void *file)
{
	return !zt_drop_cache(*(int *)file);
}

/*
 * "What is sent once fills the cache": it can be dropped behind the send, as
 * soon as the peer's TCP has acknowledged it.
 */
TEST_F(reports, cache_can_be_dropped_behind_a_send)
{
	struct zt_receiver receiver;

	zt_stay_on_one_cpu();
	zt_drop_cache(self->file);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_receiver_start(&receiver, self->pair.rx, self->content, CONTENT);
	send_vector(_metadata, self, ZCOPY_SEND_SHUTDOWN);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	EXPECT_EQ(CONTENT, zt_cached(self->file, 0, CONTENT));
	EXPECT_TRUE(zt_wait_until(drops_cache, &self->file, 5));
}

/* Or not be used at all: from the disk into the buffer, from there out. */
TEST_F(reports, disk_to_socket_without_the_cache)
{
	const size_t len = 512 * KIB;
	struct zt_receiver receiver;
	unsigned char *buffer;
	int direct;

	if (zt_drop_cache(self->file))
		ZT_SKIP("files in %s stay in memory", zt_disk_dir());
	direct = open(zt_self_path(self->file), O_RDONLY | O_DIRECT);
	if (direct < 0)
		ZT_SKIP("O_DIRECT in %s: %s", zt_disk_dir(), strerror(errno));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, len));
	buffer = zcopy_map_buffer(self->dev, len);
	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(len, pread(direct, buffer, len, 0));
	zt_add_buffer(&self->vector, self->content, 0, len);
	zt_receiver_start(&receiver, self->pair.rx, self->content, len);
	send_vector(_metadata, self, ZCOPY_SEND_SHUTDOWN);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	EXPECT_EQ(zt_must_copy(&self->vector), self->call.send.out_copied);
	EXPECT_EQ(0, zt_cached(self->file, 0, CONTENT));
	munmap(buffer, len);
	close(direct);
}

#define CROWD 1100
#define CROWD_BYTES 20000

static void allow_descriptors(rlim_t number)
{
	struct rlimit limit = { number, number };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		zt_die("RLIMIT_NOFILE");
}

/* So many pipes that a user's next ones hold next to nothing. */
static bool use_up_pipes(void)
{
	int pipes[2], i;

	for (i = 0; i < CROWD; i++) {
		if (pipe(pipes))
			return true;
	}
	return fcntl(pipes[0], F_GETPIPE_SZ) < (int)(64 * KIB) &&
	       fcntl(pipes[0], F_SETPIPE_SZ, MIB) < 0;
}

static bool send_to_one(FIXTURE_DATA(reports) * self, int tx)
{
	return !zt_send(self->dev, tx, &self->vector, ZCOPY_SEND_NOWAIT,
			&self->call) &&
	       self->call.send.out_stop == ZCOPY_STOP_COMPLETE &&
	       self->call.send.out_copied == zt_must_copy(&self->vector);
}

static bool receive_from_one(FIXTURE_DATA(reports) * self, int rx)
{
	unsigned char came[CROWD_BYTES];

	return zt_read_full(rx, came, CROWD_BYTES) == CROWD_BYTES &&
	       !memcmp(self->vector.bytes, came, CROWD_BYTES);
}

/* "Splice needs a pipe for each connection; they run out at about 1000." */
TEST_F(reports, a_thousand_connections_need_no_pipes)
{
	int listener = zt_listen(ZT_TCP4, 0);
	int tx[CROWD], rx[CROWD], i;

	allow_descriptors(6 * CROWD);
	zt_add_file(&self->vector, self->file, self->content, 1, CROWD_BYTES);
	for (i = 0; i < CROWD; i++) {
		tx[i] = zt_connect(listener, ZT_TCP4, 0);
		rx[i] = accept(listener, NULL, NULL);
		ASSERT_LE(0, rx[i]);
	}
	/* Limits on pipes are a user's, and not for root. */
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	ASSERT_TRUE(use_up_pipes());
	for (i = 0; i < CROWD; i++)
		ASSERT_TRUE(send_to_one(self, tx[i]))
	TH_LOG("connection %d: %s", i, strerror(self->call.error));
	for (i = 0; i < CROWD; i++)
		ASSERT_TRUE(receive_from_one(self, rx[i]));
}

ZT_MAIN
