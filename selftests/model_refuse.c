// SPDX-License-Identifier: GPL-2.0
/*
 * Defects: each makes a good vector one that SEND must refuse as a whole, for
 * exactly one reason, wherever in the vector it is. See model.h.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define LARGEST ((uint64_t)INT64_MAX)

struct zm_defect {
	const char *name;
	int error;
	/* One of these: spoil a segment of the vector, or the struct. */
	void (*segment)(struct zcopy_segment *segment,
			const struct zm_world *world, uint64_t *state);
	void (*send)(struct zm_refusal *refusal, const struct zm_world *world,
		     uint64_t *state);
};

/* ---- segments ---- */

static void unknown_type(struct zcopy_segment *segment,
			 const struct zm_world *world, uint64_t *state)
{
	segment->type = zm_once_in(state, 2) ? 0 : 5 + zm_below(state, 1000);
}

static void unknown_flag(struct zcopy_segment *segment,
			 const struct zm_world *world, uint64_t *state)
{
	segment->flags |= 1U << zm_below(state, 32);
}

static void needless_fd(struct zcopy_segment *segment,
			const struct zm_world *world, uint64_t *state)
{
	zcopy_segment_zero(segment, zm_below(state, 5000));
	segment->fd = world->files[ZM_TMPFS].fd;
}

static void zero_with_offset(struct zcopy_segment *segment,
			     const struct zm_world *world, uint64_t *state)
{
	zcopy_segment_zero(segment, zm_below(state, 5000));
	segment->offset = 1 + zm_below(state, 5000);
}

static void offset_too_large(struct zcopy_segment *segment,
			     const struct zm_world *world, uint64_t *state)
{
	uint64_t len = zm_once_in(state, 3) ? ZCOPY_TO_END : 1;

	zcopy_segment_file(segment, world->files[ZM_DISK].fd,
			   LARGEST + 1 + zm_below(state, 9000), len);
}

static void end_too_large(struct zcopy_segment *segment,
			  const struct zm_world *world, uint64_t *state)
{
	uint64_t len = 2 + zm_below(state, 100000);

	zcopy_segment_file(segment, world->files[ZM_DISK].fd,
			   LARGEST - len + 1 + zm_below(state, (uint32_t)len),
			   len);
}

static void beyond_buffer(struct zcopy_segment *segment,
			  const struct zm_world *world, uint64_t *state)
{
	size_t len = zm_below(state, 9000);

	zcopy_segment_buffer(segment, ZM_BUFFER + 1 - zm_below(state, len + 1),
			     len);
}

static void kernel_address(struct zcopy_segment *segment,
			   const struct zm_world *world, uint64_t *state)
{
	zcopy_segment_user(segment, NULL, 1 + zm_below(state, 9000));
	segment->offset = LARGEST - 10000;
}

static void from(struct zcopy_segment *segment, int fd, uint64_t *state)
{
	bool to_end = zm_once_in(state, 4);

	zcopy_segment_file(segment, fd, zm_below(state, 5000),
			   to_end ? ZCOPY_TO_END : zm_below(state, 5000));
}

#define FROM_ODD(name, which)                                           \
	static void name(struct zcopy_segment *segment,                 \
			 const struct zm_world *world, uint64_t *state) \
	{                                                               \
		from(segment, world->odd[which], state);                \
	}

FROM_ODD(from_directory, ZM_ODD_DIRECTORY)
FROM_ODD(from_write_only, ZM_ODD_WRITE_ONLY)
FROM_ODD(from_path_only, ZM_ODD_PATH_ONLY)
FROM_ODD(from_pipe, ZM_ODD_PIPE)
FROM_ODD(from_closed, ZM_ODD_CLOSED)
FROM_ODD(from_socket, ZM_ODD_DATAGRAM)

/* ---- the struct ---- */

static void send_unknown_flag(struct zm_refusal *refusal,
			      const struct zm_world *world, uint64_t *state)
{
	refusal->send.flags |= 1U << (4 + zm_below(state, 28));
}

static void send_reserved(struct zm_refusal *refusal,
			  const struct zm_world *world, uint64_t *state)
{
	refusal->send.__reserved = 1U << zm_below(state, 32);
}

static void send_too_small(struct zm_refusal *refusal,
			   const struct zm_world *world, uint64_t *state)
{
	refusal->send.size = zm_below(state, 8);
}

static void send_too_many(struct zm_refusal *refusal,
			  const struct zm_world *world, uint64_t *state)
{
	refusal->send.nr_segments = ZCOPY_MAX_SEGMENTS + 1 +
				    zm_below(state, 100000);
}

