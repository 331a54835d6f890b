// SPDX-License-Identifier: GPL-2.0
/*
 * Honest SENDs: whatever the vector is, the arguments are the caller's own while
 * the call runs, so that its result can be believed and is held against it.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz.h"

/* A vector, and what it is made of. */
struct plan {
	struct zcopy_segment segments[FZ_SEGMENTS];
	struct fz_entry entries[FZ_SEGMENTS];
	unsigned int nr;
	bool files[FZ_FILES];
	bool contexts[FZ_CONTEXTS];
	bool maps[FZ_MAPS];
	unsigned int context; /* whose descriptor the call is on */
};

static void plan_file(struct fz_thread *thread, struct plan *plan,
		      struct zcopy_segment *segment, struct fz_entry *entry)
{
	unsigned int i = fz_pick(thread, FZ_FILES);
	uint64_t offset = fz_number(thread, 20), len = fz_number(thread, 19);

	plan->files[i] = true;
	zcopy_segment_file(segment, (int)i, offset,
			   fz_one_in(thread, 8) ? ZCOPY_TO_END : len);
	entry->pattern = i == FZ_FILES - 1 ? FZ_PATTERN_ZERO : FZ_CONTEXTS + i;
	entry->may_be_zero = world.files[i].has_zeros;
}

/* Another context's buffer, read as a file. */
static void plan_device(struct fz_thread *thread, struct plan *plan,
			struct zcopy_segment *segment, struct fz_entry *entry)
{
	unsigned int i = fz_pick(thread, FZ_CONTEXTS);

	plan->contexts[i] = true;
	zcopy_segment_file(segment, -1 - (int)i, fz_number(thread, 18),
			   fz_number(thread, 18));
	entry->pattern = i;
	entry->may_be_zero = true;
}

static void plan_buffer(struct fz_thread *thread, struct plan *plan,
			struct zcopy_segment *segment, struct fz_entry *entry)
{
	zcopy_segment_buffer(segment, fz_number(thread, 18),
			     fz_number(thread, 18));
	entry->pattern = plan->context;
	entry->may_be_zero = true;
}

/* Sometimes it reaches beyond where the memory ends. */
static void plan_user(struct fz_thread *thread, struct zcopy_segment *segment,
		      struct fz_entry *entry)
{
	uint64_t offset = fz_pick(thread, FZ_USER_LEN);
	uint64_t len = fz_number(thread, 18);

	if (len > FZ_USER_LEN - offset && !fz_one_in(thread, 4))
		len = FZ_USER_LEN - offset;
	zcopy_segment_user(segment, world.user + offset, len);
	entry->pattern = FZ_PATTERN_USER;
	entry->offset = offset;
}

/* A mapping of a buffer as user memory: the copy faults into zcopy itself. */
static void plan_map(struct fz_thread *thread, struct plan *plan,
		     struct zcopy_segment *segment, struct fz_entry *entry)
{
	unsigned int i = fz_pick(thread, FZ_MAPS);
	uint64_t offset = fz_number(thread, 17), len = fz_number(thread, 16);

	plan->maps[i] = true;
	/* The address is filled in when the mapping is held. */
	zcopy_segment_user(segment, (void *)(uintptr_t)i, len);
	entry->may_be_zero = true;
	entry->offset = offset;
}

static void plan_segment(struct fz_thread *thread, struct plan *plan)
{
	struct zcopy_segment *segment = &plan->segments[plan->nr];
	struct fz_entry *entry = &plan->entries[plan->nr];

	memset(entry, 0, sizeof(*entry));
	switch (fz_pick(thread, 10)) {
	case 0 ... 3:
		plan_file(thread, plan, segment, entry);
		break;
	case 4:
		plan_device(thread, plan, segment, entry);
		break;
	case 5 ... 6:
		plan_buffer(thread, plan, segment, entry);
		break;
	case 7:
		plan_user(thread, segment, entry);
		break;
	case 8:
		plan_map(thread, plan, segment, entry);
		break;
	default:
		zcopy_segment_zero(segment, fz_number(thread, 18));
		entry->pattern = FZ_PATTERN_ZERO;
		break;
	}
	if (segment->type != ZCOPY_SEGMENT_USER)
		entry->offset = segment->offset;
	plan->nr++;
}

