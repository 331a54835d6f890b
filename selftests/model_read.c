// SPDX-License-Identifier: GPL-2.0
/*
 * The peer of the model test. It compares every byte, and in some ways also
 * tries hard to change the pages that it was given. See model.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "model.h"

#define DATA_ROOM MIB
#define PIPE_ROOM MIB
/* What goes through a pipe at a time. */
#define PIPE_STEP (48 * KIB)
#define PATIENCE 20 /* seconds without a byte */

static const char junk[] = "this must never appear in a file";

static void complain(struct zm_reader *reader, const char *what)
{
	snprintf(reader->wrong, sizeof(reader->wrong), "%s (%s) after byte %zu",
		 what, errno ? strerror(errno) : "no error", reader->received);
}

/* Compare @len bytes in reader->data with what has to come next. */
static bool compare(struct zm_reader *reader, size_t len)
{
	const unsigned char *expect = reader->expect + reader->received;
	size_t i;

	if (!memcmp(reader->data, expect, len))
		return true;
	for (i = 0; reader->data[i] == expect[i]; i++)
		;
	snprintf(reader->wrong, sizeof(reader->wrong),
		 "byte %zu of %zu is %#x, not %#x", reader->received + i,
		 reader->expect_len, reader->data[i], expect[i]);
	return false;
}

static bool read_back(struct zm_reader *reader, int fd, size_t len)
{
	if (zt_read_full(fd, reader->data, len) != len) {
		complain(reader, "a pipe lost bytes");
		return false;
	}
	return compare(reader, len);
}

static ssize_t take_by_recv(struct zm_reader *reader, size_t len)
{
	ssize_t got = recv(reader->fd, reader->data, len, 0);

	return got > 0 && !compare(reader, (size_t)got) ? -1 : got;
}

static ssize_t take_by_peek(struct zm_reader *reader, size_t len)
{
	ssize_t got = recv(reader->fd, reader->data, len, MSG_PEEK);

	if (got <= 0 || !compare(reader, (size_t)got))
		return -1;
	return take_by_recv(reader, (size_t)got);
}

/* From the socket into the pipe. */
static ssize_t into_pipe(struct zm_reader *reader, size_t len)
{
	if (len > PIPE_STEP)
		len = PIPE_STEP;
	return splice(reader->fd, NULL, reader->pipe[1], NULL, len,
		      SPLICE_F_MOVE);
}

/* Append to a pipe whose last buffer is a page of somebody else's. */
static size_t write_behind(int pipe)
{
	struct iovec iov = { .iov_base = (void *)junk, .iov_len = 9 };
	ssize_t written = write(pipe, junk, 7);
	ssize_t given = vmsplice(pipe, &iov, 1, SPLICE_F_NONBLOCK);

	return (size_t)(written > 0 ? written : 0) +
	       (size_t)(given > 0 ? given : 0);
}

/* What was written behind comes behind, and is not in what came before. */
static ssize_t take_dirty(struct zm_reader *reader, size_t len)
{
	ssize_t got = into_pipe(reader, len);
	size_t behind;

	if (got <= 0)
		return got;
	behind = write_behind(reader->pipe[1]);
	if (!read_back(reader, reader->pipe[0], (size_t)got))
		return -1;
	if (zt_read_full(reader->pipe[0], reader->data, behind) != behind ||
	    memcmp(reader->data, junk, behind < 7 ? behind : 7) != 0) {
		complain(reader, "what was written into the pipe is gone");
		return -1;
	}
	return got;
}

static ssize_t take_by_tee(struct zm_reader *reader, size_t len)
{
	ssize_t got = into_pipe(reader, len);
	ssize_t teed;
	size_t behind;

	if (got <= 0)
		return got;
	teed = tee(reader->pipe[0], reader->copy[1], (size_t)got, 0);
	if (teed <= 0)
		return -1;
	behind = write_behind(reader->copy[1]);
	if (!read_back(reader, reader->copy[0], (size_t)teed) ||
	    zt_read_full(reader->copy[0], reader->data, behind) != behind ||
	    !read_back(reader, reader->pipe[0], (size_t)got))
		return -1;
	return got;
}

