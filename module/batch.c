// SPDX-License-Identifier: GPL-2.0
/* Taking sent bytes off the front of a batch. */

#include <linux/minmax.h>

#include "batch.h"

/**
 * zc_batch_take() - take bytes of one piece off the front
 * @batch: one that is not empty
 * @len: how many bytes to take at the most
 * @piece: out: where they came from
 *
 * The page is released with its last byte.
 *
 * Return: bytes taken, at least one.
 */
size_t zc_batch_take(struct zc_batch *batch, size_t len, struct zc_piece *piece)
{
	struct bio_vec *bvec = &batch->bvec[batch->first];

	*piece = batch->piece[batch->first];
	len = min_t(size_t, len, bvec->bv_len);
	bvec->bv_offset += len;
	bvec->bv_len -= len;
	batch->bytes -= len;
	if (bvec->bv_len)
		return len;

	if (piece->counted)
		put_page(bvec->bv_page);
	if (++batch->first == batch->end) {
		batch->first = 0;
		batch->end = 0;
	}
	return len;
}

/**
 * zc_batch_trim() - give bytes at the end back
 * @batch: any batch
 * @len: how many, at most what it holds
 */
void zc_batch_trim(struct zc_batch *batch, size_t len)
{
	while (len) {
		struct bio_vec *bvec = &batch->bvec[batch->end - 1];
		size_t n = min_t(size_t, len, bvec->bv_len);

		bvec->bv_len -= n;
		batch->bytes -= n;
		len -= n;
		if (bvec->bv_len)
			break;
		batch->end--;
		if (batch->piece[batch->end].counted)
			put_page(bvec->bv_page);
	}
}

/**
 * zc_batch_drop() - release what has not been sent
 * @batch: any batch; empty afterwards
 */
void zc_batch_drop(struct zc_batch *batch)
{
	struct zc_piece piece;

	while (!zc_batch_empty(batch))
		zc_batch_take(batch, batch->bytes, &piece);
}
