// SPDX-License-Identifier: GPL-2.0
/* zcopy, FILE segments: all the files, and memory between them, in one call. */
#include "method_zcopy_util.h"

/**
 * struct cursor - the first byte that no request has covered yet
 * @source: the source that it is in
 * @offset: its place there
 */
struct cursor {
	const struct source *source;
	uint64_t offset;
};

static int zcopy_method_open(struct transfer *transfer)
{
	if (!device_open(transfer, transfer->nr_sources))
		return -1;
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "all the files in one vector, whole");
	return 0;
}

static void fill_segment(struct zcopy_segment *segment, struct cursor *cursor,
			 uint64_t len)
{
	const struct source *source = cursor->source;

	if (source->fd >= 0)
		zcopy_segment_file(segment, source->fd, cursor->offset, len);
	else
		zcopy_segment_user(segment,
				   (const char *)source->base + cursor->offset,
				   len);
	cursor->offset += len;
	if (cursor->offset == source->len) {
		cursor->source++;
		cursor->offset = 0;
	}
}

/* Segments for one call; returns how many there are. */
static uint32_t fill_vector(struct transfer *transfer, struct cursor *cursor)
{
	const struct source *end = transfer->sources + transfer->nr_sources;
	const struct device *device = transfer->state;
	uint64_t room = transfer->call_bytes ? transfer->call_bytes
					     : UINT64_MAX;
	uint64_t len;
	uint32_t nr;

	for (nr = 0; room && nr < device->most && cursor->source < end; nr++) {
		len = cursor->source->len - cursor->offset;
		if (len > room)
			len = room;
		room -= len;
		fill_segment(&device->segments[nr], cursor, len);
	}
	return nr;
}

static int zcopy_method_send(struct transfer *transfer)
{
	const struct source *end = transfer->sources + transfer->nr_sources;
	struct cursor cursor = { .source = transfer->sources };

	while (cursor.source < end) {
		if (device_send(transfer, fill_vector(transfer, &cursor)))
			return -1;
	}
	return 0;
}

const struct method method_zcopy = {
	.name = "zcopy",
	.summary = "zcopy SEND, files by reference to the page cache",
	.copies = 0,
	.evidence = "out_copied",
	.probe = device_probe,
	.open = zcopy_method_open,
	.send_all = zcopy_method_send,
	.close = device_close,
	.explain = device_explain,
};
