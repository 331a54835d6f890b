// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY from a mapping of the file. The kernel reports on the socket's
 * error queue which calls' memory it has let go, and if it copied it after all.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
/* This one needs <time.h> before it. */
#include <linux/errqueue.h>

#include "method_util.h"
#include "peers.h"

/* Calls whose reports may be outstanding. */
#define MOST_PENDING 1024U
/* Reports are taken after this many calls. */
#define DRAIN_EVERY 16U

/**
 * struct zerocopy - state of the method; per connection
 * @issued: calls made, numbered from 0 as the kernel does
 * @reported: how many of them have been reported on
 * @lengths: bytes of the calls from @reported to @issued, by number
 */
struct zerocopy {
	uint32_t issued;
	uint32_t reported;
	uint32_t lengths[MOST_PENDING];
};

static int zerocopy_open(struct transfer *transfer)
{
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"the whole file mapped, 1 MiB a call, reports taken every %u calls",
		DRAIN_EVERY);
	return state_alloc(transfer, sizeof(struct zerocopy)) ? 0 : -1;
}

static int zerocopy_attach(struct transfer *transfer)
{
	struct zerocopy *zerocopy = transfer->state;
	int on = 1;

	memset(zerocopy, 0, sizeof(*zerocopy));
	if (!setsockopt(transfer->socket, SOL_SOCKET, SO_ZEROCOPY, &on,
			sizeof(on)))
		return 0;
	return transfer_lacks(transfer, "the socket refuses SO_ZEROCOPY (%s)",
			      strerror(errno));
}

/* Ranges of calls are reported once each, on a stream socket in order. */
static void take_report(struct transfer *transfer,
			const struct sock_extended_err *report)
{
	struct zerocopy *zerocopy = transfer->state;
	uint32_t call = report->ee_info;
	uint32_t len;

	for (; call != report->ee_data + 1; call++) {
		len = zerocopy->lengths[call % MOST_PENDING];
		transfer->confirmed += len;
		if (report->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
			transfer->copied += len;
		zerocopy->reported++;
	}
}

/* Takes all reports that are there. */
static int drain(struct transfer *transfer)
{
	char control[256];
	struct msghdr message = { .msg_control = control };
	struct sock_extended_err *report;
	struct cmsghdr *part;

	for (;;) {
		message.msg_controllen = sizeof(control);
		transfer->calls++;
		if (recvmsg(transfer->socket, &message, MSG_ERRQUEUE) < 0)
			break;
		part = CMSG_FIRSTHDR(&message);
		report = part ? (void *)CMSG_DATA(part) : NULL;
		if (report && report->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			take_report(transfer, report);
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	return transfer_fail(transfer, FAILURE_SOCKET, errno);
}

/*
 * Both ends have been shut down, and still there are no reports. Give the last
 * packets a moment, and then do without.
 */
static int wait_after_end(struct transfer *transfer, unsigned int *patience)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(transfer->socket, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		return transfer_fail(transfer, FAILURE_SOCKET, error);
	nanosleep(&moment, NULL);
	return --*patience ? 0 : 1;
}

/* Until fewer than @most calls are unreported. */
static int drain_below(struct transfer *transfer, uint32_t most)
{
	struct zerocopy *zerocopy = transfer->state;
	struct pollfd pollfd = { .fd = transfer->socket };
	unsigned int patience = 1000;
	int ret;

	while (zerocopy->issued - zerocopy->reported >= most) {
		if (drain(transfer))
			return -1;
		if (zerocopy->issued - zerocopy->reported < most)
			break;
		/* POLLERR, which is always asked for, says: a report. */
		poll(&pollfd, 1, 100);
		transfer->calls++;
		if (tool_stopped)
			return transfer_fail(transfer, FAILURE_STOPPED, EINTR);
		ret = pollfd.revents == POLLHUP
			      ? wait_after_end(transfer, &patience)
			      : 0;
		if (ret)
			return ret < 0 ? -1 : 0;
	}
	return 0;
}

/* ENOBUFS: too many reports, or too much pinned memory, is outstanding. */
static int make_room(struct transfer *transfer)
{
	const struct zerocopy *zerocopy = transfer->state;
	uint32_t pending = zerocopy->issued - zerocopy->reported;

	if (pending)
		return drain_below(transfer, pending);
	return transfer_lacks(
		transfer,
		"RLIMIT_MEMLOCK is too low to pin 1 MiB: raise it with ulimit -l");
}

/* send(2) has failed with errno. Returns 0 to call it again, or -1. */
static int retry(struct transfer *transfer)
{
	int error = errno;

	if (error == ENOBUFS)
		return make_room(transfer);
	/* Reports that nobody takes would end each wait at once (POLLERR). */
	if (error == EAGAIN && drain(transfer))
		return -1;
	errno = error;
	return transfer_retry(transfer);
}

static int send_pinned(struct transfer *transfer, const char *base, size_t len)
{
	struct zerocopy *zerocopy = transfer->state;
	int flags = MSG_ZEROCOPY | MSG_NOSIGNAL |
		    (transfer_more(transfer, len) ? MSG_MORE : 0);
	ssize_t ret;

	while (len) {
		if (drain_below(transfer, MOST_PENDING))
			return -1;
		ret = send(transfer->socket, base, len, flags);
		transfer->calls++;
		if (ret < 0) {
			if (retry(transfer))
				return -1;
			continue;
		}
		zerocopy->lengths[zerocopy->issued++ % MOST_PENDING] = ret;
		base += ret;
		len -= ret;
		transfer_moved(transfer, ret);
		if (zerocopy->issued % DRAIN_EVERY == 0 && drain(transfer))
			return -1;
	}
	return 0;
}

static int zerocopy_send(struct transfer *transfer, const struct source *file)
{
	char *base = map_file(transfer, file);
	uint64_t offset;
	size_t chunk;
	int ret = 0;

	if (!base)
		return -1;
	for (offset = 0; !ret && offset < file->len; offset += chunk) {
		chunk = transfer_chunk(transfer, file->len - offset,
				       METHOD_CHUNK);
		ret = send_pinned(transfer, base + offset, chunk);
	}
	/* The kernel has its own hold on the pages that are still to go. */
	unmap_file(transfer, file, base);
	return ret;
}

static int zerocopy_finish(struct transfer *transfer)
{
	return drain_below(transfer, 1);
}

const struct method method_zerocopy = {
	.name = "zerocopy",
	.summary = "mmap(2), then send(2) with MSG_ZEROCOPY",
	.copies = 0,
	.evidence = "SO_EE_CODE_ZEROCOPY_COPIED",
	.late = true,
	.open = zerocopy_open,
	.attach = zerocopy_attach,
	.send_file = zerocopy_send,
	.finish = zerocopy_finish,
};

static int zerocopy_send_memory(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	int ret = 0;

	for (; !ret && source < end; source++)
		ret = send_pinned(transfer, source->base, source->len);
	return ret;
}

static int zerocopy_open_memory(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "one call for all of it, reports taken every %u calls",
		 DRAIN_EVERY);
	return state_alloc(transfer, sizeof(struct zerocopy)) ? 0 : -1;
}

const struct method peer_zerocopy = {
	.name = "zerocopy",
	.summary = "send(2) with MSG_ZEROCOPY",
	.copies = 0,
	.evidence = "SO_EE_CODE_ZEROCOPY_COPIED",
	.late = true,
	.open = zerocopy_open_memory,
	.attach = zerocopy_attach,
	.send_all = zerocopy_send_memory,
	.finish = zerocopy_finish,
};
