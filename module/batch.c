// SPDX-License-Identifier: GPL-2.0
/* Taking bytes out of a batch: what was sent, what is given back, the rest. */

#include <linux/minmax.h>

#include "batch.h"

/* No bytes are left: let go of the pages and start afresh. */
static void zc_batch_reset(struct zc_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr_held; i++)
		put_page(batch->held[i]);
	batch->nr_held = 0;
	batch->bytes = 0;
	batch->bvecs.first = 0;
	batch->bvecs.end = 0;
	batch->pieces.first = 0;
	batch->pieces.end = 0;
}

/* The socket's next bytes start @len further on. */
static void zc_batch_advance(struct zc_batch *batch, size_t len)
{
	while (len) {
		struct bio_vec *bvec = &batch->bvec[batch->bvecs.first];
		size_t n = min_t(size_t, len, bvec->bv_len);

		bvec->bv_offset += n;
		bvec->bv_len -= n;
		if (!bvec->bv_len)
			batch->bvecs.first++;
		len -= n;
	}
}

/**
 * zc_batch_take() - take sent bytes of one piece off the front
 * @batch: one that is not empty
 * @len: how many bytes to take at the most
 *
 * The last byte releases all pages.
 *
 * Return: where the bytes came from, and how many they are, at least one.
 */
struct zc_piece zc_batch_take(struct zc_batch *batch, size_t len)
{
	struct zc_piece *first = &batch->piece[batch->pieces.first];
	struct zc_piece taken = *first;

	taken.len = min_t(size_t, len, first->len);
	first->len -= taken.len;
	if (!first->len)
		batch->pieces.first++;
	batch->bytes -= taken.len;
	if (batch->bytes)
		zc_batch_advance(batch, taken.len);
	else
		zc_batch_reset(batch);
	return taken;
}

static void zc_batch_trim_bvecs(struct zc_batch *batch, size_t len)
{
	while (len) {
		struct bio_vec *bvec = &batch->bvec[batch->bvecs.end - 1];
		size_t n = min_t(size_t, len, bvec->bv_len);

		bvec->bv_len -= n;
		if (!bvec->bv_len)
			batch->bvecs.end--;
		len -= n;
	}
}

static void zc_batch_trim_pieces(struct zc_batch *batch, size_t len)
{
	while (len) {
		struct zc_piece *piece = &batch->piece[batch->pieces.end - 1];
		size_t n = min_t(size_t, len, piece->len);

		piece->len -= n;
		if (!piece->len)
			batch->pieces.end--;
		len -= n;
	}
}

/**
 * zc_batch_trim() - give bytes at the end back
 * @batch: any batch
 * @len: how many, at most what it holds
 *
 * Their pages are released with the others.
 */
void zc_batch_trim(struct zc_batch *batch, size_t len)
{
	zc_batch_trim_bvecs(batch, len);
	zc_batch_trim_pieces(batch, len);
	batch->bytes -= len;
	if (!batch->bytes)
		zc_batch_reset(batch);
}

/**
 * zc_batch_drop() - release what has not been sent
 * @batch: any batch; empty afterwards
 */
void zc_batch_drop(struct zc_batch *batch)
{
	zc_batch_reset(batch);
}
