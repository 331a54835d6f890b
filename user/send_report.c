// SPDX-License-Identifier: GPL-2.0
/* What 'zcopy send' says at the end: sentences, or JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "format.h"
#include "send_report.h"
#include "tool.h"

/* A phrase on why it failed. The address was at fault if nothing else was. */
static const char *reason(const struct send_report *report, char *text,
			  size_t size)
{
	if (report->transfer->failure == FAILURE_NONE)
		return "no connection";
	return transfer_explain(report->transfer, text, size);
}

void send_report_error(const struct send_report *report)
{
	const struct transfer *transfer = report->transfer;
	const char *advice = "; or use --method sendfile";
	char text[256];

	/* That there is no connection has been said where that was found. */
	if (report->status == STATUS_OK || transfer->failure == FAILURE_NONE)
		return;
	reason(report, text, sizeof(text));
	if (transfer->failure == FAILURE_LACKING)
		say_error("cannot send by '%s': %s%s", transfer->method->name,
			  text,
			  transfer->method == &method_sendfile ? "" : advice);
	else
		say_error("%s; %" PRIu64 " of %" PRIu64
			  " bytes had been taken for %s",
			  text, transfer->sent, transfer->bytes,
			  report->address);
}

/* Has the kernel said about each byte whether it copied it? */
static bool knows_copies(const struct transfer *transfer)
{
	return transfer->method->evidence &&
	       transfer->confirmed == transfer->sent;
}

void send_report_text(const struct send_report *report)
{
	const struct transfer *transfer = report->transfer;
	double rate = report->seconds > 0 ? transfer->sent / report->seconds
					  : 0;
	char amount[32], speed[32], copied[32];

	printf("sent %s (%" PRIu64
	       " bytes) to %s in %.3f s, %s/s, by %s in %" PRIu64
	       " system calls",
	       format_bytes(amount, sizeof(amount), transfer->sent),
	       transfer->sent, report->address, report->seconds,
	       format_bytes(speed, sizeof(speed), rate), transfer->method->name,
	       transfer->calls);
	if (knows_copies(transfer))
		printf(", %s of them copied",
		       format_bytes(copied, sizeof(copied), transfer->copied));
	putchar('\n');
}

static json_t *source_json(const struct source *source, uint64_t begin,
			   uint64_t position)
{
	uint64_t sent = position < begin ? 0 : position - begin;
	const char *status = "partial";

	if (sent >= source->len) {
		sent = source->len;
		status = position < begin ? "not sent" : "complete";
	} else if (!sent) {
		status = "not sent";
	}
	return json_pack("{s:s, s:I, s:I, s:s}", "name", source->name, "bytes",
			 (json_int_t)source->len, "sent", (json_int_t)sent,
			 "status", status);
}

static json_t *sources_json(const struct transfer *transfer)
{
	json_t *list = json_array();
	uint64_t begin = 0;
	unsigned int i;

	for (i = 0; i < transfer->nr_sources; i++) {
		json_array_append_new(list,
				      source_json(&transfer->sources[i], begin,
						  transfer->position));
		begin += transfer->sources[i].len;
	}
	return list;
}

void send_report_json(const struct send_report *report)
{
	static const char *const words[] = {
		[STATUS_OK] = "complete",
		[STATUS_FAILED] = "failed",
		[STATUS_USAGE] = "failed",
		[STATUS_MISSING] = "unavailable",
		[STATUS_INTERRUPTED] = "interrupted",
	};
	const struct transfer *transfer = report->transfer;
	char text[256];
	json_t *object;

	object = json_pack(
		"{s:s, s:s?, s:s, s:s, s:I, s:I, s:o, s:I, s:f, s:o}", "status",
		words[report->status], "error",
		report->status == STATUS_OK
			? NULL
			: reason(report, text, sizeof(text)),
		"method", transfer->method->name, "destination",
		report->address, "bytes", (json_int_t)transfer->bytes, "sent",
		(json_int_t)transfer->sent, "copied",
		knows_copies(transfer) ? json_integer(transfer->copied)
				       : json_null(),
		"system_calls", (json_int_t)transfer->calls, "seconds",
		report->seconds, "sources", sources_json(transfer));
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}
