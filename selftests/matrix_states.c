// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are not just connected and empty: each kind is brought into each
 * state twice, and zcopy has to answer what sendfile(2) answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "matrix.h"

#define FILE_LEN (150 * KIB + 77)
#define SMALL_ROOM 16384
/* More than any socket here takes without a reader. */
#define ENOUGH (4 * MIB)

struct state {
	const char *name;
	/* Opens the pair in this state; false: there is no such thing. */
	bool (*reach)(const struct mx_sink *sink, struct zt_pair *pair);
	/* It can be sent to: all arrives. Otherwise there is an errno. */
	bool sends;
};

static bool is_tcp(const struct mx_sink *sink)
{
	return sink->domain == AF_INET || sink->domain == AF_INET6;
}

static bool connected(const struct mx_sink *sink, struct zt_pair *pair,
		      int room)
{
	bool open = mx_pair_open(sink, pair, room, MX_PEER_KERNEL);

	mx_check(open, "no connection: %s", mx_errno_name(errno));
	return open;
}

static bool not_connected(const struct mx_sink *sink, struct zt_pair *pair)
{
	pair->tx = mx_socket(sink);
	/* kTLS begins on a connection. */
	return !sink->tls;
}

/* Whoever does not fit into the queue of the listener stays half-way. */
static bool connecting(const struct mx_sink *sink, struct zt_pair *pair)
{
	int tries;

	if (!is_tcp(sink) || sink->tls)
		return false;
	pair->rx = mx_listen(sink, 0);
	if (listen(pair->rx, 0))
		zt_die("listen");
	for (tries = 0; tries < 4; tries++) {
		/* The ones before stay open, in the queue, until the end. */
		pair->tx = mx_socket(sink);
		if (fcntl(pair->tx, F_SETFL, O_RDWR | O_NONBLOCK))
			zt_die("fcntl");
		mx_connect(pair->tx, pair->rx);
	}
	return true;
}

static bool shut_down(const struct mx_sink *sink, struct zt_pair *pair)
{
	return connected(sink, pair, 0) && !shutdown(pair->tx, SHUT_WR);
}

static bool is_broken(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLRDHUP };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents;
}

