// SPDX-License-Identifier: GPL-2.0
/* One vector of the model test, sent to its end as it asks for. See model.h. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

/* Vectors that go through one connection. */
#define ZM_EPOCH 250
/* Seconds in which each vector must have come to its end. */
#define PATIENCE 40

static char trouble[256];

#define wrong(...) (snprintf(trouble, sizeof(trouble), __VA_ARGS__), trouble)

static void on_signal(int number)
{
}

static void open_timer(struct zm_run *run)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };

	if (timer_create(CLOCK_MONOTONIC, &event, &run->timer))
		zt_die("timer_create");
}

void zm_run_open(struct zm_run *run, enum zt_family family)
{
	memset(run, 0, sizeof(*run));
	run->family = family;
	run->pair.tx = -1;
	run->pair.rx = -1;
	zm_world_open(&run->world);
	run->maker.world = &run->world;
	run->maker.salt = (uint64_t)family << 60;
	zm_reader_open(&run->reader);
	zt_vector_init(&run->vector.zt);
	open_timer(run);
}

static void set_policy(bool never)
{
	zt_write_line("/sys/module/zcopy/parameters/zero_copy",
		      never ? "never" : "always");
}

void zm_run_close(struct zm_run *run)
{
	timer_delete(run->timer);
	set_policy(run->world.never);
	/* A thread that still reads sees the end of the stream. */
	if (run->pair.tx >= 0)
		shutdown(run->pair.tx, SHUT_RDWR);
	zm_reader_wait(&run->reader);
	zm_reader_close(&run->reader);
	zt_pair_close(&run->pair);
	zt_vector_free(&run->vector.zt);
	zm_world_close(&run->world);
}

/*
 * Both ends on one processor, or on all: to wake a thread on another one takes
 * long under emulation, so that most vectors do without.
 */
static void set_processors(const struct zm_run *run, bool all)
{
	cpu_set_t set;

	if (all) {
		memset(&set, 0xff, sizeof(set));
	} else {
		CPU_ZERO(&set);
		CPU_SET(sched_getcpu(), &set);
	}
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) ||
	    pthread_setaffinity_np(run->reader.thread, sizeof(set), &set))
		zt_die("pthread_setaffinity_np");
}

void zm_run_connect(struct zm_run *run, unsigned int number)
{
	static const int rooms[] = { 0, 0, 16384, 65536 };
	unsigned int epoch = number / ZM_EPOCH;

	if (run->pair.tx >= 0 && number % ZM_EPOCH && !run->shut)
		return;
	zt_pair_close(&run->pair);
	set_processors(run, epoch % 4 == 0);
	zt_pair_open(&run->pair, run->family,
		     rooms[zm_mix(run->maker.seed, ~(uint64_t)epoch) % 4]);
	run->shut = false;
}

