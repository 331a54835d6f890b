/* SPDX-License-Identifier: GPL-2.0 */
/* Where a segment's bytes come from: turns it into pages of a batch. */
#ifndef ZC_SOURCE_H
#define ZC_SOURCE_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include <linux/zcopy.h>

struct file;
struct zc_batch;
struct zc_buffer;

/**
 * struct zc_source - one segment, as the pages are taken from it
 * @type: enum zcopy_segment_type
 * @segment: its index in the vector, for the batch's bookkeeping
 * @opened: zc_source_open() has been called
 * @look_up: FILE: its pages may be looked up in the page cache
 * @used: FILE: it has been read from
 * @file: FILE: the file, one reference; otherwise NULL
 * @pos: where the next byte is: offset, or address of a USER segment
 * @left: bytes that have not been put into a batch
 */
struct zc_source {
	u32 type;
	u32 segment;
	bool opened;
	bool look_up;
	bool used;
	struct file *file;
	u64 pos;
	u64 left;
};

/**
 * struct zc_supply - what all sources of a call share
 * @buffer: the pages of BUFFER segments; one user, or NULL
 * @frag: the pages that USER segments are being copied into, kept from call to
 *	call. Sockets hold references to what is written: it is not written
 *	again until ours is the only one
 * @cached_only: take nothing that has to be read from a disk first
 */
struct zc_supply {
	struct zc_buffer *buffer;
	struct page_frag frag;
	bool cached_only;
};

/**
 * enum zc_fill - what zc_source_fill() has to say, besides errors
 * @ZC_FILL_SEND_FIRST: the batch is full, or what is next has to be waited for
 *	and the batch, which is not empty, should not wait with it
 * @ZC_FILL_EXHAUSTED: the segment is in batches whole
 */
enum zc_fill {
	ZC_FILL_SEND_FIRST = 0,
	ZC_FILL_EXHAUSTED = 1,
};

int zc_source_open(struct zc_source *source, struct zcopy_segment *segment,
		   bool cached_only);
void zc_source_start(struct zc_source *source,
		     const struct zcopy_segment *segment);
void zc_source_close(struct zc_source *source);
int zc_source_fill(struct zc_source *source, struct zc_batch *batch,
		   struct zc_supply *supply);
u64 zc_source_resident(const struct zc_source *source);

/* pagecache.c: the FILE segments whose pages may be looked up */
bool zc_pagecache_allowed(struct file *file);
int zc_pagecache_fill(struct zc_source *source, struct zc_batch *batch,
		      bool cached_only);
u64 zc_pagecache_resident(const struct zc_source *source);

/* splice.c: every other file that sendfile takes */
int zc_splice_fill(struct zc_source *source, struct zc_batch *batch, u64 max);

#endif /* ZC_SOURCE_H */
