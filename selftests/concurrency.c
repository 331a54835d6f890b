// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads and processes at once: on one context, on many, and with
 * arguments that change while the kernel reads them. And processes that are
 * killed in the middle, which must leave nothing behind.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT MIB
#define THREADS 4

static void *send_repeatedly(void *arg);

/* One sender: its own content, its own connection, perhaps a shared context. */
struct worker {
	pthread_t thread;
	int dev;
	int file;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_receiver receiver;
	unsigned char *content;
	unsigned char *stream; /* what arrives in all */
	unsigned int rounds;
	char verdict[128];
};

static void worker_start(struct worker *worker, int dev, unsigned int nr)
{
	unsigned int i;

	memset(worker, 0, sizeof(*worker));
	worker->dev = dev;
	worker->rounds = 3;
	worker->content = zt_alloc(CONTENT);
	zt_pattern(worker->content, CONTENT, 100 + nr);
	worker->file = zt_memory_file(worker->content, CONTENT);
	zt_pair_open(&worker->pair, nr % 2 ? ZT_UNIX : ZT_TCP4, 0);
	zt_add_user(&worker->vector, worker->content, 1000 + nr);
	zt_add_file(&worker->vector, worker->file, worker->content, nr,
		    CONTENT - nr);
	zt_add_zero(&worker->vector, 100000 - nr);
	worker->stream = zt_alloc(worker->rounds * worker->vector.len);
	for (i = 0; i < worker->rounds; i++)
		memcpy(worker->stream + i * worker->vector.len,
		       worker->vector.bytes, worker->vector.len);
	zt_receiver_start(&worker->receiver, worker->pair.rx, worker->stream,
			  worker->rounds * worker->vector.len);
	if (pthread_create(&worker->thread, NULL, send_repeatedly, worker))
		zt_die("pthread_create");
}

static void *send_repeatedly(void *arg)
{
	struct worker *worker = arg;
	struct zt_call call;
	unsigned int i;

	for (i = 0; i < worker->rounds; i++) {
		if (zt_send(worker->dev, worker->pair.tx, &worker->vector, 0,
			    &call) ||
		    call.send.out_stop != ZCOPY_STOP_COMPLETE) {
			snprintf(worker->verdict, sizeof(worker->verdict),
				 "stop %u: %s", call.send.out_stop,
				 strerror((int)call.send.out_error));
			break;
		}
	}
	shutdown(worker->pair.tx, SHUT_WR);
	return NULL;
}

static const char *worker_finish(struct worker *worker)
{
	const char *verdict;

	if (pthread_join(worker->thread, NULL))
		zt_die("pthread_join");
	verdict = zt_receiver_finish(&worker->receiver);
	zt_vector_free(&worker->vector);
	zt_pair_close(&worker->pair);
	close(worker->file);
	free(worker->content);
	free(worker->stream);
	return *worker->verdict ? worker->verdict : verdict;
}

TEST(threads_on_one_context)
{
	struct worker workers[THREADS];
	int dev = zcopy_open(), i;

	ASSERT_LE(0, dev);
	for (i = 0; i < THREADS; i++)
		worker_start(&workers[i], dev, (unsigned int)i);
	for (i = 0; i < THREADS; i++)
		EXPECT_STREQ("", worker_finish(&workers[i]));
	close(dev);
}

TEST(threads_on_their_own_contexts)
{
	struct worker workers[THREADS];
	int devs[THREADS], i;

	for (i = 0; i < THREADS; i++) {
		devs[i] = zcopy_open();
		ASSERT_LE(0, devs[i]);
		worker_start(&workers[i], devs[i], (unsigned int)i);
	}
	for (i = 0; i < THREADS; i++) {
		EXPECT_STREQ("", worker_finish(&workers[i]));
		close(devs[i]);
	}
}

/* A child works on the context that it inherited, at the same time. */
TEST(parent_and_child)
{
	struct worker worker;
	int dev = zcopy_open(), status;
	const char *verdict;
	pid_t child;

	ASSERT_LE(0, dev);
	child = fork();
	ASSERT_LE(0, child);
	worker_start(&worker, dev, child ? 1 : 2);
	verdict = worker_finish(&worker);
	if (!child)
		_exit(*verdict ? 1 : 0);
	EXPECT_STREQ("", verdict);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(dev);
}