static void set_nodelay(const struct zm_run *run, int on)
{
	if (run->family != ZT_UNIX &&
	    setsockopt(run->pair.tx, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		zt_die("TCP_NODELAY");
}

static void set_socket(const struct zm_run *run)
{
	const struct zm_vector *vector = &run->vector;
	struct timeval wait = { .tv_usec = vector->wait };
	int tx = run->pair.tx;

	set_nodelay(run, !vector->nagle);
	if (setsockopt(tx, SOL_SOCKET, SO_SNDBUF, &vector->room,
		       sizeof(vector->room)) ||
	    setsockopt(tx, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
	    fcntl(tx, F_SETFL, vector->nonblock ? O_NONBLOCK : 0))
		zt_die("options of the socket");
}

static void set_signal(const struct zm_vector *vector)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = vector->restart ? SA_RESTART : 0,
	};

	if (sigaction(SIGUSR1, &action, NULL))
		zt_die("sigaction");
}

/* Some parts of the cold file are not in memory when the vector is sent. */
static void drop_pages(struct zm_run *run)
{
	struct zm_vector *vector = &run->vector;
	unsigned int i;

	for (i = 0; i < vector->drops; i++) {
		off_t from = zm_below(&vector->state, ZM_FILE_LEN);
		off_t len = zm_below(&vector->state, ZM_FILE_LEN / 2);

		if (posix_fadvise(run->world.files[ZM_COLD].fd, from, len,
				  POSIX_FADV_DONTNEED))
			zt_die("posix_fadvise");
	}
}

static void look_at_cache(const struct zm_run *run, struct zm_before *before)
{
	void *map;

	if (!(run->vector.flags & ZCOPY_SEND_CACHED))
		return;
	map = mmap(NULL, ZM_FILE_LEN, PROT_READ, MAP_SHARED,
		   run->world.files[ZM_COLD].fd, 0);
	if (map == MAP_FAILED || mincore(map, ZM_FILE_LEN, before->resident))
		zt_die("mincore");
	munmap(map, ZM_FILE_LEN);
}

static void set_alarm(const struct zm_run *run, unsigned int microseconds)
{
	struct itimerspec spec = { .it_value.tv_nsec = 1000L * microseconds };

	if (timer_settime(run->timer, 0, &spec, NULL))
		zt_die("timer_settime");
}

/* One call, which a signal may come into. Returns "" or what was wrong. */
static const char *call_once(struct zm_run *run)
{
	struct zm_vector *vector = &run->vector;
	struct zm_before before = { 0 };
	const char *text;

	look_at_cache(run, &before);
	if (vector->alarms) {
		vector->alarms--;
		before.alarmed = true;
		set_alarm(run, 1 + zm_below(&vector->state, 1500));
	}
	zt_call(run->world.dev, &run->call);
	if (before.alarmed)
		set_alarm(run, 0);
	text = zm_judge(vector, &before, &run->call);
	if (!*text)
		zm_count(&run->tally, vector, &run->call);
	return text;
}

static bool has_room(const struct zm_run *run, int milliseconds)
{
	struct pollfd pollfd = { .fd = run->pair.tx, .events = POLLOUT };

	return poll(&pollfd, 1, milliseconds) > 0;
}

/* Read a little, or all there is, and until the socket takes more. */
static void make_room(struct zm_run *run)
{
	unsigned int steps = 1 + zm_below(&run->vector.state, 3);
	double end = zt_now() + 10 * zt_slack();

	if (run->vector.beside) {
		has_room(run, 1000);
		return;
	}
	while (steps-- && zm_reader_step(&run->reader, 0))
		;
	while (!has_room(run, 0) && zt_now() < end && !*run->reader.wrong)
		zm_reader_step(&run->reader, 1);
}

/* What a caller does about each way to stop early. */
static void react(struct zm_run *run)
{
	struct zm_vector *vector = &run->vector;

	switch (run->call.send.out_stop) {
	case ZCOPY_STOP_SOCKET_FULL:
		make_room(run);
		break;
	case ZCOPY_STOP_NOT_CACHED:
		poll(NULL, 0, 1);
		if (vector->tries)
			vector->tries--;
		else
			vector->flags &= ~ZCOPY_SEND_CACHED;
		break;
	default:
		break;
	}
	run->call.send.flags = vector->flags;
}

static bool at_end(const struct zm_run *run)
{
	return run->call.send.out_stop == run->vector.end_stop &&
	       run->call.send.done == run->vector.limit;
}

static const char *send_all(struct zm_run *run)
{
	struct zm_vector *vector = &run->vector;
	double end = zt_now() + PATIENCE * zt_slack();
	const char *text;

	zt_call_init(&run->call, run->pair.tx, &vector->zt, vector->flags);
	for (;;) {
		text = call_once(run);
		if (*text || at_end(run))
			break;
		if (zt_now() > end)
			return wrong("stuck at byte %llu: %s",
				     (unsigned long long)run->call.send.done,
				     zcopy_stop_name(run->call.send.out_stop));
		react(run);
		if (!vector->beside && *run->reader.wrong)
			return wrong("peer: %s", run->reader.wrong);
	}
	/* The end stays the end. */
	if (!*text && vector->again && !(vector->flags & ZCOPY_SEND_SHUTDOWN))
		text = call_once(run);
	return text;
}

/* All that was sent has to come, and nothing else. */
static const char *receive_all(struct zm_run *run)
{
	struct zm_reader *reader = &run->reader;
	int more = 0;

	/* What MORE has held back would take TCP 200 ms. */
	if (run->vector.flags & ZCOPY_SEND_MORE || run->vector.nagle)
		set_nodelay(run, 1);
	if (run->vector.beside)
		zm_reader_wait(reader);
	else
		zm_reader_finish(reader);
	if (*reader->wrong)
		return wrong("peer: %s", reader->wrong);
	if (ioctl(run->pair.rx, FIONREAD, &more))
		zt_die("FIONREAD");
	return more ? wrong("%d bytes too many have come", more) : "";
}

/* After SHUTDOWN the peer sees the end; the connection is used up. */
static const char *check_shutdown(struct zm_run *run)
{
	char byte;

	if (!(run->vector.flags & ZCOPY_SEND_SHUTDOWN) ||
	    run->vector.end_stop != ZCOPY_STOP_COMPLETE)
		return "";
	run->shut = true;
	return recv(run->pair.rx, &byte, 1, 0) ? "the stream has no end" : "";
}

static const char *report(struct zm_run *run, unsigned int number,
			  const char *text)
{
	static const char *const families[] = { "tcp4", "tcp6", "unix_stream" };

	if (!*text)
		return text;
	fprintf(stderr,
		"# vector %u: %s\n# again: ZCOPY_SEED=%llu ZCOPY_VECTOR=%u model -v %s\n",
		number, text, (unsigned long long)run->maker.seed, number,
		families[run->family]);
	zm_describe(&run->vector);
	return text;
}

size_t zm_run_stray(const struct zm_run *run)
{
	const struct timeval for_ever = { 0 };
	int tx = run->pair.tx;

	/* Behind that, nothing can come; that nothing did has been seen. */
	if (run->shut)
		return 0;
	/* As the last vector left it, it might not wait for the peer's ACK. */
	if (fcntl(tx, F_SETFL, 0) || setsockopt(tx, SOL_SOCKET, SO_SNDTIMEO,
						&for_ever, sizeof(for_ever)))
		zt_die("a socket that waits");
	return zt_stray_bytes(&run->pair);
}

const char *zm_run_vector(struct zm_run *run, unsigned int number)
{
	struct zm_vector *vector = &run->vector;
	const char *text;

	zm_run_connect(run, number);
	zm_make(vector, &run->maker, number);
	if (vector->never != run->world.never)
		set_policy(vector->never);
	set_socket(run);
	set_signal(vector);
	drop_pages(run);
	zm_reader_aim(&run->reader, run->pair.rx, vector);
	if (vector->beside)
		zm_reader_start(&run->reader);
	text = send_all(run);
	if (!*text)
		text = receive_all(run);
	if (!*text)
		text = check_shutdown(run);
	if (vector->never != run->world.never)
		set_policy(run->world.never);
	return report(run, number, text);
}

const char *zm_run_refusal(struct zm_run *run, unsigned int number)
{
	struct zm_refusal refusal;
	const char *text = "";
	uint64_t done;
	int ret, came = 0;

	zm_run_connect(run, number);
	zm_make(&run->vector, &run->maker, number);
	set_socket(run);
	zm_spoil(&refusal, &run->vector, &run->world, run->pair.tx);
	done = refusal.send.done;
	errno = 0;
	ret = ioctl(refusal.dev, ZCOPY_IOC_SEND, &refusal.send);
	if (ret != -1 || errno != refusal.error)
		text = wrong("%s: SEND returned %d (%s), not \"%s\"",
			     refusal.name, ret, strerror(errno),
			     strerror(refusal.error));
	else if (refusal.send.done != done)
		text = wrong("%s: the cursor has moved", refusal.name);
	else if (ioctl(run->pair.rx, FIONREAD, &came) || came)
		text = wrong("%s: %d bytes were sent", refusal.name, came);
	return report(run, number, text);
}
