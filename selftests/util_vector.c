// SPDX-License-Identifier: GPL-2.0
/*
 * Vectors that know their own content, and the judge of what SEND says: every
 * test passes each result through zt_inconsistency(), so that a counter that is
 * wrong once shows, whatever the test is about.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "util.h"

void zt_vector_init(struct zt_vector *vector)
{
	memset(vector, 0, sizeof(*vector));
}

void zt_vector_free(struct zt_vector *vector)
{
	free(vector->segments);
	free(vector->bytes);
	zt_vector_init(vector);
}

/* Room for one more segment of @len bytes; its content is not yet there. */
static struct zcopy_segment *add(struct zt_vector *vector, size_t len)
{
	if (vector->nr == vector->room) {
		vector->room = vector->room ? 2 * vector->room : 16;
		vector->segments = realloc(vector->segments,
					   vector->room *
						   sizeof(*vector->segments));
	}
	if (vector->len + len > vector->bytes_room) {
		vector->bytes_room = 2 * (vector->len + len);
		vector->bytes = realloc(vector->bytes, vector->bytes_room);
	}
	if (!vector->segments || (vector->bytes_room && !vector->bytes))
		zt_die("realloc");
	vector->len += len;
	return &vector->segments[vector->nr++];
}

static void put(struct zt_vector *vector, const void *content, size_t len)
{
	if (len)
		memcpy(vector->bytes + vector->len - len, content, len);
}

struct zcopy_segment *zt_add_file(struct zt_vector *vector, int fd,
				  const void *content, size_t offset,
				  size_t len)
{
	struct zcopy_segment *segment = add(vector, len);

	zcopy_segment_file(segment, fd, offset, len);
	put(vector, (const char *)content + offset, len);
	return segment;
}

struct zcopy_segment *zt_add_buffer(struct zt_vector *vector,
				    const void *content, size_t offset,
				    size_t len)
{
	struct zcopy_segment *segment = add(vector, len);

	zcopy_segment_buffer(segment, offset, len);
	put(vector, (const char *)content + offset, len);
	return segment;
}

struct zcopy_segment *zt_add_user(struct zt_vector *vector, const void *memory,
				  size_t len)
{
	struct zcopy_segment *segment = add(vector, len);

	zcopy_segment_user(segment, memory, len);
	put(vector, memory, len);
	return segment;
}

struct zcopy_segment *zt_add_zero(struct zt_vector *vector, size_t len)
{
	struct zcopy_segment *segment = add(vector, len);

	zcopy_segment_zero(segment, len);
	if (len)
		memset(vector->bytes + vector->len - len, 0, len);
	return segment;
}

bool zt_zero_copy(void)
{
	const char *policy = zt_read_line(
		"/sys/module/zcopy/parameters/zero_copy");

	return !policy || strcmp(policy, "never");
}

uint64_t zt_must_copy(const struct zt_vector *vector)
{
	bool zero_copy = zt_zero_copy();
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < vector->nr; i++) {
		if (!zero_copy ||
		    vector->segments[i].type == ZCOPY_SEGMENT_USER)
			bytes += vector->segments[i].len;
	}
	return bytes;
}

void zt_call_init(struct zt_call *call, int socket,
		  const struct zt_vector *vector, uint32_t flags)
{
	memset(call, 0, sizeof(*call));
	zcopy_send_init(&call->send, socket, vector->segments, vector->nr);
	call->send.flags = flags;
}

static struct zcopy_segment *segments_of(const struct zcopy_send *send)
{
	return (struct zcopy_segment *)(uintptr_t)send->segments;
}

/* The segment in which the cursor is: the first one with something left. */
static unsigned int segment_at_cursor(const struct zcopy_send *send)
{
	const struct zcopy_segment *segments = segments_of(send);
	uint64_t cursor = send->done;
	unsigned int i;

	if (!cursor)
		return 0;
	for (i = 0; i < send->nr_segments && segments[i].len <= cursor; i++)
		cursor -= segments[i].len;
	return i;
}

/* Tells whether anything in the first @nr segments has changed. */
static uint64_t fingerprint(const struct zcopy_send *send, unsigned int nr)
{
	const unsigned char *bytes = (void *)segments_of(send);
	const unsigned char *end = (void *)&segments_of(send)[nr];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	while (bytes < end)
		hash = (hash ^ *bytes++) * UINT64_C(0x100000001b3);
	return hash;
}

static void spoil_segment(struct zcopy_segment *segment)
{
	memset(&segment->out_stop, 0xa5, sizeof(segment->out_stop));
	memset(&segment->out_done, 0xa5, sizeof(segment->out_done));
	memset(&segment->out_copied, 0xa5, sizeof(segment->out_copied));
}

/*
 * What the kernel has to write must not be right by accident. A call that goes
 * on writes only the segments that it comes to, the first of which is known.
 */
static void spoil(struct zcopy_send *send, unsigned int first)
{
	unsigned int end = send->done ? first + 1 : send->nr_segments;
	unsigned int i;

	memset(&send->out_sent, 0xa5, sizeof(send->out_sent));
	memset(&send->out_copied, 0xa5, sizeof(send->out_copied));
	memset(&send->out_stop, 0xa5, sizeof(send->out_stop));
	memset(&send->out_error, 0xa5, sizeof(send->out_error));
	memset(&send->out_segment, 0xa5, sizeof(send->out_segment));
	memset(&send->out_resident, 0xa5, sizeof(send->out_resident));
	for (i = first; i < end && i < send->nr_segments; i++)
		spoil_segment(&segments_of(send)[i]);
}