static bool reset_by_peer(const struct mx_sink *sink, struct zt_pair *pair)
{
	struct linger now = { .l_onoff = 1 };

	if (!connected(sink, pair, 0))
		return false;
	setsockopt(pair->rx, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(pair->rx);
	pair->rx = -1;
	mx_check(zt_wait_until(is_broken, &pair->tx, 10), "it is not broken");
	return true;
}

static bool full(const struct mx_sink *sink, struct zt_pair *pair)
{
	return connected(sink, pair, SMALL_ROOM) &&
	       !fcntl(pair->tx, F_SETFL, O_RDWR | O_NONBLOCK);
}

static bool full_with_timeout(const struct mx_sink *sink, struct zt_pair *pair)
{
	struct timeval time = { 0, 20000 };

	return connected(sink, pair, SMALL_ROOM) &&
	       !setsockopt(pair->tx, SOL_SOCKET, SO_SNDTIMEO, &time,
			   sizeof(time));
}

static bool smallest_buffer(const struct mx_sink *sink, struct zt_pair *pair)
{
	/* vsock has none. */
	return sink->domain != AF_VSOCK && connected(sink, pair, 1);
}

static bool with_tcp_option(const struct mx_sink *sink, struct zt_pair *pair,
			    int option)
{
	int one = 1;

	if (!is_tcp(sink) || !connected(sink, pair, 0))
		return false;
	if (setsockopt(pair->tx, IPPROTO_TCP, option, &one, sizeof(one)))
		zt_die("a TCP option");
	return true;
}

static bool corked(const struct mx_sink *sink, struct zt_pair *pair)
{
	return with_tcp_option(sink, pair, TCP_CORK);
}

static bool no_delay(const struct mx_sink *sink, struct zt_pair *pair)
{
	return with_tcp_option(sink, pair, TCP_NODELAY);
}

static const struct state states[] = {
	{ .name = "not connected", .reach = not_connected },
	{ .name = "connecting (O_NONBLOCK)", .reach = connecting },
	{ .name = "shut down for writing", .reach = shut_down },
	{ .name = "reset by the peer", .reach = reset_by_peer },
	{ .name = "full (O_NONBLOCK)", .reach = full },
	{ .name = "full (SO_SNDTIMEO)", .reach = full_with_timeout },
	{ .name = "smallest SO_SNDBUF",
	  .reach = smallest_buffer,
	  .sends = true },
	{ .name = "TCP_CORK", .reach = corked, .sends = true },
	{ .name = "TCP_NODELAY", .reach = no_delay, .sends = true },
};

const unsigned int mx_nr_states = sizeof(states) / sizeof(*states);

const char *mx_state_name(unsigned int state)
{
	return states[state].name;
}

struct trial {
	const char *name;
	int dev;
	int file;
	struct zt_vector vector;
	struct zt_pair pair;
};

/* The whole file once; 0, or the errno with which nothing was sent. */
static int once_by_zcopy(struct trial *trial)
{
	struct zt_call call;
	const char *text;

	zt_send(trial->dev, trial->pair.tx, &trial->vector, 0, &call);
	text = zt_inconsistency(&call);
	mx_check(!*text, "zcopy: %s", text);
	return call.error;
}

static int once_by_sendfile(struct trial *trial)
{
	off_t offset = 0;
	ssize_t ret = 1;

	while (ret > 0 && offset < (off_t)FILE_LEN)
		ret = sendfile(trial->pair.tx, trial->file, &offset,
			       FILE_LEN - (size_t)offset);
	return offset || !ret ? 0 : errno;
}

/* Again and again until nothing goes. */
static void expect_error(struct trial *trial, int (*once)(struct trial *trial),
			 struct mx_outcome *outcome)
{
	size_t tries;

	for (tries = 0; tries < ENOUGH / FILE_LEN && !outcome->error; tries++)
		outcome->error = once(trial);
}

/* All of it has to arrive, though what comes last may be held back. */
static void expect_bytes(struct trial *trial, int (*once)(struct trial *trial),
			 struct mx_outcome *outcome)
{
	struct zt_receiver receiver;
	const char *text;

	zt_receiver_start(&receiver, trial->pair.rx, trial->vector.bytes,
			  FILE_LEN);
	outcome->error = once(trial);
	outcome->result = outcome->error ? MX_REFUSED : MX_SHARED;
	shutdown(trial->pair.tx, SHUT_WR);
	text = zt_receiver_finish(&receiver);
	mx_check(!*text, "%s: %s", trial->name, text);
}

static bool try_in_state(const struct mx_sink *sink, const struct state *state,
			 struct trial *trial, int (*once)(struct trial *trial),
			 struct mx_outcome *outcome)
{
	trial->pair = (struct zt_pair){ -1, -1 };
	if (!state->reach(sink, &trial->pair)) {
		zt_pair_close(&trial->pair);
		return false;
	}
	if (state->sends)
		expect_bytes(trial, once, outcome);
	else
		expect_error(trial, once, outcome);
	zt_pair_close(&trial->pair);
	return true;
}

/*
 * The same errno; but zcopy is right where sendfile(2) goes on and on though
 * nothing can arrive, as on a kTLS connection that is shut down.
 */
static void compare(const struct state *state,
		    const struct mx_state_report *report)
{
	int zcopy = report->zcopy.error, sendfile = report->sendfile.error;

	mx_check(state->sends == !zcopy, "zcopy: %s", mx_errno_name(zcopy));
	mx_check(zcopy == sendfile || !sendfile, "zcopy: %s, sendfile: %s",
		 mx_errno_name(zcopy), mx_errno_name(sendfile));
}

void mx_state(const struct mx_sink *sink, unsigned int number, int dev,
	      struct mx_state_report *report)
{
	const struct state *state = &states[number];
	unsigned char *content = zt_alloc(FILE_LEN);
	struct trial trial = { .name = "zcopy", .dev = dev };

	zt_pattern(content, FILE_LEN, 75);
	trial.file = zt_memory_file(content, FILE_LEN);
	zt_vector_init(&trial.vector);
	zt_add_file(&trial.vector, trial.file, content, 0, FILE_LEN);
	if (!try_in_state(sink, state, &trial, once_by_zcopy, &report->zcopy))
		report->lacking = "there is no such state";
	trial.name = "sendfile";
	if (!report->lacking &&
	    try_in_state(sink, state, &trial, once_by_sendfile,
			 &report->sendfile))
		compare(state, report);
	zt_vector_free(&trial.vector);
	close(trial.file);
	free(content);
}
