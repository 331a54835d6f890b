// SPDX-License-Identifier: GPL-2.0
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "inject_stalls.h"

static void *push(void *arg)
{
	struct zt_pusher *pusher = arg;
	const int yes = 1;

	while (pusher->runs) {
		setsockopt(pusher->tx, SOL_TCP, TCP_NODELAY, &yes, sizeof(yes));
		poll(NULL, 0, 100);
	}
	return NULL;
}

void zt_pusher_start(struct zt_pusher *pusher, int dev, int tx)
{
	struct zcopy_info info;

	if (zcopy_get_info(dev, &info))
		zt_die("INFO");
	pusher->tx = tx;
	pusher->runs = info.out_backend == ZCOPY_BACKEND_SENDPAGE;
	if (pusher->runs && pthread_create(&pusher->thread, NULL, push, pusher))
		zt_die("pthread_create");
}

void zt_pusher_stop(struct zt_pusher *pusher)
{
	if (atomic_exchange(&pusher->runs, false))
		pthread_join(pusher->thread, NULL);
}

static bool all_is_acknowledged(void *arg)
{
	int bytes;

	return !ioctl(*(const int *)arg, SIOCOUTQ, &bytes) && !bytes;
}

bool zt_end_is_lost(const struct zt_pair *pair, double seconds)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);
	int tx = pair->tx;

	return zt_wait_until(all_is_acknowledged, &tx, seconds) &&
	       !getsockopt(pair->rx, SOL_TCP, TCP_INFO, &info, &length) &&
	       info.tcpi_state == TCP_ESTABLISHED;
}

const char *zt_connection_state(int tx)
{
	struct tcp_info info = {};
	socklen_t length = sizeof(info);
	static char text[80];
	int bytes = -1;

	ioctl(tx, SIOCOUTQ, &bytes);
	getsockopt(tx, SOL_TCP, TCP_INFO, &info, &length);
	snprintf(text, sizeof(text),
		 "the sender is in state %u, %d bytes are unacknowledged",
		 info.tcpi_state, bytes);
	return text;
}
