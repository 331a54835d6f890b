// SPDX-License-Identifier: GPL-2.0
/*
 * The rules for a user's descriptors.
 *
 * Pure functions of the kernel's own copy of what the user passed, so that
 * they can be tested in user space. Whether descriptors and addresses lead
 * anywhere is for source.c and sink.c to find out.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>

#include "desc.h"

#define ZC_DESC_SEND_FLAGS                                         \
	(ZCOPY_SEND_NOWAIT | ZCOPY_SEND_CACHED | ZCOPY_SEND_MORE | \
	 ZCOPY_SEND_SHUTDOWN)

/**
 * zc_desc_check_send() - is a SEND's own struct well-formed?
 * @send: the kernel's copy
 *
 * Return: 0, -EINVAL or -EMSGSIZE as <linux/zcopy.h> says.
 */
int zc_desc_check_send(const struct zcopy_send *send)
{
	if (send->flags & ~ZC_DESC_SEND_FLAGS)
		return -EINVAL;
	if (send->__reserved)
		return -EINVAL;
	if (send->nr_segments > ZCOPY_MAX_SEGMENTS)
		return -EMSGSIZE;
	return 0;
}

static bool zc_desc_in_range(u64 offset, u64 len, u64 limit)
{
	return offset <= limit && len <= limit - offset;
}

/**
 * zc_desc_check_segment() - is one segment well-formed?
 * @segment: the kernel's copy
 * @buffer_length: bytes in the caller's buffer, 0 for none
 *
 * Return: 0, -EINVAL, -EOVERFLOW, -ERANGE or -ENXIO as <linux/zcopy.h> says.
 */
int zc_desc_check_segment(const struct zcopy_segment *segment,
			  u64 buffer_length)
{
	u64 len = segment->len;

	if (segment->flags)
		return -EINVAL;
	if (segment->type != ZCOPY_SEGMENT_FILE && segment->fd)
		return -EINVAL;

	switch (segment->type) {
	case ZCOPY_SEGMENT_FILE:
		if (len == ZCOPY_TO_END)
			len = 0;
		break;
	case ZCOPY_SEGMENT_BUFFER:
		if (!buffer_length)
			return -ENXIO;
		break;
	case ZCOPY_SEGMENT_USER:
		break;
	case ZCOPY_SEGMENT_ZERO:
		if (segment->offset)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}

	if (!zc_desc_in_range(segment->offset, len, ZC_DESC_MAX))
		return -EOVERFLOW;
	if (segment->type == ZCOPY_SEGMENT_BUFFER &&
	    !zc_desc_in_range(segment->offset, len, buffer_length))
		return -ERANGE;
	return 0;
}

/**
 * zc_desc_place() - add a segment to the vector and find its part of the cursor
 * @segment: one whose length is known; its outputs are set
 * @cursor: in/out: bytes sent before that lie in this segment or behind it
 * @total: in/out: bytes in the vector
 *
 * Return: 0, or -EOVERFLOW if the vector gets too long.
 */
int zc_desc_place(struct zcopy_segment *segment, u64 *cursor, u64 *total)
{
	if (!zc_desc_in_range(*total, segment->len, ZC_DESC_MAX))
		return -EOVERFLOW;

	segment->out_done = min(*cursor, segment->len);
	segment->out_copied = 0;
	segment->out_stop = ZCOPY_STOP_NONE;
	*cursor -= segment->out_done;
	*total += segment->len;
	return 0;
}