/* One member that no call accepts, or that leads nowhere. */
static void spoil(struct fz_thread *thread, struct plan *plan)
{
	struct zcopy_segment *segment =
		&plan->segments[fz_pick(thread, plan->nr)];

	switch (fz_pick(thread, 5)) {
	case 0:
		segment->flags = 1u << fz_pick(thread, 32);
		break;
	case 1:
		segment->type = 5 + (uint32_t)fz_number(thread, 32);
		break;
	case 2:
		segment->offset = UINT64_MAX - fz_number(thread, 63);
		break;
	case 3:
		segment->fd = 100000 + (int)fz_pick(thread, 1000);
		break;
	default:
		segment->len = UINT64_MAX - 1 - fz_number(thread, 62);
		break;
	}
}

static void make_plan(struct fz_thread *thread, struct plan *plan)
{
	unsigned int nr = fz_pick(thread, FZ_SEGMENTS + 1);

	memset(plan, 0, sizeof(*plan));
	plan->context = fz_pick(thread, FZ_CONTEXTS);
	plan->contexts[plan->context] = true;
	while (plan->nr < nr)
		plan_segment(thread, plan);
	if (nr && fz_one_in(thread, 12))
		spoil(thread, plan);
}

/* From here on, nothing that the vector names is replaced by something else. */
static void hold_sources(const struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < FZ_FILES; i++) {
		if (plan->files[i])
			pthread_rwlock_rdlock(&world.files[i].lock);
	}
	for (i = 0; i < FZ_CONTEXTS; i++) {
		if (plan->contexts[i])
			pthread_rwlock_rdlock(&world.contexts[i].lock);
	}
	for (i = 0; i < FZ_MAPS; i++) {
		if (plan->maps[i])
			pthread_mutex_lock(&world.maps[i].lock);
	}
}

static void release_sources(const struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < FZ_MAPS; i++) {
		if (plan->maps[i])
			pthread_mutex_unlock(&world.maps[i].lock);
	}
	for (i = 0; i < FZ_CONTEXTS; i++) {
		if (plan->contexts[i])
			pthread_rwlock_unlock(&world.contexts[i].lock);
	}
	for (i = 0; i < FZ_FILES; i++) {
		if (plan->files[i])
			pthread_rwlock_unlock(&world.files[i].lock);
	}
}

/* The mapping with this index, as much of it as there is. */
static void resolve_map(struct zcopy_segment *segment, struct fz_entry *entry)
{
	const struct fz_map *map = &world.maps[segment->offset];
	uint64_t skip = entry->offset;

	if (!map->address || skip >= map->len) {
		zcopy_segment_zero(segment, 0);
		return;
	}
	if (segment->len > map->len - skip)
		segment->len = map->len - skip;
	segment->offset = (uintptr_t)map->address + skip;
	entry->pattern = map->context;
	entry->offset = map->offset + skip;
}

/* Indices become descriptors and addresses. */
static void resolve(struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < plan->nr; i++) {
		struct zcopy_segment *segment = &plan->segments[i];

		if (segment->type == ZCOPY_SEGMENT_FILE && segment->fd < 0)
			segment->fd = world.contexts[-1 - segment->fd].fd;
		else if (segment->type == ZCOPY_SEGMENT_FILE &&
			 segment->fd < FZ_FILES)
			segment->fd = world.files[segment->fd].fd;
		else if (segment->type == ZCOPY_SEGMENT_USER &&
			 segment->offset < FZ_MAPS)
			resolve_map(segment, &plan->entries[i]);
	}
}

/* The bytes [@from, @from + @len) of the vector have gone into the stream. */
static void note(struct fz_stream *stream, const struct plan *plan,
		 uint64_t from, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < plan->nr && len; i++) {
		struct fz_entry entry = plan->entries[i];
		uint64_t segment = plan->segments[i].len;

		if (from >= segment) {
			from -= segment;
			continue;
		}
		entry.offset += from;
		entry.len = segment - from < len ? segment - from : len;
		len -= entry.len;
		from = 0;
		fz_stream_note(stream, entry);
	}
	if (len)
		fz_fail("%llu bytes more were sent than the vector has",
			(unsigned long long)len);
}

