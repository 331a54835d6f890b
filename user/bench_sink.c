// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's receiver: a child process that takes one connection for each
 * order, says so when it has it, and reports when the stream has ended. Orders
 * and reports go over a pair of sockets, whose end is the child's end.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_sink.h"
#include "tool.h"

#define BUFFER_BYTES (1UL << 20)
/* What TCP discards in one call; nothing is written to memory. */
#define DISCARD_BYTES (16UL << 20)
#define BACKLOG 64

/* A loopback address of @family, with any free port or abstract name. */
static socklen_t any_address(int family, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = family;
	switch (family) {
	case AF_INET6:
		in6->sin6_addr = in6addr_loopback;
		return sizeof(*in6);
	case AF_INET:
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	default:
		return offsetof(struct sockaddr_un, sun_path);
	}
}

static int sink_listen(struct sink *sink, int family)
{
	struct sockaddr *address = (struct sockaddr *)&sink->address;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	sink->len = any_address(family, &sink->address);
	if (!bind(fd, address, sink->len) && !listen(fd, BACKLOG)) {
		sink->len = sizeof(sink->address);
		if (!getsockname(fd, address, &sink->len))
			return fd;
	}
	close(fd);
	return -1;
}

/* AF_UNIX does not know how to discard: it fills the buffer. */
static size_t discard_bytes(int socket)
{
	socklen_t len = sizeof(int);
	int domain = AF_UNIX;

	getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return domain == AF_UNIX ? BUFFER_BYTES : DISCARD_BYTES;
}

static void receive(int socket, enum sink_order order, char *buffer,
		    struct sink_report *report)
{
	size_t len = discard_bytes(socket);
	struct digest *digest = NULL;
	int flags = MSG_TRUNC;
	ssize_t ret;

	if (order == SINK_DIGEST) {
		digest = digest_start(DIGEST_KEYED);
		len = BUFFER_BYTES;
		flags = 0;
	}
	while ((ret = recv(socket, buffer, len, flags)) > 0) {
		report->bytes += ret;
		if (digest)
			digest_add(digest, buffer, ret);
	}
	report->end = now();
	if (ret < 0)
		report->error = errno;
	if (digest)
		digest_finish(digest, report->digest);
}

/* The child's life. */
static void serve(int listener, int control)
{
	char *buffer = malloc(DISCARD_BYTES);
	struct sink_report report;
	enum sink_order order;
	int socket;
	char ready = 1;

	while (buffer &&
	       recv(control, &order, sizeof(order), 0) == sizeof(order)) {
		memset(&report, 0, sizeof(report));
		socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (send(control, &ready, sizeof(ready), MSG_NOSIGNAL) < 0)
			break;
		if (socket < 0)
			report.error = errno;
		else
			receive(socket, order, buffer, &report);
		close(socket);
		if (send(control, &report, sizeof(report), MSG_NOSIGNAL) < 0)
			break;
	}
}

/*
 * Where sender and receiver share a CPU, the receiver waits until the sender
 * has to, instead of taking over for each packet: what is measured is the
 * sender, and two tasks that take turns by chance measure chance.
 */
static void be_patient(void)
{
	const struct sched_param param = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_BATCH, &param);
}

static void become_child(int listener, const int pair[2], pid_t parent,
			 void (*run)(int listener, int control))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* The parent decides when this ends, whatever the terminal says. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	close(pair[0]);
	be_patient();
	run(listener, pair[1]);
	_exit(0);
}

int sink_start_serving(struct sink *sink, int family,
		       void (*run)(int listener, int control))
{
	pid_t parent = getpid();
	int listener, pair[2];

	listener = sink_listen(sink, family);
	if (listener < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		close(listener);
		return -1;
	}
	sink->pid = fork();
	if (!sink->pid)
		become_child(listener, pair, parent, run);
	close(listener);
	close(pair[1]);
	sink->control = pair[0];
	return sink->pid < 0 ? -1 : 0;
}

int sink_start(struct sink *sink, int family)
{
	return sink_start_serving(sink, family, serve);
}

int sink_connect(struct sink *sink, enum sink_order order)
{
	int family = sink->address.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char ready;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sink->address, sink->len) ||
	    send(sink->control, &order, sizeof(order), MSG_NOSIGNAL) < 0 ||
	    recv(sink->control, &ready, sizeof(ready), 0) != sizeof(ready)) {
		close(fd);
		return -1;
	}
	return fd;
}

int sink_result(struct sink *sink, struct sink_report *report)
{
	ssize_t ret;

	do {
		ret = recv(sink->control, report, sizeof(*report), 0);
	} while (ret < 0 && errno == EINTR && !tool_stopped);
	if (ret == sizeof(*report))
		return 0;
	if (ret >= 0)
		errno = ECONNRESET;
	return -1;
}

void sink_stop(struct sink *sink)
{
	close(sink->control);
	/* It may be in the middle of a stream that nobody ends. */
	kill(sink->pid, SIGTERM);
	while (waitpid(sink->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
