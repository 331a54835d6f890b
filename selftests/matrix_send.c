// SPDX-License-Identifier: GPL-2.0
/* A whole file through a cell of the matrix, once in each way of waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "matrix.h"

/* So little that no file fits. */
#define SMALL_ROOM 16384
/* Seconds that one file may take, on an emulated machine. */
#define PATIENCE 30

const char *const mx_mode_names[MX_MODES] = {
	[MX_BLOCKING] = "blocking",
	[MX_NONBLOCK] = "O_NONBLOCK",
	[MX_NOWAIT] = "NOWAIT",
	[MX_CACHED] = "CACHED",
};

unsigned int mx_times_full;

struct run {
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
	uint64_t copied;
	unsigned int full;	 /* calls that found the socket full */
	unsigned int not_cached; /* calls that had to wait for the disk */
};

/* The socket is to be waited for, or the disk. */
static void wait_after(struct run *run)
{
	struct pollfd pollfd = { .fd = run->pair.tx, .events = POLLOUT };

	if (run->call.send.out_stop == ZCOPY_STOP_SOCKET_FULL) {
		run->full++;
		poll(&pollfd, 1, 1000);
	} else {
		run->not_cached++;
		poll(NULL, 0, 1);
	}
}

static bool may_go_on(const struct run *run)
{
	uint32_t stop = run->call.send.out_stop;

	return (!run->call.ret || run->call.error == EAGAIN) &&
	       (stop == ZCOPY_STOP_SOCKET_FULL ||
		stop == ZCOPY_STOP_NOT_CACHED);
}

/* Call until all is sent; returns the errno that ended it, or 0. */
static int send_all(struct run *run, int dev, const char *mode)
{
	double end = zt_now() + PATIENCE * zt_slack();
	const char *text;

	do {
		zt_call(dev, &run->call);
		/* Where CACHED is refused, there are no results to look at. */
		if (run->call.error == ENODEV)
			return ENODEV;
		text = zt_inconsistency(&run->call);
		mx_check(!*text, "%s: %s", mode, text);
		run->copied += run->call.send.out_copied;
		if (run->call.send.out_stop == ZCOPY_STOP_COMPLETE)
			return 0;
		if (!may_go_on(run))
			return (int)run->call.send.out_error ?: run->call.error;
		wait_after(run);
	} while (zt_now() < end);
	return ETIMEDOUT;
}

static struct mx_outcome judge(const struct run *run, int error,
			       const char *mode)
{
	struct mx_outcome outcome = { .error = error };

	if (error)
		return outcome;
	outcome.result = run->copied ? MX_COPIED : MX_SHARED;
	mx_check(!run->copied || run->copied == MX_CONTENT,
		 "%s: %llu of %zu bytes were copied", mode,
		 (unsigned long long)run->copied, (size_t)MX_CONTENT);
	return outcome;
}

/* What has to have happened on the way, if the mode was put to the test. */
static void check_stops(const struct run *run, enum mx_mode mode,
			size_t resident)
{
	bool waits = mode == MX_BLOCKING || mode == MX_CACHED;

	mx_check(!waits || !run->full, "%s: it did not wait",
		 mx_mode_names[mode]);
	mx_times_full += run->full;
	if (mode != MX_CACHED)
		return;
	mx_check(resident || run->not_cached, "CACHED: it never stopped");
	mx_check(resident < MX_CONTENT || !run->not_cached,
		 "CACHED: it stopped, though all was in memory");
}

static uint32_t flags_of(enum mx_mode mode)
{
	if (mode == MX_NOWAIT)
		return ZCOPY_SEND_SHUTDOWN | ZCOPY_SEND_NOWAIT;
	if (mode == MX_CACHED)
		return ZCOPY_SEND_SHUTDOWN | ZCOPY_SEND_CACHED;
	return ZCOPY_SEND_SHUTDOWN;
}

static void transfer(struct mx_cell *cell, struct run *run, enum mx_mode mode)
{
	const struct mx_source *source = cell->source;
	bool cold = source->disk && (mode == MX_BLOCKING || mode == MX_CACHED);
	const char *name = mx_mode_names[mode];
	size_t resident = MX_CONTENT;
	struct zt_receiver receiver;
	const char *text;
	int error;

	if (cold)
		resident = mx_source_evict(source);
	if (mode == MX_NONBLOCK &&
	    fcntl(run->pair.tx, F_SETFL, O_RDWR | O_NONBLOCK))
		zt_die("fcntl");
	zt_add_file(&run->vector, source->file, source->content, 0, MX_CONTENT);
	zt_call_init(&run->call, run->pair.tx, &run->vector, flags_of(mode));
	zt_receiver_start(&receiver, run->pair.rx, run->vector.bytes,
			  run->vector.len);
	error = send_all(run, cell->dev, name);
	cell->modes[mode] = judge(run, error, name);
	if (error)
		shutdown(run->pair.tx, SHUT_WR);
	text = zt_receiver_finish(&receiver);
	mx_check(error || !*text, "%s: %s", name, text);
	mx_check(!error || !receiver.received,
		 "%s: refused (%s) after %llu bytes", name,
		 mx_errno_name(error), (unsigned long long)receiver.received);
	if (!error)
		check_stops(run, mode, resident);
}

static void send_in_mode(struct mx_cell *cell, enum mx_mode mode)
{
	bool waits = mode == MX_BLOCKING || mode == MX_CACHED;
	struct run run = { 0 };

	zt_vector_init(&run.vector);
	/* Both ways to decrypt take their turns. */
	if (mx_pair_open(cell->sink, &run.pair, waits ? 0 : SMALL_ROOM,
			 mode == MX_NONBLOCK ? MX_PEER_KERNEL : MX_PEER_USER))
		transfer(cell, &run, mode);
	else
		mx_fail("%s: no connection: %s", mx_mode_names[mode],
			mx_errno_name(errno));
	zt_pair_close(&run.pair);
	zt_vector_free(&run.vector);
}

void mx_send_modes(struct mx_cell *cell)
{
	int mode;

	for (mode = 0; mode < MX_MODES; mode++)
		send_in_mode(cell, (enum mx_mode)mode);
}
