// SPDX-License-Identifier: GPL-2.0
/* Honest streams: what was sent is noted, what comes is compared with it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

/* No call waits for ever: who should read may be the one that sends. */
void fz_pair_open(struct zt_pair *pair, enum zt_family family)
{
	const struct timeval wait = { .tv_usec = 20000 };
	sigset_t all, before;

	/* Other threads' signals are for the calls under test. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!zt_pair_open_if_there(pair, family, 0))
		zt_pair_open(pair, ZT_UNIX, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (setsockopt(pair->tx, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)))
		zt_die("SO_SNDTIMEO");
	fcntl(pair->rx, F_SETFL, O_NONBLOCK);
}

void fz_stream_open(struct fz_stream *stream, enum zt_family family)
{
	memset(stream, 0, sizeof(*stream));
	pthread_mutex_init(&stream->tx_lock, NULL);
	pthread_mutex_init(&stream->rx_lock, NULL);
	stream->family = family;
	fz_pair_open(&stream->pair, family);
}

void fz_stream_note(struct fz_stream *stream, struct fz_entry entry)
{
	if (stream->nr_entries == stream->room_entries) {
		stream->room_entries = 2 * stream->room_entries + 16;
		stream->entries = realloc(stream->entries,
					  stream->room_entries * sizeof(entry));
		if (!stream->entries)
			zt_die("realloc");
	}
	stream->entries[stream->nr_entries++] = entry;
	stream->noted += entry.len;
}

/* Room for @len bytes more at the end of what came. */
static unsigned char *make_room(struct fz_stream *stream, size_t len)
{
	if (stream->nr_came + len > stream->room_came) {
		stream->room_came = 2 * (stream->nr_came + len);
		stream->came = realloc(stream->came, stream->room_came);
		if (!stream->came)
			zt_die("realloc");
	}
	return stream->came + stream->nr_came;
}

/* Through a pipe, as a proxy would. */
static ssize_t receive_spliced(struct fz_stream *stream, size_t len)
{
	unsigned char *to = make_room(stream, len);
	ssize_t got, kept;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		zt_die("pipe2");
	got = splice(stream->pair.rx, NULL, ends[1], NULL, len,
		     SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (got > 0) {
		kept = (ssize_t)zt_read_full(ends[0], to, (size_t)got);
		if (kept != got)
			fz_fail("a pipe held %zd bytes, not %zd", kept, got);
	}
	close(ends[0]);
	close(ends[1]);
	return got;
}

/* Bytes that are looked at twice are the same twice. */
static ssize_t receive_peeked(struct fz_stream *stream, size_t len)
{
	unsigned char *to = make_room(stream, len);
	ssize_t got = recv(stream->pair.rx, to, len, MSG_PEEK);

	return got <= 0 ? got : recv(stream->pair.rx, to, (size_t)got, 0);
}

static ssize_t receive_some(struct fz_stream *stream, unsigned int way,
			    size_t len)
{
	ssize_t got;

	switch (way) {
	case 0:
		got = receive_spliced(stream, len);
		break;
	case 1:
		got = receive_peeked(stream, len);
		break;
	default:
		got = recv(stream->pair.rx, make_room(stream, len), len, 0);
		break;
	}
	if (got > 0) {
		stream->nr_came += (uint64_t)got;
		stream->read += (uint64_t)got;
	}
	return got;
}

void fz_receive(struct fz_thread *thread)
{
	struct fz_stream *stream = &world.streams[fz_pick(thread, FZ_STREAMS)];
	unsigned int way = fz_pick(thread, 8);
	size_t len = 1 + fz_number(thread, 21);

	pthread_mutex_lock(&stream->rx_lock);
	receive_some(stream, way, len);
	pthread_mutex_unlock(&stream->rx_lock);
}

/* Both locks are held: compare all that has come, and forget it. */
static void compare(struct fz_stream *stream)
{
	uint64_t at = 0, match;
	size_t i;

	for (i = 0; i < stream->nr_entries && at < stream->nr_came; i++) {
		struct fz_entry *entry = &stream->entries[i];
		uint64_t len = stream->nr_came - at;

		if (len > entry->len)
			len = entry->len;
		match = fz_pattern_match(entry, 0, stream->came + at, len);
		if (match != len) {
			fz_fail("stream %u: byte %llu of pattern %u is %02x",
				stream->family,
				(unsigned long long)(entry->offset + match),
				entry->pattern, stream->came[at + match]);
			return;
		}
		at += len;
		entry->offset += len;
		entry->len -= len;
		if (entry->len)
			break;
	}
	if (at < stream->nr_came)
		fz_fail("stream %u: %llu bytes came that nobody sent",
			stream->family,
			(unsigned long long)(stream->nr_came - at));
	stream->nr_came = 0;
	memmove(stream->entries, stream->entries + i,
		(stream->nr_entries - i) * sizeof(*stream->entries));
	stream->nr_entries -= i;
}

static void lock_both(struct fz_stream *stream)
{
	pthread_mutex_lock(&stream->tx_lock);
	pthread_mutex_lock(&stream->rx_lock);
}

static void unlock_both(struct fz_stream *stream)
{
	pthread_mutex_unlock(&stream->rx_lock);
	pthread_mutex_unlock(&stream->tx_lock);
}

void fz_verify(struct fz_thread *thread)
{
	struct fz_stream *stream = &world.streams[fz_pick(thread, FZ_STREAMS)];

	lock_both(stream);
	compare(stream);
	unlock_both(stream);
}

/*
 * Read until @bytes have come in all, or to the end. False if some of them have
 * not come after so many seconds.
 */
static bool drain(struct fz_stream *stream, uint64_t bytes, double seconds)
{
	struct pollfd pollfd = { .fd = stream->pair.rx, .events = POLLIN };
	double end = zt_now() + seconds * zt_slack();
	ssize_t got = 1;

	while (got && stream->read < bytes) {
		got = receive_some(stream, 2, MIB);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			stream->broken = true;
		if (got < 0 && stream->broken)
			return true;
		if (got < 0)
			poll(&pollfd, 1, 100);
		if (zt_now() > end)
			return false;
	}
	return true;
}

/*
 * A kTLS socket keeps a record that MSG_MORE has left open, and whoever half-
 * closes it loses that. One more byte ends it. Returns how many it took.
 */
static unsigned int finish_record(struct fz_stream *stream)
{
	const struct fz_entry entry = { .pattern = FZ_PATTERN_ZERO, .len = 1 };
	double end = zt_now() + 20 * zt_slack();

	if (stream->family != ZT_KTLS)
		return 0;
	while (zt_now() < end) {
		if (send(stream->pair.tx, "", 1, MSG_NOSIGNAL) == 1) {
			fz_stream_note(stream, entry);
			return 1;
		}
		if (errno != EAGAIN && errno != EINTR)
			break;
		receive_some(stream, 2, MIB);
	}
	stream->broken = true;
	return 0;
}

/*
 * Read all that is to come. Where the room that kTLS waits for comes just when
 * its time-out (SO_SNDTIMEO) ends, nobody sends the record that it has encrypted:
 * it lies there until the next send(2). Returns how many bytes those have been.
 */
static unsigned int drain_all(struct fz_stream *stream)
{
	unsigned int tries = stream->family == ZT_KTLS ? 6 : 1, extra = 0;
	bool came;

	do {
		extra += finish_record(stream);
		came = drain(stream, stream->noted, tries > 1 ? 4 : 20);
	} while (!came && --tries);
	if (!came)
		fz_fail("stream %u: %llu of %llu bytes have come",
			stream->family, (unsigned long long)stream->read,
			(unsigned long long)stream->noted);
	return extra;
}

static void end_stream(struct fz_stream *stream)
{
	unsigned int extra = drain_all(stream);
	uint64_t left = 0;
	size_t i;

	shutdown(stream->pair.tx, SHUT_WR);
	if (!drain(stream, UINT64_MAX, 20))
		fz_fail("stream %u: no end comes", stream->family);
	compare(stream);
	for (i = 0; i < stream->nr_entries; i++)
		left += stream->entries[i].len;
	if (left && !stream->broken)
		fz_fail("stream %u: %llu bytes never came", stream->family,
			(unsigned long long)left);
	world.noted += stream->noted - extra;
	zt_pair_close(&stream->pair);
	stream->nr_entries = 0;
	stream->noted = 0;
	stream->read = 0;
	stream->nr_came = 0;
	stream->broken = false;
}

void fz_stream_close(struct fz_stream *stream)
{
	end_stream(stream);
	free(stream->entries);
	free(stream->came);
	pthread_mutex_destroy(&stream->tx_lock);
	pthread_mutex_destroy(&stream->rx_lock);
}

/* kTLS loses what it has taken but not sent, and goes on taking. */
void fz_stream_was_shut(struct fz_stream *stream)
{
	stream->broken |= stream->family == ZT_KTLS;
}

/* The peer goes away with unread bytes: from now on, bytes may be lost. */
static void break_stream(struct fz_stream *stream)
{
	const struct linger reset = { .l_onoff = 1 };

	setsockopt(stream->pair.rx, SOL_SOCKET, SO_LINGER, &reset,
		   sizeof(reset));
	shutdown(stream->pair.rx, SHUT_RDWR);
	stream->broken = true;
}

void fz_stream_end(struct fz_thread *thread)
{
	static pthread_mutex_t noted = PTHREAD_MUTEX_INITIALIZER;
	struct fz_stream *stream = &world.streams[fz_pick(thread, FZ_STREAMS)];
	unsigned int how = fz_pick(thread, 4);

	pthread_mutex_lock(&noted);
	lock_both(stream);
	if (how == 0) {
		break_stream(stream);
	} else if (how == 1) {
		shutdown(stream->pair.tx, SHUT_WR);
		fz_stream_was_shut(stream);
	} else {
		end_stream(stream);
		fz_pair_open(&stream->pair, stream->family);
	}
	unlock_both(stream);
	pthread_mutex_unlock(&noted);
}

/* Nothing that may be set changes what arrives. */
void fz_stream_option(struct fz_thread *thread)
{
	struct fz_stream *stream = &world.streams[fz_pick(thread, FZ_STREAMS)];
	unsigned int which = fz_pick(thread, 5);
	int value = (int)fz_number(thread, 20);
	int room = 64 * (int)KIB + value;
	int flag = value & 1;

	pthread_mutex_lock(&stream->tx_lock);
	switch (which) {
	case 0:
		setsockopt(stream->pair.tx, SOL_SOCKET, SO_SNDBUF, &value,
			   sizeof(value));
		break;
	case 1:
		setsockopt(stream->pair.tx, SOL_TCP, TCP_CORK, &flag,
			   sizeof(flag));
		break;
	case 2:
		setsockopt(stream->pair.tx, SOL_TCP, TCP_NODELAY, &flag,
			   sizeof(flag));
		break;
	case 3:
		fcntl(stream->pair.tx, F_SETFL, flag ? O_NONBLOCK : 0);
		break;
	default:
		/* With less than a packet's, TCP waits a second for each. */
		setsockopt(stream->pair.rx, SOL_SOCKET, SO_RCVBUF, &room,
			   sizeof(room));
		break;
	}
	pthread_mutex_unlock(&stream->tx_lock);
}
