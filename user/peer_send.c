// SPDX-License-Identifier: GPL-2.0
/* send(2) of memory: the copy that everything else wants to be rid of. */
#include "method_util.h"
#include "peers.h"

static int peer_send_open(struct transfer *transfer)
{
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "one call for all of it");
	return 0;
}

static int peer_send_all(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	int ret = 0;

	for (; !ret && source < end; source++)
		ret = send_full(transfer, source->base, source->len, 0);
	return ret;
}

const struct method peer_send = {
	.name = "send",
	.summary = "send(2)",
	.copies = 1,
	.open = peer_send_open,
	.send_all = peer_send_all,
};
