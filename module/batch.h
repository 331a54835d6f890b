/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A batch: the pages that go to the socket under one lock.
 *
 * source.c appends, sink.c sends, transfer.c takes off the front what was sent.
 * One transfer owns a batch and no lock protects it.
 */
#ifndef ZC_BATCH_H
#define ZC_BATCH_H

#include <linux/bvec.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "compat.h"

/* 64 gave 60 % of the throughput of 256; 1024 gave no more than 256. */
#define ZC_BATCH_SLOTS 256
#define ZC_BATCH_BYTES SZ_1M

/**
 * struct zc_piece - bytes of a batch that are booked together
 * @segment: index of the segment that they belong to
 * @len: how many
 * @copied: the CPU has copied them already
 */
struct zc_piece {
	u32 segment;
	u32 len;
	bool copied;
};

/**
 * struct zc_batch - pages in the order in which they are sent
 * @bytes: bytes that have not been sent
 * @limit: the most that @bytes may become; less than ZC_BATCH_BYTES for a
 *	socket that has no room for more and does not wait
 * @bvec: the pages, for the socket; neighbours in memory share an entry
 * @piece: the same bytes, for the books
 * @held: pages that the batch has a reference to; dropped when it is empty
 */
struct zc_batch {
	size_t bytes;
	size_t limit;
	struct {
		unsigned int first;
		unsigned int end;
	} bvecs, pieces;
	unsigned int nr_held;
	struct bio_vec bvec[ZC_BATCH_SLOTS];
	struct zc_piece piece[ZC_BATCH_SLOTS];
	struct page *held[ZC_BATCH_SLOTS];
};

static inline bool zc_batch_empty(const struct zc_batch *batch)
{
	return !batch->bytes;
}

/* How many more times something can be added. */
static inline unsigned int zc_batch_slots(const struct zc_batch *batch)
{
	return ZC_BATCH_SLOTS -
	       max3(batch->bvecs.end, batch->pieces.end, batch->nr_held);
}

/* How many more bytes it takes, if they lie in one piece; 0 when it is full. */
static inline size_t zc_batch_room(const struct zc_batch *batch)
{
	return zc_batch_slots(batch) ? batch->limit - batch->bytes : 0;
}

/*
 * Can bytes at @offset of @page extend @bvec? The socket walks the struct pages
 * of an entry, so these have to be neighbours.
 */
static inline bool zc_batch_extends(const struct bio_vec *bvec,
				    struct page *page, size_t offset)
{
	size_t end = (size_t)bvec->bv_offset + bvec->bv_len;

	return page == bvec->bv_page + (end >> PAGE_SHIFT) &&
	       offset == offset_in_page(end) &&
	       (ZC_BVEC_SPANS_FOLIOS ||
		page_folio(page) == page_folio(bvec->bv_page));
}

static inline void zc_batch_add_bvec(struct zc_batch *batch, struct page *page,
				     size_t offset, size_t len)
{
	unsigned int end = batch->bvecs.end;

	if (end > batch->bvecs.first &&
	    zc_batch_extends(&batch->bvec[end - 1], page, offset)) {
		batch->bvec[end - 1].bv_len += len;
		return;
	}
	bvec_set_page(&batch->bvec[end], page, len, offset);
	batch->bvecs.end++;
}

static inline void zc_batch_add_piece(struct zc_batch *batch,
				      struct zc_piece piece)
{
	unsigned int end = batch->pieces.end;

	if (end > batch->pieces.first &&
	    batch->piece[end - 1].segment == piece.segment &&
	    batch->piece[end - 1].copied == piece.copied) {
		batch->piece[end - 1].len += piece.len;
		return;
	}
	batch->piece[end] = piece;
	batch->pieces.end++;
}

/**
 * zc_batch_add() - append bytes of a page
 * @batch: one with room for them
 * @page: the page; zc_batch_hold() it, unless something else keeps it
 * @offset: of the first byte in @page
 * @piece: how many bytes, and where they come from; they may run on into the
 *	pages that follow it in memory
 */
static inline void zc_batch_add(struct zc_batch *batch, struct page *page,
				size_t offset, struct zc_piece piece)
{
	zc_batch_add_bvec(batch, page, offset, piece.len);
	zc_batch_add_piece(batch, piece);
	batch->bytes += piece.len;
}

/**
 * zc_batch_hold() - take over a reference until all bytes have been sent
 * @batch: one with a slot left; the bytes are added next
 * @page: the page
 */
static inline void zc_batch_hold(struct zc_batch *batch, struct page *page)
{
	batch->held[batch->nr_held++] = page;
}

/**
 * struct zc_run - pages of one segment that are neighbours in memory
 * @segment: index of the segment
 * @page: the first page
 * @offset: of the first byte in @page
 * @len: bytes
 *
 * On the stack of who adds many pages, it costs a comparison and an addition a
 * page instead of zc_batch_add().
 */
struct zc_run {
	u32 segment;
	struct page *page;
	size_t offset;
	size_t len;
};

/**
 * zc_run_flush() - append to a batch what the run has
 * @run: the run; empty afterwards
 * @batch: the batch
 */
static inline void zc_run_flush(struct zc_run *run, struct zc_batch *batch)
{
	struct zc_piece piece = { .segment = run->segment, .len = run->len };

	if (run->len)
		zc_batch_add(batch, run->page, run->offset, piece);
	run->len = 0;
}

/**
 * zc_run_add() - append bytes of a page to a run
 * @run: the run
 * @batch: takes the run if the page does not follow it
 * @page, @offset: as for zc_batch_add()
 * @len: bytes
 */
static inline void zc_run_add(struct zc_run *run, struct zc_batch *batch,
			      struct page *page, size_t offset, size_t len)
{
	size_t end = run->offset + run->len;

	if (!ZC_BVEC_SPANS_FOLIOS || offset != offset_in_page(end) ||
	    page != run->page + (end >> PAGE_SHIFT)) {
		zc_run_flush(run, batch);
		run->page = page;
		run->offset = offset;
	}
	run->len += len;
}

struct zc_piece zc_batch_take(struct zc_batch *batch, size_t len);
void zc_batch_trim(struct zc_batch *batch, size_t len);
void zc_batch_drop(struct zc_batch *batch);

#endif /* ZC_BATCH_H */
