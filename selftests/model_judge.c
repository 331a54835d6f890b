// SPDX-License-Identifier: GPL-2.0
/*
 * The model of SEND: what a call may and must say, given the lengths of the
 * segments, where the data ends, and what could have stopped it. See model.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

static char verdict[256];

#define wrong(...) (snprintf(verdict, sizeof(verdict), __VA_ARGS__), verdict)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The segment that the cursor is in, and the bytes before that. */
static unsigned int find(const struct zm_vector *vector, uint64_t cursor,
			 uint64_t *start)
{
	unsigned int i;

	*start = 0;
	for (i = 0; i < vector->zt.nr; i++) {
		if (*start + vector->len[i] > cursor)
			break;
		*start += vector->len[i];
	}
	return i;
}

/* How many bytes of [from, to) lie in the segment that begins at @start. */
static uint64_t part(uint64_t from, uint64_t to, uint64_t start, uint64_t len)
{
	from = from > start ? from : start;
	to = least(to, start + len);
	return from < to ? to - from : 0;
}

/* Must the CPU copy what this segment holds? */
static bool is_copied(const struct zm_vector *vector, unsigned int i)
{
	return vector->never ||
	       vector->zt.segments[i].type == ZCOPY_SEGMENT_USER;
}

static const char *judge_segments(const struct zm_vector *vector,
				  const struct zt_call *call)
{
	uint64_t done = call->send.done, before = call->before, start;
	uint64_t copied = 0, start_of_call;
	unsigned int first = find(vector, before, &start_of_call), i;
	unsigned int stop = find(vector, done, &start);

	if (call->send.out_segment != stop)
		return wrong("it stopped in segment %u, not %u",
			     call->send.out_segment, stop);
	start = before ? start_of_call : 0;
	for (i = before ? first : 0; i < vector->zt.nr && i <= stop; i++) {
		const struct zcopy_segment *segment = &vector->zt.segments[i];
		uint64_t copy = is_copied(vector, i) ? part(before, done, start,
							    vector->len[i])
						     : 0;

		if (segment->len != vector->len[i])
			return wrong("segment %u has got the wrong length", i);
		if (segment->out_done != part(0, done, start, vector->len[i]))
			return wrong("segment %u: out_done is wrong", i);
		if (segment->out_copied != copy)
			return wrong("segment %u: %llu bytes copied, not %llu",
				     i, (unsigned long long)segment->out_copied,
				     (unsigned long long)copy);
		copied += copy;
		start += vector->len[i];
	}
	if (call->send.out_copied != copied)
		return wrong("%llu bytes copied, not %llu",
			     (unsigned long long)call->send.out_copied,
			     (unsigned long long)copied);
	return "";
}

/* CACHED stops at a page that was not there when it began, and only there. */
static const char *judge_not_cached(const struct zm_vector *vector,
				    const struct zm_before *before,
				    const struct zt_call *call)
{
	uint64_t start, offset, page = zt_page_size(), resident = 0, rest, at;
	unsigned int i = find(vector, call->send.done, &start);
	const struct zcopy_segment *segment = &vector->zt.segments[i];

	if (!(vector->flags & ZCOPY_SEND_CACHED))
		return "NOT_CACHED, but CACHED was not asked for";
	if (segment->type != ZCOPY_SEGMENT_FILE || vector->file[i] != ZM_COLD)
		return "NOT_CACHED in a segment that is always in memory";
	offset = segment->offset + segment->out_done;
	if (offset % page && segment->out_done)
		return "NOT_CACHED in the middle of a page";
	if (before->resident[offset / page] & 1)
		return "NOT_CACHED at a page that was in memory";
	rest = vector->len[i] - segment->out_done;
	for (at = offset; at < least(offset + rest, ZM_FILE_LEN);
	     at = (at / page + 1) * page) {
		if (before->resident[at / page] & 1)
			resident += part(at, (at / page + 1) * page, offset,
					 least(rest, ZM_FILE_LEN - offset));
	}
	if (call->send.out_resident < resident ||
	    call->send.out_resident > rest)
		return wrong("out_resident is %llu, not %llu to %llu",
			     (unsigned long long)call->send.out_resident,
			     (unsigned long long)resident,
			     (unsigned long long)rest);
	return "";
}

/* A socket that waits without end is never full. */
static bool may_be_full(const struct zm_vector *vector)
{
	return vector->nonblock || vector->wait ||
	       (vector->flags & ZCOPY_SEND_NOWAIT);
}

