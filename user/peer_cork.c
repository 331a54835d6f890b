// SPDX-License-Identifier: GPL-2.0
/* sendfile(2) per file between TCP_CORK on and off: full packets throughout. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <errno.h>

#include "method_util.h"
#include "peers.h"

static int cork_open(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "TCP_CORK on, sendfile for each file, TCP_CORK off");
	return 0;
}

static int set_cork(struct transfer *transfer, int on)
{
	transfer->calls++;
	if (!setsockopt(transfer->socket, IPPROTO_TCP, TCP_CORK, &on,
			sizeof(on)))
		return 0;
	return transfer_lacks(transfer, "the socket has no TCP_CORK (%s)",
			      strerror(errno));
}

static int cork_send(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	int ret = set_cork(transfer, 1);

	for (; !ret && source < end; source++) {
		if (source->fd < 0)
			ret = send_full(transfer, source->base, source->len, 0);
		else
			ret = method_sendfile.send_file(transfer, source);
	}
	return ret ? ret : set_cork(transfer, 0);
}

const struct method peer_cork = {
	.name = "sendfile-cork",
	.summary = "sendfile(2) under TCP_CORK",
	.copies = 0,
	.open = cork_open,
	.send_all = cork_send,
};