/* What SEND may say: the header's list, and what sockets and disks report. */
static bool is_documented(int error)
{
	static const int errors[] = {
		EFAULT,		 E2BIG,	     EINVAL,	EMSGSIZE, EOVERFLOW,
		ERANGE,		 ENXIO,	     ENOMEM,	EBADF,	  ENOTSOCK,
		ESOCKTNOSUPPORT, EOPNOTSUPP, ENOTCONN,	EACCES,	  EISDIR,
		ESPIPE,		 ENODEV,     EAGAIN,	ENODATA,  EINTR,
		EPIPE,		 ECONNRESET, ETIMEDOUT, EIO,	  ENOBUFS,
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i] == error)
			return true;
	}
	return false;
}

static bool was_refused(const struct zt_call *call)
{
	/* zt_call() spoils what a call has to write. */
	return call->ret && call->send.out_stop == 0xa5a5a5a5;
}

static void judge(const struct zt_call *call, bool broken)
{
	const char *text;

	if (call->ret && !is_documented(call->error))
		fz_fail("SEND: %s", strerror(call->error));
	if (was_refused(call)) {
		if (call->send.done != call->before)
			fz_fail("a call that was refused moved the cursor");
		return;
	}
	/* The vector is complete, but the half-close behind it failed. */
	if (call->send.flags & ZCOPY_SEND_SHUTDOWN &&
	    call->send.out_stop == ZCOPY_STOP_SOCKET_ERROR &&
	    call->send.out_segment == call->send.nr_segments)
		return;
	text = zt_inconsistency(call);
	if (*text)
		fz_fail("SEND: %s", text);
	if (call->send.out_stop == ZCOPY_STOP_SOCKET_ERROR && !broken &&
	    call->send.out_error != EPIPE)
		fz_fail("SEND: a good socket says %s",
			strerror((int)call->send.out_error));
}

static uint32_t pick_flags(struct fz_thread *thread)
{
	uint32_t flags = fz_pick(thread, 8); /* NOWAIT, CACHED, MORE */

	if (fz_one_in(thread, 40))
		flags |= ZCOPY_SEND_SHUTDOWN;
	if (fz_one_in(thread, 60))
		flags |= 1u << fz_pick(thread, 32);
	return flags;
}

static uint64_t length_of(const struct plan *plan)
{
	uint64_t len = 0;
	unsigned int i;

	for (i = 0; i < plan->nr; i++)
		len += plan->segments[i].len;
	return len;
}

/* A cursor from an earlier life; TO_END would hide how long the vector is. */
static uint64_t pick_cursor(struct fz_thread *thread, const struct plan *plan)
{
	uint64_t len = length_of(plan), number = fz_number(thread, 20);
	unsigned int i;

	for (i = 0; i < plan->nr; i++) {
		if (plan->segments[i].len > GIB)
			return 0;
	}
	if (!fz_one_in(thread, 5))
		return 0;
	return fz_one_in(thread, 5) ? number : number % (len + 1);
}

static void send_to(struct fz_thread *thread, struct plan *plan,
		    struct fz_stream *stream)
{
	struct zt_vector vector = { .segments = plan->segments,
				    .nr = plan->nr };
	unsigned int rounds = 1 + fz_pick(thread, 4);
	uint32_t flags = pick_flags(thread);
	sig_atomic_t sigpipes = fz_sigpipes;
	struct zt_call call;

	zt_call_init(&call, stream->pair.tx, &vector, flags);
	call.send.done = pick_cursor(thread, plan);
	while (rounds--) {
		zt_call(world.contexts[plan->context].fd, &call);
		judge(&call, stream->broken);
		if (fz_sigpipes != sigpipes)
			fz_fail("SEND raised SIGPIPE");
		if (was_refused(&call))
			break;
		note(stream, plan, call.before, call.send.out_sent);
		if (flags & ZCOPY_SEND_SHUTDOWN)
			fz_stream_was_shut(stream);
		if (call.send.out_stop == ZCOPY_STOP_COMPLETE)
			break;
	}
}

void fz_send(struct fz_thread *thread)
{
	struct fz_stream *stream = &world.streams[fz_pick(thread, FZ_STREAMS)];
	struct plan plan;

	make_plan(thread, &plan);
	hold_sources(&plan);
	resolve(&plan);
	pthread_mutex_lock(&stream->tx_lock);
	send_to(thread, &plan, stream);
	pthread_mutex_unlock(&stream->tx_lock);
	release_sources(&plan);
}