/* Two threads with one buffer: one resizes and maps, the other sends it. */
static void *resize_repeatedly(void *arg)
{
	const int *dev = arg;
	unsigned char *map;
	int i;

	for (i = 0; i < 300; i++) {
		zcopy_set_buffer(*dev,
				 (1 + (unsigned int)i % 8) * zt_page_size());
		map = zcopy_map_buffer(*dev, zt_page_size());
		if (!map)
			return "cannot map";
		map[i % 100] = 1;
		munmap(map, zt_page_size());
	}
	return "";
}

TEST(buffer_changes_under_senders)
{
	struct zcopy_segment segment;
	struct zt_receiver receiver;
	int dev = zcopy_open(), i;
	struct zcopy_send send;
	uint64_t sent = 0;
	struct zt_pair pair;
	pthread_t thread;
	void *verdict;

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, zcopy_set_buffer(dev, zt_page_size()));
	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_receiver_start(&receiver, pair.rx, NULL, 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, resize_repeatedly, &dev));
	for (i = 0; i < 1000; i++) {
		zcopy_segment_buffer(&segment, 0,
				     (1 + (unsigned int)i % 8) *
					     zt_page_size());
		zcopy_send_init(&send, pair.tx, &segment, 1);
		if (zcopy_send(dev, &send)) {
			ASSERT_EQ(ERANGE, errno);
			continue;
		}
		sent += send.out_sent;
	}
	ASSERT_EQ(0, pthread_join(thread, &verdict));
	EXPECT_STREQ("", (const char *)verdict);
	shutdown(pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	EXPECT_EQ(sent, receiver.received);
}

/*
 * A thread that changes every member, over and over, while SEND runs with them.
 * Any result of a call is right. But what the kernel has counted is what came: it
 * would not be, were a length or a type read twice. And nothing keeps the module in
 * use afterwards.
 */
#define SCRIBBLED 16384 /* bytes of the file, the buffer and the user memory */

struct scribble {
	struct zcopy_send send;
	struct zcopy_segment segments[8];
	unsigned char memory[SCRIBBLED];
	int socket;
	int file;
	volatile bool stop;
};

/* An address of the type's own kind, half of the time; else of any. */
static uint64_t offset_for(struct scribble *scribble, uint32_t type,
			   uint64_t *state)
{
	uint32_t offset = zt_random(state) % SCRIBBLED;

	switch (zt_random(state) % 2 ? type : zt_random(state) % 5) {
	case ZCOPY_SEGMENT_USER:
		return (uintptr_t)scribble->memory + offset;
	case ZCOPY_SEGMENT_ZERO:
		return 0;
	default:
		return offset;
	}
}

/* A file for a FILE, no descriptor for the others; or the other way round. */
static int fd_for(struct scribble *scribble, uint32_t type, uint64_t *state)
{
	switch (zt_random(state) % 8) {
	case 0:
		return scribble->socket;
	case 1:
		return type == ZCOPY_SEGMENT_FILE ? 0 : scribble->file;
	default:
		return type == ZCOPY_SEGMENT_FILE ? scribble->file : 0;
	}
}

static void scribble_segment(struct scribble *scribble,
			     volatile struct zcopy_segment *segment,
			     uint64_t *state)
{
	uint32_t type = 1 + zt_random(state) % 4;

	segment->type = zt_random(state) % 20 ? type : zt_random(state) % 6;
	segment->offset = offset_for(scribble, type, state);
	segment->len = zt_random(state) % 8192;
	segment->flags = zt_random(state) % 50 == 0;
	segment->fd = fd_for(scribble, type, state);
}

static void scribble_once(struct scribble *scribble, uint64_t *state)
{
	volatile struct zcopy_send *send = &scribble->send;

	scribble_segment(scribble, &scribble->segments[zt_random(state) % 8],
			 state);
	send->size = zt_random(state) % 4 ? sizeof(*send) : 4096;
	send->nr_segments = zt_random(state) % 9;
	send->done = zt_random(state) % 4 ? 0 : zt_random(state) % SCRIBBLED;
	send->flags = zt_random(state) % 8;
}

static void *scribble_repeatedly(void *arg)
{
	struct scribble *scribble = arg;
	uint64_t state = 99;

	while (!scribble->stop)
		scribble_once(scribble, &state);
	return NULL;
}

static int open_with_buffer(size_t len)
{
	int dev = zcopy_open();

	if (dev < 0 || zcopy_set_buffer(dev, len))
		zt_die(zcopy_device_path());
	return dev;
}

static struct scribble *new_scribble(int socket)
{
	struct scribble *scribble = zt_alloc(sizeof(*scribble));