/* Onward into a second socket, as a proxy does. */
static ssize_t take_onward(struct zm_reader *reader, size_t len)
{
	ssize_t got = into_pipe(reader, len);
	size_t in = 0, out = 0, want = (size_t)got;
	ssize_t ret;

	if (got <= 0)
		return got;
	while (out < want) {
		ret = splice(reader->pipe[0], NULL, reader->onward.tx, NULL,
			     want - in, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (ret > 0)
			in += (size_t)ret;
		ret = recv(reader->onward.rx, reader->data + out, want - out,
			   MSG_DONTWAIT);
		if (ret > 0)
			out += (size_t)ret;
		else if (ret == 0 || errno != EAGAIN)
			return -1;
	}
	return compare(reader, want) ? got : -1;
}

/* Into a file, which may take the pages over if it can, and is overwritten. */
static ssize_t take_by_move(struct zm_reader *reader, size_t len)
{
	ssize_t got = into_pipe(reader, len);
	size_t moved = 0, want = (size_t)got;
	off_t at = 0;
	ssize_t ret;

	if (got <= 0)
		return got;
	while (moved < want) {
		ret = splice(reader->pipe[0], NULL, reader->dump, &at,
			     want - moved, SPLICE_F_MOVE);
		if (ret <= 0)
			return -1;
		moved += (size_t)ret;
	}
	if (pread(reader->dump, reader->data, want, 0) != got ||
	    !compare(reader, want))
		return -1;
	memset(reader->data, 0x5a, want);
	if (pwrite(reader->dump, reader->data, want, 0) != got ||
	    ftruncate(reader->dump, 0))
		return -1;
	return got;
}

static ssize_t (*const ways[ZM_WAYS])(struct zm_reader *reader, size_t len) = {
	[ZM_RECV] = take_by_recv,  [ZM_PEEK] = take_by_peek,
	[ZM_DIRTY] = take_dirty,   [ZM_TEE] = take_by_tee,
	[ZM_ONWARD] = take_onward, [ZM_MOVE] = take_by_move,
};

bool zm_reader_step(struct zm_reader *reader, int milliseconds)
{
	struct pollfd pollfd = { .fd = reader->fd, .events = POLLIN };
	size_t len = reader->expect_len - reader->received;
	ssize_t got;

	if (!len || poll(&pollfd, 1, milliseconds) <= 0)
		return false;
	errno = 0;
	got = ways[reader->way](reader,
				len < reader->step ? len : reader->step);
	if (got > 0) {
		reader->received += (size_t)got;
		return true;
	}
	if (!*reader->wrong && errno != EINTR && errno != EAGAIN)
		complain(reader, got ? "reading failed" : "the stream ended");
	return false;
}

static void nap(unsigned int microseconds)
{
	struct timespec time = { .tv_nsec = 1000L * microseconds };

	if (microseconds)
		nanosleep(&time, NULL);
}

void zm_reader_finish(struct zm_reader *reader)
{
	double end = zt_now() + PATIENCE * zt_slack();

	nap(reader->hold);
	while (reader->received < reader->expect_len && !*reader->wrong) {
		nap(reader->pause);
		if (zm_reader_step(reader, 1000))
			end = zt_now() + PATIENCE * zt_slack();
		else if (zt_now() > end && !*reader->wrong)
			complain(reader, "nothing came");
	}
}

static void *serve(void *arg)
{
	struct zm_reader *reader = arg;

	pthread_mutex_lock(&reader->lock);
	while (!reader->quit) {
		if (!reader->busy) {
			pthread_cond_wait(&reader->changed, &reader->lock);
			continue;
		}
		pthread_mutex_unlock(&reader->lock);
		zm_reader_finish(reader);
		pthread_mutex_lock(&reader->lock);
		reader->busy = false;
		pthread_cond_broadcast(&reader->changed);
	}
	pthread_mutex_unlock(&reader->lock);
	return NULL;
}

void zm_reader_start(struct zm_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	reader->busy = true;
	pthread_cond_broadcast(&reader->changed);
	pthread_mutex_unlock(&reader->lock);
}

void zm_reader_wait(struct zm_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	while (reader->busy)
		pthread_cond_wait(&reader->changed, &reader->lock);
	pthread_mutex_unlock(&reader->lock);
}

void zm_reader_aim(struct zm_reader *reader, int fd,
		   const struct zm_vector *vector)
{
	reader->fd = fd;
	reader->way = vector->way;
	reader->step = vector->step < DATA_ROOM ? vector->step : DATA_ROOM;
	reader->pause = vector->pause;
	reader->hold = vector->hold;
	reader->expect = vector->zt.bytes;
	reader->expect_len = vector->limit;
	reader->received = 0;
	reader->wrong[0] = '\0';
}

static void open_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) ||
	    fcntl(ends[1], F_SETPIPE_SZ, (int)PIPE_ROOM) < 0 ||
	    fcntl(ends[1], F_SETFL, O_NONBLOCK))
		zt_die("pipe2");
}

void zm_reader_open(struct zm_reader *reader)
{
	sigset_t all, old;

	memset(reader, 0, sizeof(*reader));
	reader->data = zt_alloc(DATA_ROOM);
	open_pipe(reader->pipe);
	open_pipe(reader->copy);
	zt_pair_open(&reader->onward, ZT_UNIX, 0);
	reader->dump = zt_memory_file("", 0);
	if (pthread_mutex_init(&reader->lock, NULL) ||
	    pthread_cond_init(&reader->changed, NULL))
		zt_die("pthread_mutex_init");
	/* Signals are for the thread that sends. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	if (pthread_create(&reader->thread, NULL, serve, reader))
		zt_die("pthread_create");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void zm_reader_close(struct zm_reader *reader)
{
	pthread_mutex_lock(&reader->lock);
	reader->quit = true;
	pthread_cond_broadcast(&reader->changed);
	pthread_mutex_unlock(&reader->lock);
	pthread_join(reader->thread, NULL);
	for (int i = 0; i < 2; i++) {
		close(reader->pipe[i]);
		close(reader->copy[i]);
	}
	zt_pair_close(&reader->onward);
	close(reader->dump);
	free(reader->data);
}
