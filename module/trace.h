/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: a SEND that begins, each batch, and its end. No kernel addresses
 * are shown; what belongs together is found by the thread.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zcopy

#if !defined(ZC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define ZC_TRACE_H

#include <linux/tracepoint.h>

#include <linux/zcopy.h>

/* All trace headers are laid out as tables. */
/* clang-format off */

TRACE_DEFINE_ENUM(ZCOPY_STOP_NONE);
TRACE_DEFINE_ENUM(ZCOPY_STOP_COMPLETE);
TRACE_DEFINE_ENUM(ZCOPY_STOP_SOCKET_FULL);
TRACE_DEFINE_ENUM(ZCOPY_STOP_NOT_CACHED);
TRACE_DEFINE_ENUM(ZCOPY_STOP_SHORT);
TRACE_DEFINE_ENUM(ZCOPY_STOP_INTERRUPTED);
TRACE_DEFINE_ENUM(ZCOPY_STOP_SOCKET_ERROR);
TRACE_DEFINE_ENUM(ZCOPY_STOP_SOURCE_ERROR);

#define zc_trace_show_stop(stop)                              \
	__print_symbolic(stop, { ZCOPY_STOP_NONE, "none" },   \
			 { ZCOPY_STOP_COMPLETE, "complete" }, \
			 { ZCOPY_STOP_SOCKET_FULL, "socket_full" }, \
			 { ZCOPY_STOP_NOT_CACHED, "not_cached" },   \
			 { ZCOPY_STOP_SHORT, "short" },             \
			 { ZCOPY_STOP_INTERRUPTED, "interrupted" }, \
			 { ZCOPY_STOP_SOCKET_ERROR, "socket_error" }, \
			 { ZCOPY_STOP_SOURCE_ERROR, "source_error" })

#define zc_trace_show_flags(flags)                                   \
	__print_flags(flags, "|", { ZCOPY_SEND_NOWAIT, "NOWAIT" },   \
		      { ZCOPY_SEND_CACHED, "CACHED" },               \
		      { ZCOPY_SEND_MORE, "MORE" },                   \
		      { ZCOPY_SEND_SHUTDOWN, "SHUTDOWN" })

/* Arguments have been checked; the first batch is about to be filled. */
TRACE_EVENT(zcopy_send_begin,
	TP_PROTO(const struct zcopy_send *send),
	TP_ARGS(send),
	TP_STRUCT__entry(
		__field(s32, socket)
		__field(u32, flags)
		__field(u32, nr_segments)
		__field(u64, done)
	),
	TP_fast_assign(
		__entry->socket = send->socket;
		__entry->flags = send->flags;
		__entry->nr_segments = send->nr_segments;
		__entry->done = send->done;
	),
	TP_printk("socket=%d flags=%s nr_segments=%u done=%llu",
		  __entry->socket, zc_trace_show_flags(__entry->flags),
		  __entry->nr_segments, __entry->done)
);

/* One batch, given to the socket in one go; ret is what the socket took, or an errno. */
TRACE_EVENT(zcopy_batch,
	TP_PROTO(unsigned int pieces, size_t bytes, bool more, bool copied,
		 ssize_t ret),
	TP_ARGS(pieces, bytes, more, copied, ret),
	TP_STRUCT__entry(
		__field(u32, pieces)
		__field(u32, bytes)
		__field(bool, more)
		__field(bool, copied)
		__field(s64, ret)
	),
	TP_fast_assign(
		__entry->pieces = pieces;
		__entry->bytes = bytes;
		__entry->more = more;
		__entry->copied = copied;
		__entry->ret = ret;
	),
	TP_printk("pieces=%u bytes=%u more=%d copied=%d ret=%lld",
		  __entry->pieces, __entry->bytes, __entry->more,
		  __entry->copied, __entry->ret)
);

/* The results, as the caller gets them. */
TRACE_EVENT(zcopy_send_end,
	TP_PROTO(const struct zcopy_send *send),
	TP_ARGS(send),
	TP_STRUCT__entry(
		__field(s32, socket)
		__field(u32, stop)
		__field(u32, error)
		__field(u32, segment)
		__field(u64, sent)
		__field(u64, copied)
		__field(u64, done)
	),
	TP_fast_assign(
		__entry->socket = send->socket;
		__entry->stop = send->out_stop;
		__entry->error = send->out_error;
		__entry->segment = send->out_segment;
		__entry->sent = send->out_sent;
		__entry->copied = send->out_copied;
		__entry->done = send->done;
	),
	TP_printk("socket=%d stop=%s error=%u segment=%u sent=%llu copied=%llu done=%llu",
		  __entry->socket, zc_trace_show_stop(__entry->stop),
		  __entry->error, __entry->segment, __entry->sent,
		  __entry->copied, __entry->done)
);

#endif /* ZC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