static const char *judge_early_stop(const struct zm_vector *vector,
				    const struct zm_before *before,
				    const struct zt_call *call)
{
	const struct zcopy_send *send = &call->send;
	int error = EAGAIN;
	const char *text = "";

	switch (send->out_stop) {
	case ZCOPY_STOP_SOCKET_FULL:
		if (!may_be_full(vector))
			text = "SOCKET_FULL, but it was to wait";
		break;
	case ZCOPY_STOP_NOT_CACHED:
		text = judge_not_cached(vector, before, call);
		break;
	case ZCOPY_STOP_INTERRUPTED:
		error = EINTR;
		if (!before->alarmed)
			text = "INTERRUPTED, but there was no signal";
		break;
	default:
		return wrong("it stopped at byte %llu of %llu: %s, error %u",
			     (unsigned long long)send->done,
			     (unsigned long long)vector->limit,
			     zcopy_stop_name(send->out_stop), send->out_error);
	}
	if (!*text && (int)send->out_error != error)
		return wrong("%s with out_error %u",
			     zcopy_stop_name(send->out_stop), send->out_error);
	return text;
}

static const char *judge_stop(const struct zm_vector *vector,
			      const struct zm_before *before,
			      const struct zt_call *call)
{
	const struct zcopy_send *send = &call->send;

	if (send->out_resident && send->out_stop != ZCOPY_STOP_NOT_CACHED)
		return "out_resident without NOT_CACHED";
	if (send->done > vector->limit)
		return wrong("%llu bytes were sent where there are %llu",
			     (unsigned long long)send->done,
			     (unsigned long long)vector->limit);
	if (send->done < vector->limit)
		return judge_early_stop(vector, before, call);
	if (send->out_stop == vector->end_stop &&
	    (int)send->out_error == vector->end_error)
		return "";
	return wrong("it ended with %s, error %u, not with %s, error %d",
		     zcopy_stop_name(send->out_stop), send->out_error,
		     zcopy_stop_name(vector->end_stop), vector->end_error);
}

const char *zm_judge(const struct zm_vector *vector,
		     const struct zm_before *before, const struct zt_call *call)
{
	const char *text = zt_inconsistency(call);

	if (!*text)
		text = judge_stop(vector, before, call);
	if (!*text)
		text = judge_segments(vector, call);
	return text;
}

void zm_count(struct zm_tally *tally, const struct zm_vector *vector,
	      const struct zt_call *call)
{
	uint64_t start = 0;
	unsigned int i;

	tally->calls++;
	tally->stops[call->send.out_stop]++;
	for (i = 0; i < vector->zt.nr; i++) {
		uint64_t sent = part(call->before, call->send.done, start,
				     vector->len[i]);

		tally->bytes[vector->zt.segments[i].type] += sent;
		tally->copied += is_copied(vector, i) ? sent : 0;
		start += vector->len[i];
	}
}

/* A call that is restarted counts as interrupted each time. */
static const char *compare_stops(const struct zm_tally *tally,
				 const struct zcopy_stats *stats)
{
	uint64_t restarts = stats->out_stops[ZCOPY_STOP_INTERRUPTED] -
			    tally->stops[ZCOPY_STOP_INTERRUPTED];
	unsigned int i;

	for (i = 0; i < ZCOPY_STATS_STOPS; i++) {
		if (i != ZCOPY_STOP_INTERRUPTED &&
		    stats->out_stops[i] != tally->stops[i])
			return wrong(
				"%llu calls stopped with %s, STATS says %llu",
				(unsigned long long)tally->stops[i],
				zcopy_stop_name(i),
				(unsigned long long)stats->out_stops[i]);
	}
	if (stats->out_calls != tally->calls + restarts)
		return wrong("%llu calls and %lld restarts, STATS says %llu",
			     (unsigned long long)tally->calls,
			     (long long)restarts,
			     (unsigned long long)stats->out_calls);
	return "";
}

const char *zm_compare_stats(const struct zm_tally *tally, int dev)
{
	struct zcopy_stats stats;
	const uint64_t *bytes = tally->bytes;

	if (zcopy_get_stats(dev, &stats))
		zt_die("STATS");
	if (stats.out_file_bytes != bytes[ZCOPY_SEGMENT_FILE] ||
	    stats.out_buffer_bytes != bytes[ZCOPY_SEGMENT_BUFFER] ||
	    stats.out_user_bytes != bytes[ZCOPY_SEGMENT_USER] ||
	    stats.out_zero_bytes != bytes[ZCOPY_SEGMENT_ZERO] ||
	    stats.out_copied_bytes != tally->copied)
		return "STATS has counted other bytes";
	return compare_stops(tally, &stats);
}