static void send_from_nowhere(struct zm_refusal *refusal,
			      const struct zm_world *world, uint64_t *state)
{
	refusal->send.segments = (uintptr_t)world->memory + ZM_MEMORY;
}

/* The vector's length is in "done" here. */
static void send_beyond_end(struct zm_refusal *refusal,
			    const struct zm_world *world, uint64_t *state)
{
	refusal->send.done += 1 + zm_below(state, 5000);
}

static void send_without_buffer(struct zm_refusal *refusal,
				const struct zm_world *world, uint64_t *state)
{
	refusal->dev = world->bare_dev;
}

#define SEND_TO(name, descriptor)                                       \
	static void name(struct zm_refusal *refusal,                    \
			 const struct zm_world *world, uint64_t *state) \
	{                                                               \
		refusal->send.socket = descriptor;                      \
	}

SEND_TO(send_to_file, world->files[ZM_TMPFS].fd)
SEND_TO(send_to_closed, world->odd[ZM_ODD_CLOSED])
SEND_TO(send_to_path, world->odd[ZM_ODD_PATH_ONLY])
SEND_TO(send_to_datagram, world->odd[ZM_ODD_DATAGRAM])
SEND_TO(send_to_listener, world->odd[ZM_ODD_LISTENER])

static const struct zm_defect defects[] = {
	{ "type", EINVAL, .segment = unknown_type },
	{ "segment flag", EINVAL, .segment = unknown_flag },
	{ "descriptor that is not used", EINVAL, .segment = needless_fd },
	{ "zeros with an offset", EINVAL, .segment = zero_with_offset },
	{ "offset", EOVERFLOW, .segment = offset_too_large },
	{ "end", EOVERFLOW, .segment = end_too_large },
	{ "beyond the buffer", ERANGE, .segment = beyond_buffer },
	{ "kernel address", EFAULT, .segment = kernel_address },
	{ "directory", EISDIR, .segment = from_directory },
	{ "write-only file", EACCES, .segment = from_write_only },
	{ "O_PATH file", EBADF, .segment = from_path_only },
	{ "pipe", ESPIPE, .segment = from_pipe },
	{ "closed file", EBADF, .segment = from_closed },
	{ "socket as a file", ESPIPE, .segment = from_socket },
	{ "flag", EINVAL, .send = send_unknown_flag },
	{ "reserved", EINVAL, .send = send_reserved },
	{ "size", EINVAL, .send = send_too_small },
	{ "too many segments", EMSGSIZE, .send = send_too_many },
	{ "no segments there", EFAULT, .send = send_from_nowhere },
	{ "cursor", ERANGE, .send = send_beyond_end },
	{ "no buffer", ENXIO, .send = send_without_buffer },
	{ "file as a socket", ENOTSOCK, .send = send_to_file },
	{ "closed socket", EBADF, .send = send_to_closed },
	{ "O_PATH socket", EBADF, .send = send_to_path },
	{ "datagram socket", ESOCKTNOSUPPORT, .send = send_to_datagram },
	{ "listening socket", EOPNOTSUPP, .send = send_to_listener },
};

#define NR_DEFECTS (sizeof(defects) / sizeof(*defects))

/* What some defects need: a segment, and for ENXIO one of the buffer. */
static void make_fit(struct zm_vector *vector, const struct zm_world *world)
{
	unsigned int i = zm_below(&vector->state, ZM_MAX_SEGMENTS);

	if (!vector->zt.nr)
		zt_add_zero(&vector->zt, 1);
	i %= vector->zt.nr;
	vector->total -= vector->len[i];
	vector->len[i] = 1;
	vector->total++;
	zcopy_segment_buffer(&vector->zt.segments[i], 3, 1);
}

void zm_spoil(struct zm_refusal *refusal, struct zm_vector *vector,
	      const struct zm_world *world, int socket)
{
	const struct zm_defect *defect;
	uint64_t *state = &vector->state;
	unsigned int i;

	defect = &defects[zm_below(state, NR_DEFECTS)];
	make_fit(vector, world);
	refusal->name = defect->name;
	refusal->error = defect->error;
	refusal->dev = world->dev;
	i = zm_below(state, vector->zt.nr);
	if (defect->segment)
		defect->segment(&vector->zt.segments[i], world, state);
	zcopy_send_init(&refusal->send, socket, vector->zt.segments,
			vector->zt.nr);
	refusal->send.size = sizeof(refusal->send);
	refusal->send.flags = vector->flags;
	if (!defect->send)
		return;
	if (defect->error == ERANGE)
		refusal->send.done = vector->total;
	defect->send(refusal, world, state);
}
