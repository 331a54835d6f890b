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
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* 64 gave 60 % of the throughput of 256; 1024 gave no more than 256. */
#define ZC_BATCH_BVECS 256
#define ZC_BATCH_BYTES SZ_1M

/**
 * struct zc_piece - what the bookkeeping knows of one bio_vec of a batch
 * @segment: index of the segment that it belongs to
 * @copied: the CPU has copied these bytes already
 * @counted: the batch holds a reference to the page and drops it
 */
struct zc_piece {
	u32 segment;
	bool copied;
	bool counted;
};

/**
 * struct zc_batch - pages in the order in which they are sent
 * @first: index of the first bio_vec that has not been sent whole
 * @end: index behind the last one
 * @bytes: bytes from @first to @end
 * @limit: the most that @bytes may become; less than ZC_BATCH_BYTES for a
 *	socket that has no room for more and does not wait
 * @bvec: the pages; one entry may span several pages of one folio
 * @piece: one for each entry of @bvec
 */
struct zc_batch {
	unsigned int first;
	unsigned int end;
	size_t bytes;
	size_t limit;
	struct bio_vec bvec[ZC_BATCH_BVECS];
	struct zc_piece piece[ZC_BATCH_BVECS];
};

static inline bool zc_batch_empty(const struct zc_batch *batch)
{
	return batch->first == batch->end;
}

/* How many more bytes it takes, if they lie in one piece; 0 when it is full. */
static inline size_t zc_batch_room(const struct zc_batch *batch)
{
	if (batch->end == ZC_BATCH_BVECS)
		return 0;
	return batch->limit - batch->bytes;
}

static inline unsigned int zc_batch_slots(const struct zc_batch *batch)
{
	return ZC_BATCH_BVECS - batch->end;
}

/**
 * zc_batch_add() - append bytes of a page
 * @batch: one with room for @len
 * @page: the page; a reference passes to the batch if @piece.counted
 * @offset: of the first byte in @page
 * @len: bytes; may run on into the following pages of the same folio
 * @piece: where the bytes come from
 */
static inline void zc_batch_add(struct zc_batch *batch, struct page *page,
				size_t offset, size_t len,
				struct zc_piece piece)
{
	bvec_set_page(&batch->bvec[batch->end], page, len, offset);
	batch->piece[batch->end] = piece;
	batch->bytes += len;
	batch->end++;
}

size_t zc_batch_take(struct zc_batch *batch, size_t len,
		     struct zc_piece *piece);
void zc_batch_trim(struct zc_batch *batch, size_t len);
void zc_batch_drop(struct zc_batch *batch);

#endif /* ZC_BATCH_H */