int zt_call(int dev, struct zt_call *call)
{
	call->before = call->send.done;
	call->first = segment_at_cursor(&call->send);
	call->kept = fingerprint(&call->send, call->first);
	spoil(&call->send, call->first);
	errno = 0;
	call->ret = ioctl(dev, ZCOPY_IOC_SEND, &call->send);
	call->error = call->ret ? errno : 0;
	return call->ret;
}

int zt_send(int dev, int socket, const struct zt_vector *vector, uint32_t flags,
	    struct zt_call *call)
{
	zt_call_init(call, socket, vector, flags);
	return zt_call(dev, call);
}

uint64_t zt_copied(const struct zt_call *call, uint32_t type)
{
	const struct zcopy_segment *segments = segments_of(&call->send);
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < call->send.nr_segments; i++) {
		if (segments[i].type == type)
			bytes += segments[i].out_copied;
	}
	return bytes;
}

static char verdict[256];

#define wrong(...) (snprintf(verdict, sizeof(verdict), __VA_ARGS__), verdict)

static const char *wrong_result(const struct zt_call *call)
{
	const struct zcopy_send *send = &call->send;
	bool complete = send->out_stop == ZCOPY_STOP_COMPLETE;

	if (call->ret != 0 && call->ret != -1)
		return wrong("SEND returned %d", call->ret);
	if (send->out_sent != send->done - call->before)
		return wrong("out_sent is %llu, the cursor moved by %llu",
			     (unsigned long long)send->out_sent,
			     (unsigned long long)(send->done - call->before));
	if (send->out_copied > send->out_sent)
		return wrong("more copied than sent");
	if ((send->out_sent || complete) && call->ret)
		return wrong("failed (%s) though it sent or completed",
			     strerror(call->error));
	if (!send->out_sent && !complete && !call->ret)
		return wrong("returned 0 but sent nothing, stop %u",
			     send->out_stop);
	if (complete != !send->out_error)
		return wrong("stop %u with out_error %u", send->out_stop,
			     send->out_error);
	if (call->ret && (int)send->out_error != call->error)
		return wrong("out_error %u but errno %d", send->out_error,
			     call->error);
	/* Behind the last one, only a half-close can still fail. */
	if (complete && send->out_segment < send->nr_segments)
		return wrong("complete, but stopped at segment %u",
			     send->out_segment);
	if (!complete && send->out_segment >= send->nr_segments &&
	    !(send->flags & ZCOPY_SEND_SHUTDOWN))
		return wrong("stop %u at segment %u of %u", send->out_stop,
			     send->out_segment, send->nr_segments);
	return "";
}

/* Before the segment where it stopped all is done, behind it nothing. */
static const char *wrong_segment(const struct zcopy_send *send, unsigned int i)
{
	const struct zcopy_segment *segment = &segments_of(send)[i];
	uint32_t stop = ZCOPY_STOP_NONE;
	uint64_t done = 0;

	if (i < send->out_segment) {
		stop = ZCOPY_STOP_COMPLETE;
		done = segment->len;
	} else if (i == send->out_segment) {
		stop = send->out_stop;
		done = segment->out_done;
	}
	if (segment->out_stop != stop)
		return wrong("segment %u of %u: out_stop is %u, not %u (at %u)",
			     i, send->nr_segments, segment->out_stop, stop,
			     send->out_segment);
	if (segment->out_done != done || done > segment->len)
		return wrong("segment %u: out_done is %llu of %llu", i,
			     (unsigned long long)segment->out_done,
			     (unsigned long long)segment->len);
	if (segment->out_copied > segment->out_done)
		return wrong("segment %u: more copied than done", i);
	return "";
}

/* The sums do not speak of copies that earlier calls have made. */
static const char *wrong_sums(const struct zt_call *call)
{
	const struct zcopy_segment *segments = segments_of(&call->send);
	const struct zcopy_send *send = &call->send;
	uint64_t done = 0, copied = 0;
	unsigned int i;

	for (i = 0; i < send->nr_segments; i++) {
		done += i < call->first ? segments[i].len
					: segments[i].out_done;
		copied += i < call->first ? 0 : segments[i].out_copied;
	}
	if (done != send->done)
		return wrong("segments say %llu bytes are done, done is %llu",
			     (unsigned long long)done,
			     (unsigned long long)send->done);
	if (copied != send->out_copied)
		return wrong("segments say %llu bytes copied, the call %llu",
			     (unsigned long long)copied,
			     (unsigned long long)send->out_copied);
	return "";
}

const char *zt_inconsistency(const struct zt_call *call)
{
	const char *text = wrong_result(call);
	unsigned int i;

	for (i = call->first; !*text && i < call->send.nr_segments; i++)
		text = wrong_segment(&call->send, i);
	if (!*text && call->kept != fingerprint(&call->send, call->first))
		return "a segment that was over before has changed";
	return *text ? text : wrong_sums(call);
}
