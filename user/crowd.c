// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's other receiver: a child process that takes many connections
 * for each order, drains whichever has something, and reports when all of them
 * have ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
		if (accept_members(crowd, listener, &order) ||
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
	unsigned int i;

	for (i = 0; i < nr; i++) {
		sockets[i] = socket(sink->address.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sockets[i] < 0)
			break;
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

int crowd_connect(struct sink *sink, enum sink_order order, unsigned int nr,
		  int *sockets)
{
	struct crowd_order full = { .order = order, .nr = nr };
	char ready;

	if (connect_all(sink, nr, sockets))
		return -1;
	if (send(sink->control, &full, sizeof(full), MSG_NOSIGNAL) > 0 &&
	    recv(sink->control, &ready, sizeof(ready), 0) == sizeof(ready))
		return 0;
	while (nr--)
		close(sockets[nr]);
	return -1;
}
