// SPDX-License-Identifier: GPL-2.0
/*
 * Many connections at a time: one process feeds whichever has room, without
 * waiting in any call, and one process drains them all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "crowd.h"
#include "method_zcopy_util.h"
#include "suite.h"

/* What each connection gets at least: it begins slowly, as TCP does. */
#define LEAST_BYTES (64UL << 20)

/**
 * struct stream - a connection
 * @socket: it does not block
 * @left: times that the file is still to be sent, this one included
 * @offset: of the file's bytes, how many have been taken
 * @segment: the file, for zcopy
 * @send: the request, for zcopy
 */
struct stream {
	int socket;
	unsigned int left;
	off_t offset;
	struct zcopy_segment segment;
	struct zcopy_send send;
};

/**
 * struct feed - all of them
 * @transfer: counts calls and bytes; its state holds the device
 * @file: what each gets
 * @streams: they
 * @nr: how many
 * @open: how many are not done
 * @epoll: which have room
 */
struct feed {
	struct transfer *transfer;
	const struct source *file;
	struct stream streams[CROWD_MOST];
	unsigned int nr;
	unsigned int open;
	int epoll;
};

/* What the socket has room for. Returns 0, or -1: the stream has failed. */
static int step_sendfile(struct feed *feed, struct stream *stream)
{
	struct transfer *transfer = feed->transfer;
	ssize_t ret = sendfile(stream->socket, feed->file->fd, &stream->offset,
			       feed->file->len - stream->offset);

	transfer->calls++;
	if (ret > 0)
		transfer_moved(transfer, ret);
	if (ret < 0 && errno != EAGAIN && errno != EINTR)
		return transfer_blame(transfer, errno);
	return 0;
}

/* The request is at its beginning. */
static void prepare_zcopy(struct feed *feed, struct stream *stream)
{
	if (feed->transfer->method->sends_zeros)
		zcopy_segment_zero(&stream->segment, feed->file->len);
	else
		zcopy_segment_file(&stream->segment, feed->file->fd, 0,
				   feed->file->len);
	zcopy_send_init(&stream->send, stream->socket, &stream->segment, 1);
	stream->send.flags |= ZCOPY_SEND_NOWAIT;
}

static int step_zcopy(struct feed *feed, struct stream *stream)
{
	struct transfer *transfer = feed->transfer;
	const struct device *device = transfer->state;
	struct zcopy_send *send = &stream->send;
	int ret;

	if (!stream->offset)
		prepare_zcopy(feed, stream);
	send->out_sent = 0;
	send->out_copied = 0;
	ret = zcopy_send(device->fd, send);
	transfer->calls++;
	if (ret && errno != EAGAIN && errno != EINTR)
		return transfer_blame(transfer, errno);
	stream->offset += send->out_sent;
	transfer->confirmed += send->out_sent;
	transfer->copied += send->out_copied;
	transfer_moved(transfer, send->out_sent);
	return 0;
}

static int feed_stream(struct feed *feed, struct stream *stream)
{
	int ret = feed->transfer->method == &method_sendfile
			  ? step_sendfile(feed, stream)
			  : step_zcopy(feed, stream);

	if (ret || (uint64_t)stream->offset < feed->file->len)
		return ret;
	stream->offset = 0;
	if (--stream->left)
		return 0;
	/* The end of the stream, which the receiver waits for. */
	shutdown(stream->socket, SHUT_WR);
	epoll_ctl(feed->epoll, EPOLL_CTL_DEL, stream->socket, NULL);
	feed->open--;
	return 0;
}

static int feed_all(struct feed *feed)
{
	struct epoll_event events[CROWD_MOST];
	int i, nr, ret = 0;

	while (!ret && feed->open) {
		nr = epoll_wait(feed->epoll, events, CROWD_MOST, -1);
		feed->transfer->calls++;
		if (tool_stopped)
			return transfer_fail(feed->transfer, FAILURE_STOPPED,
					     EINTR);
		for (i = 0; !ret && i < nr; i++)
			ret = feed_stream(feed, events[i].data.ptr);
	}
	return ret;
}

static int open_streams(struct feed *feed, struct sink *sink,
			enum sink_order order, unsigned int repeat)
{
	struct epoll_event event = { .events = EPOLLOUT };
	int sockets[CROWD_MOST];
	struct stream *stream;
	unsigned int i;

