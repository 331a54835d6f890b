// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's other receiver: a child process that takes many connections
 * for each order, drains whichever has something, and reports when all of them
 * have ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "crowd.h"
#include "tool.h"

#define BUFFER_BYTES (1UL << 20)

struct crowd_order {
	enum sink_order order;
	unsigned int nr;
};

/**
 * struct member - a connection
 * @socket: it
 * @digest: for SINK_DIGEST
 */
struct member {
	int socket;
	struct digest *digest;
};

/**
 * struct crowd - connections of an order
 * @members: they
 * @nr: how many
 * @open: how many have not ended
 * @epoll: which of them has something
 * @buffer: to receive into
 * @report: of all of them
 */
struct crowd {
	struct member members[CROWD_MOST];
	unsigned int nr;
	unsigned int open;
	int epoll;
	char *buffer;
	struct sink_report report;
};

/* One of the three numbers of a setting of TCP's; 0: unknown. */
static uint64_t tcp_setting(const char *path, unsigned int column)
{
	unsigned long long value[3] = { 0 };
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu %llu", &value[0], &value[1], &value[2]) !=
	    3)
		value[column] = 0;
	fclose(file);
	return value[column];
}

/*
 * Buffers grow by themselves, to ten megabytes a connection, of which both ends
 * are here. Where that is more than TCP may use, it drops what it has received,
 * and any figure would be one of retransmissions: so each gets its share. The
 * kernel doubles what it is told, and packets need an eighth for themselves.
 */
int crowd_buffer(unsigned int nr)
{
	uint64_t most = tcp_setting("/proc/sys/net/ipv4/tcp_wmem", 2) +
			tcp_setting("/proc/sys/net/ipv4/tcp_rmem", 2);
	uint64_t all = tcp_setting("/proc/sys/net/ipv4/tcp_mem", 1) *
		       sysconf(_SC_PAGESIZE) / 8 * 7;

	return most * nr > all ? all / nr / 4 & -(64UL << 10) : 0;
}

/* Beyond the usual limit if we may. Without, it is not an error. */
static void set_buffer(int socket, int option, int forced, int bytes)
{
	if (bytes &&
	    setsockopt(socket, SOL_SOCKET, forced, &bytes, sizeof(bytes)))
		setsockopt(socket, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

static void end_member(struct crowd *crowd, struct member *member)
{
	unsigned char digest[DIGEST_BYTES];

	close(member->socket);
	crowd->open--;
	if (!member->digest)
		return;
	digest_finish(member->digest, digest);
	if (crowd->open == crowd->nr - 1)
		memcpy(crowd->report.digest, digest, DIGEST_BYTES);
	else if (memcmp(crowd->report.digest, digest, DIGEST_BYTES))
		crowd->report.error = EBADMSG;
}

static void drain_member(struct crowd *crowd, struct member *member)
{
	ssize_t ret = recv(member->socket, crowd->buffer, BUFFER_BYTES,
			   member->digest ? 0 : MSG_TRUNC);

	if (ret > 0) {
		crowd->report.bytes += ret;
		if (member->digest)
			digest_add(member->digest, crowd->buffer, ret);
		return;
	}
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (ret < 0)
		crowd->report.error = errno;
	end_member(crowd, member);
}

static int accept_members(struct crowd *crowd, int listener,
			  const struct crowd_order *order)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct member *member;

	for (crowd->nr = 0; crowd->nr < order->nr; crowd->nr++) {
		member = &crowd->members[crowd->nr];
		member->digest = NULL;
		member->socket = accept4(listener, NULL, NULL,
					 SOCK_CLOEXEC | SOCK_NONBLOCK);
		event.data.ptr = member;
		if (member->socket < 0 || epoll_ctl(crowd->epoll, EPOLL_CTL_ADD,
						    member->socket, &event))
			return -1;
		if (order->order == SINK_DIGEST)
			member->digest = digest_start(DIGEST_KEYED);
	}
	crowd->open = crowd->nr;
	return 0;
}

static void drain_all(struct crowd *crowd)
{
	struct epoll_event events[CROWD_MOST];
	int i, nr;

	while (crowd->open) {
		nr = epoll_wait(crowd->epoll, events, CROWD_MOST, -1);
		if (nr < 0 && errno != EINTR)
			break;
		for (i = 0; i < nr; i++)
			drain_member(crowd, events[i].data.ptr);
	}
	crowd->report.end = now();
}

void crowd_serve(int listener, int control)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct crowd_order order;
	char ready = 1;

	if (!crowd)
		return;
	crowd->buffer = malloc(BUFFER_BYTES);
	crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
	while (crowd->buffer &&
	       recv(control, &order, sizeof(order), 0) == sizeof(order)) {
		memset(&crowd->report, 0, sizeof(crowd->report));
		/* Connections inherit it; later would be too late. */
		set_buffer(listener, SO_RCVBUF, SO_RCVBUFFORCE,
			   crowd_buffer(order.nr));
		if (send(control, &ready, sizeof(ready), MSG_NOSIGNAL) < 0 ||
		    accept_members(crowd, listener, &order) ||
		    send(control, &ready, sizeof(ready), MSG_NOSIGNAL) < 0)
			break;
		drain_all(crowd);
		if (send(control, &crowd->report, sizeof(crowd->report),
			 MSG_NOSIGNAL) < 0)
			break;
	}
}

static int connect_all(struct sink *sink, unsigned int nr, int *sockets)
{
	int bytes = crowd_buffer(nr);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		sockets[i] = socket(sink->address.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sockets[i] < 0)
			break;
		set_buffer(sockets[i], SO_SNDBUF, SO_SNDBUFFORCE, bytes);
		if (connect(sockets[i], (struct sockaddr *)&sink->address,
			    sink->len) ||
		    fcntl(sockets[i], F_SETFL, O_NONBLOCK)) {
			close(sockets[i]);
			break;
		}
	}
	if (i == nr)
		return 0;
	while (i--)
		close(sockets[i]);
	return -1;
}

/* The receiver has come to the next step. */
static bool is_ready(const struct sink *sink)
{
	char ready;

	return recv(sink->control, &ready, sizeof(ready), 0) == sizeof(ready);
}

int crowd_connect(struct sink *sink, enum sink_order order, unsigned int nr,
		  int *sockets)
{
	struct crowd_order full = { .order = order, .nr = nr };

	if (send(sink->control, &full, sizeof(full), MSG_NOSIGNAL) < 0 ||
	    !is_ready(sink) || connect_all(sink, nr, sockets))
		return -1;
	if (is_ready(sink))
		return 0;
	while (nr--)
		close(sockets[nr]);
	return -1;
}