	memset(scribble, 0, sizeof(*scribble));
	zt_pattern(scribble->memory, SCRIBBLED, 41);
	scribble->socket = socket;
	scribble->file = zt_memory_file(scribble->memory, SCRIBBLED);
	zcopy_send_init(&scribble->send, socket, scribble->segments, 8);
	return scribble;
}

/*
 * How many of so many calls have succeeded. On one processor the thread hardly ever
 * comes between: each call has something new at least.
 */
static unsigned int call_repeatedly(int dev, struct scribble *scribble)
{
	unsigned int successes = 0;
	uint64_t state = 98;
	int i;

	for (i = 0; i < 20000; i++) {
		scribble_once(scribble, &state);
		successes += !ioctl(dev, ZCOPY_IOC_SEND, &scribble->send);
	}
	return successes;
}

TEST(arguments_change_during_the_call)
{
	int references = zt_module_references();
	int dev = open_with_buffer(SCRIBBLED);
	struct zt_receiver receiver;
	struct scribble *scribble;
	struct zcopy_stats stats;
	unsigned int successes;
	struct zt_pair pair;
	pthread_t thread;

	zt_pair_open(&pair, ZT_TCP4, 0);
	scribble = new_scribble(pair.tx);
	zt_receiver_start(&receiver, pair.rx, NULL, 0);
	ASSERT_EQ(0,
		  pthread_create(&thread, NULL, scribble_repeatedly, scribble));
	successes = call_repeatedly(dev, scribble);
	scribble->stop = true;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	shutdown(pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));

	ASSERT_EQ(0, zcopy_get_stats(dev, &stats));
	TH_LOG("%u calls sent %llu bytes", successes,
	       (unsigned long long)receiver.received);
	EXPECT_LT(0, successes);
	EXPECT_LT(0, stats.out_file_bytes);
	EXPECT_LT(0, stats.out_buffer_bytes);
	EXPECT_LT(0, stats.out_user_bytes);
	EXPECT_LT(0, stats.out_zero_bytes);
	EXPECT_EQ(receiver.received,
		  stats.out_file_bytes + stats.out_buffer_bytes +
			  stats.out_user_bytes + stats.out_zero_bytes);
	zt_pair_close(&pair);
	close(scribble->file);
	free(scribble);
	close(dev);
	EXPECT_TRUE(zt_module_is_left(references, 20));
}

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

/* Blocks for ever in a send of more than the socket takes. */
static void block_in_child(int tx, size_t len)
{
	struct zcopy_segment segments[2];
	struct zcopy_send send;
	int dev = zcopy_open();

	if (dev < 0 || zcopy_set_buffer(dev, len) ||
	    !zcopy_map_buffer(dev, len))
		_exit(1);
	zcopy_segment_buffer(&segments[0], 0, len);
	zcopy_segment_zero(&segments[1], 1 * GIB);
	zcopy_send_init(&send, tx, segments, 2);
	zcopy_send_all(dev, &send, NULL);
	_exit(2);
}

FIXTURE(killed)
{
	struct zt_pair pair;
	int references;
};

FIXTURE_VARIANT(killed)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(killed, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(killed, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(killed)
{
	self->references = zt_module_references();
	ASSERT_LE(0, self->references);
}

FIXTURE_TEARDOWN(killed)
{
}

static void kill_one(struct __test_metadata *_metadata,
		     FIXTURE_DATA(killed) * self, enum zt_family family,
		     size_t len)
{
	pid_t child;
	int status;

	zt_pair_open(&self->pair, family, 0);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		block_in_child(self->pair.tx, len);
	ASSERT_TRUE(zt_wait_until(is_full, &self->pair.tx, 30));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	/* What the socket took is still there to be read, then comes EOF. */
	zt_pair_close(&self->pair);
}

static bool memory_is_free(void *arg)
{
	return zt_meminfo("MemFree") >= *(uint64_t *)arg;
}

/* As in the test of the buffer: many rounds, so that only leaks add up. */
TEST_F(killed, leaves_nothing_behind)
{
	const size_t len = 48 * MIB;
	uint64_t enough;
	int round;

	kill_one(_metadata, self, variant->family, len);
	enough = zt_meminfo("MemFree") - 3 * len;
	for (round = 0; round < 8; round++)
		kill_one(_metadata, self, variant->family, len);
	EXPECT_TRUE(zt_wait_until(memory_is_free, &enough, 20));
	EXPECT_TRUE(zt_module_is_left(self->references, 20));
}

ZT_MAIN