	if (crowd_connect(sink, order, feed->nr, sockets))
		return transfer_fail(feed->transfer, FAILURE_SOCKET, errno);
	feed->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < feed->nr; i++) {
		stream = &feed->streams[i];
		stream->socket = sockets[i];
		stream->left = repeat;
		stream->offset = 0;
		event.data.ptr = stream;
		epoll_ctl(feed->epoll, EPOLL_CTL_ADD, sockets[i], &event);
	}
	feed->open = feed->nr;
	return 0;
}

static void close_streams(struct feed *feed)
{
	unsigned int i;

	for (i = 0; i < feed->nr; i++)
		close(feed->streams[i].socket);
	close(feed->epoll);
}

/* The timed part. */
static int feed_timed(struct feed *feed, struct sink *sink,
		      struct suite_row *row, struct sink_report *report,
		      struct bench_sample *sample)
{
	double machine = cpu_of_machine(), process = cpu_of_process();
	double start = now();
	int ret = feed_all(feed);

	/* Where it failed, the receiver waits for ends that have not come. */
	close_streams(feed);
	if (sink_result(sink, report) && !ret)
		ret = transfer_fail(feed->transfer, FAILURE_SOCKET, errno);
	if (sample) {
		sample->seconds = report->end - start;
		sample->sender_cpu = cpu_of_process() - process;
		row->row.system_cpu += cpu_of_machine() - machine;
	}
	return ret;
}

static int check(struct suite_run *run, struct transfer *transfer,
		 enum sink_order order, uint64_t bytes,
		 const struct sink_report *report)
{
	const unsigned char *right = transfer->method->sends_zeros
					     ? run->bench.zeros_digest
					     : run->bench.digest;

	if (report->error)
		return transfer_fail(transfer, FAILURE_SOCKET, report->error);
	if (report->bytes != bytes ||
	    (order == SINK_DIGEST &&
	     memcmp(report->digest, right, DIGEST_BYTES)))
		return transfer_fail(transfer, FAILURE_SOCKET, EBADMSG);
	return 0;
}

static int send_to_all(struct suite_run *run, struct suite_row *row,
		       enum sink_order order, unsigned int repeat,
		       struct bench_sample *sample)
{
	struct transfer *transfer = &row->row.transfer;
	struct sink *sink = &run->bench.sink;
	struct sink_report report;
	struct feed feed = {
		.transfer = transfer,
		.file = row->sources->list,
		.nr = *(const unsigned int *)run->data,
	};
	int ret = open_streams(&feed, sink, order, repeat);

	if (!ret)
		ret = feed_timed(&feed, sink, row, &report, sample);
	if (!ret)
		ret = check(run, transfer, order,
			    feed.file->len * repeat * feed.nr, &report);
	if (ret && !tool_stopped)
		bench_give_up(&row->row);
	return ret;
}

/* Settings that are the same for all rows belong to the run. */
static void describe(struct suite_run *run, unsigned int nr)
{
	size_t len = strlen(run->title);
	int bytes = crowd_buffer(nr);

	if (bytes)
		snprintf(run->title + len, sizeof(run->title) - len,
			 ", with buffers of %d KiB each", bytes >> 10);
}

static int measure(struct suite *suite, unsigned int nr)
{
	uint64_t bytes = suite->large_bytes / nr;
	struct sources sources;
	struct suite_run run;
	unsigned int i;
	int ret;

	if (!suite_wants(suite, "connections.%u", nr))
		return 0;
	if (bytes < LEAST_BYTES && !suite->slow)
		bytes = LEAST_BYTES;
	if (suite_files(suite, PLACE_MEMORY, 1, bytes, &sources))
		return -1;
	suite_begin(suite, &run,
		    "connections that one process feeds without waiting",
		    "connections.%u", nr);
	describe(&run, nr);
	run.serve = crowd_serve;
	run.send = send_to_all;
	run.data = &nr;
	run.tune = false;
	suite_add(&run, "zcopy", &method_zcopy, &sources);
	suite_add(&run, "floor", &method_zcopy_zero, &sources);
	suite_add(&run, "sendfile", &method_sendfile, &sources);
	for (i = 0; i < run.nr_rows; i++)
		run.rows[i].row.transfer.bytes *= nr;
	ret = suite_measure(&run);
	suite_end(&run);
	sources_close(&sources);
	return ret;
}

int suite_connections(struct suite *suite)
{
	if (measure(suite, 1) || measure(suite, 8))
		return -1;
	return measure(suite, 64);
}
