// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver that writes on everything that it gets. What it gets may be the
 * file's own pages: by splice(2) and tee(2) they go on into pipes, other sockets
 * and files, and none of these may lead back to the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "matrix.h"

/* What each way gets: whole pages, and a part of one. */
#define PART (2 * 4096 + 100)
#define JUNK "written behind what was spliced"

struct scribbler {
	const struct mx_source *source;
	int rx;
	size_t at; /* in the stream, which is the file's beginning */
	unsigned char bytes[PART];
};

static void compare(struct scribbler *scribbler, const char *way)
{
	mx_check(!memcmp(scribbler->bytes,
			 scribbler->source->content + scribbler->at, PART),
		 "%s: wrong bytes from %zu on", way, scribbler->at);
	memset(scribbler->bytes, 0xee, PART);
}

static void by_recv(struct scribbler *scribbler)
{
	mx_check(zt_read_full(scribbler->rx, scribbler->bytes, PART) == PART,
		 "recv: %s", mx_errno_name(errno));
	compare(scribbler, "recv");
}

/* The next part of the stream into a pipe. */
static void into_pipe(struct scribbler *scribbler, int pipe, const char *way)
{
	ssize_t ret = 1, got = 0;

	while (ret > 0 && got < PART) {
		ret = splice(scribbler->rx, NULL, pipe, NULL,
			     (size_t)(PART - got), SPLICE_F_MOVE);
		got += ret > 0 ? ret : 0;
	}
	mx_check(got == PART, "%s: splice gave %zd bytes: %s", way, got,
		 ret < 0 ? mx_errno_name(errno) : "the end");
}

/* Into the same pipe: it could be put into the last page. */
static void write_behind(int pipe)
{
	if (write(pipe, JUNK, sizeof(JUNK)) != sizeof(JUNK))
		mx_fail("write behind a splice: %s", mx_errno_name(errno));
}

static void by_pipe(struct scribbler *scribbler, const int *first,
		    const int *second)
{
	char junk[sizeof(JUNK)];

	into_pipe(scribbler, first[1], "pipe");
	mx_check(tee(first[0], second[1], PART, 0) == PART, "tee: %s",
		 mx_errno_name(errno));
	write_behind(first[1]);
	write_behind(second[1]);
	mx_check(zt_read_full(first[0], scribbler->bytes, PART) == PART,
		 "pipe: too little");
	compare(scribbler, "pipe");
	mx_check(zt_read_full(second[0], scribbler->bytes, PART) == PART,
		 "tee: too little");
	compare(scribbler, "tee");
	if (zt_read_full(first[0], junk, sizeof(junk)) != sizeof(junk) ||
	    zt_read_full(second[0], junk, sizeof(junk)) != sizeof(junk))
		mx_fail("what was written into a pipe is gone");
}

/* On to another socket, whose receiver is as bad. */
static void by_onward_socket(struct scribbler *scribbler, const int *pipe)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		zt_die("socketpair");
	into_pipe(scribbler, pipe[1], "onward");
	mx_check(splice(pipe[0], NULL, ends[0], NULL, PART, SPLICE_F_MOVE) ==
			 PART,
		 "onward: %s", mx_errno_name(errno));
	if (write(ends[0], JUNK, sizeof(JUNK)) != sizeof(JUNK))
		zt_die("write");
	mx_check(zt_read_full(ends[1], scribbler->bytes, PART) == PART,
		 "onward: too little");
	compare(scribbler, "onward");
	close(ends[0]);
	close(ends[1]);
}

/* Into a file that asks for the pages themselves, and is then overwritten. */
static void by_file(struct scribbler *scribbler, const int *pipe)
{
	int file = zt_memory_file("", 0);
	ssize_t ret = 1, got = 0;
	void *map;

	into_pipe(scribbler, pipe[1], "file");
	while (ret > 0 && got < PART) {
		ret = splice(pipe[0], NULL, file, NULL, (size_t)(PART - got),
			     SPLICE_F_MOVE | SPLICE_F_GIFT);
		got += ret > 0 ? ret : 0;
	}
	mx_check(got == PART && pread(file, scribbler->bytes, PART, 0) == PART,
		 "file: too little");
	compare(scribbler, "file");
	map = mmap(NULL, PART, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		zt_die("mmap");
	memset(map, 0xee, PART);
	munmap(map, PART);
	close(file);
}

/* TCP can map what it received: then it must not be writable. */
static void by_mapping(struct scribbler *scribbler)
{
	struct tcp_zerocopy_receive receive = { .length = 2 * 4096 };
	socklen_t length = sizeof(receive);
	void *map = mmap(NULL, receive.length, PROT_READ, MAP_SHARED,
			 scribbler->rx, 0);
	size_t mapped = 0;

	if (map == MAP_FAILED)
		return by_recv(scribbler);
	receive.address = (uintptr_t)map;
	if (!getsockopt(scribbler->rx, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE,
			&receive, &length))
		mapped = receive.length;
	memcpy(scribbler->bytes, map, mapped);
	mx_check(mprotect(map, 2 * 4096, PROT_READ | PROT_WRITE),
		 "what TCP received can be mapped for writing");
	munmap(map, 2 * 4096);
	mx_check(zt_read_full(scribbler->rx, scribbler->bytes + mapped,
			      PART - mapped) == PART - mapped,
		 "mapping: too little");
	compare(scribbler, "mapping");
}

static void scribble(struct scribbler *scribbler)
{
	int first[2], second[2], i;

	if (pipe2(first, O_CLOEXEC) || pipe2(second, O_CLOEXEC))
		zt_die("pipe");
	by_recv(scribbler);
	scribbler->at += PART;
	by_pipe(scribbler, first, second);
	scribbler->at += PART;
	by_onward_socket(scribbler, first);
	scribbler->at += PART;
	by_file(scribbler, second);
	scribbler->at += PART;
	by_mapping(scribbler);
	for (i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
}

void mx_scribble(const struct mx_source *source, const struct mx_sink *sink,
		 int dev)
{
	struct scribbler scribbler = { .source = source };
	struct zt_vector vector;
	struct zt_pair pair;
	struct zt_call call;

	if (!mx_pair_open(sink, &pair, 0, MX_PEER_KERNEL))
		return mx_fail("scribble: no connection");
	scribbler.rx = pair.rx;
	zt_vector_init(&vector);
	zt_add_file(&vector, source->file, source->content, 0, 5 * PART);
	zt_send(dev, pair.tx, &vector, ZCOPY_SEND_SHUTDOWN, &call);
	if (call.send.out_stop == ZCOPY_STOP_COMPLETE)
		scribble(&scribbler);
	else
		mx_fail("scribble: %s",
			mx_errno_name((int)call.send.out_error));
	zt_vector_free(&vector);
	zt_pair_close(&pair);
}
