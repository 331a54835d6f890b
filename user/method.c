// SPDX-License-Identifier: GPL-2.0
/* The table of methods, and what happens to a transfer whatever its method. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "method.h"
#include "method_util.h"

const struct method *const methods[] = {
	&method_zcopy,
	&method_zcopy_buffer,
	&method_zcopy_zero,
	&method_sendfile,
	&method_splice,
	&method_vmsplice,
	&method_mmap,
	&method_read,
	&method_direct,
	&method_zerocopy,
	&method_uring_send_zc,
	&method_uring_splice,
	NULL,
};

const struct method *method_find(const char *name)
{
	const struct method *const *next;

	for (next = methods; *next; next++) {
		if (!strcmp((*next)->name, name))
			return *next;
	}
	return NULL;
}

void transfer_init(struct transfer *transfer, const struct method *method,
		   struct source *sources, unsigned int nr_sources)
{
	unsigned int i;

	memset(transfer, 0, sizeof(*transfer));
	transfer->method = method;
	transfer->sources = sources;
	transfer->nr_sources = nr_sources;
	transfer->socket = -1;
	for (i = 0; i < nr_sources; i++)
		transfer->bytes += sources[i].len;
}

int transfer_probe(struct transfer *transfer)
{
	return transfer->method->probe ? transfer->method->probe(transfer) : 0;
}

int transfer_open(struct transfer *transfer)
{
	if (transfer_probe(transfer))
		return -1;
	return transfer->method->open ? transfer->method->open(transfer) : 0;
}

int transfer_attach(struct transfer *transfer, int socket)
{
	transfer->socket = socket;
	return transfer->method->attach ? transfer->method->attach(transfer)
					: 0;
}

int transfer_send(struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;
	int ret = 0;

	transfer->position = 0;
	if (transfer->method->send_all)
		return transfer->method->send_all(transfer);
	for (; !ret && source < end; source++) {
		if (source->fd < 0)
			ret = send_memory(transfer, source->base, source->len);
		else if (source->len)
			ret = transfer->method->send_file(transfer, source);
	}
	return ret;
}

int transfer_finish(struct transfer *transfer)
{
	return transfer->method->finish ? transfer->method->finish(transfer)
					: 0;
}

void transfer_close(struct transfer *transfer)
{
	if (transfer->method->close && transfer->state)
		transfer->method->close(transfer);
	state_free(transfer);
}

void transfer_rewind(struct transfer *transfer)
{
	transfer->position = 0;
	transfer->sent = 0;
	transfer->calls = 0;
	transfer->confirmed = 0;
	transfer->copied = 0;
	transfer->failure = FAILURE_NONE;
}

const struct source *transfer_source(const struct transfer *transfer)
{
	const struct source *source = transfer->sources;
	const struct source *last = source + transfer->nr_sources - 1;
	uint64_t end = source->len;

	while (source < last && end <= transfer->position)
		end += (++source)->len;
	return source;
}

static const char *explain(const struct transfer *transfer)
{
	const struct method *method = transfer->method;

	switch (transfer->error) {
	case EPIPE:
		return "the receiver has closed the connection";
	case ECONNRESET:
		return "the receiver has reset the connection (it ended, or stopped reading)";
	case ETIMEDOUT:
		return "the receiver does not answer any more";
	case ENODATA:
		return "it has become shorter while it was being sent";
	case EIO:
		return "it cannot be read (input/output error)";
	default:
		return method->explain ? method->explain(transfer->error)
				       : strerror(transfer->error);
	}
}

char *transfer_explain(const struct transfer *transfer, char *text, size_t size)
{
	const struct source *source = transfer_source(transfer);

	switch (transfer->failure) {
	case FAILURE_SOURCE:
		snprintf(text, size, "%s: %s", source->name, explain(transfer));
		break;
	case FAILURE_SOCKET:
		snprintf(text, size, "%s", explain(transfer));
		break;
	case FAILURE_LACKING:
		snprintf(text, size, "%s", transfer->reason);
		break;
	case FAILURE_STOPPED:
		snprintf(text, size, "interrupted");
		break;
	case FAILURE_NONE:
		snprintf(text, size, "no failure");
		break;
	}
	return text;
}
