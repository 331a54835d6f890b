// SPDX-License-Identifier: GPL-2.0
/* What belongs to one open file of the device: its life and its lock. */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "buffer.h"
#include "ctx.h"
#include "transfer.h"

/**
 * zc_ctx_create() - make the context of an open file
 *
 * Return: the context, or NULL.
 */
struct zc_ctx *zc_ctx_create(void)
{
	struct zc_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);

	if (ctx)
		mutex_init(&ctx->lock);
	return ctx;
}

/**
 * zc_ctx_destroy() - undo zc_ctx_create()
 * @ctx: a context that no call and no mapping can reach any more
 */
void zc_ctx_destroy(struct zc_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < ZC_CTX_IDLE; i++)
		zc_transfer_free(ctx->idle[i]);
	zc_buffer_put(ctx->buffer);
	mutex_destroy(&ctx->lock);
	kfree(ctx);
}

/**
 * zc_ctx_get_buffer() - become a user of the file's buffer
 * @ctx: the context
 *
 * Return: the buffer, to be given back with zc_buffer_put(); NULL for none.
 */
struct zc_buffer *zc_ctx_get_buffer(struct zc_ctx *ctx)
{
	struct zc_buffer *buffer;

	mutex_lock(&ctx->lock);
	buffer = zc_buffer_get(ctx->buffer);
	mutex_unlock(&ctx->lock);
	return buffer;
}

/* Caller holds ctx->lock: no new mapping can appear. */
static bool zc_ctx_buffer_is_mapped(const struct zc_ctx *ctx)
{
	return ctx->buffer && atomic_read(&ctx->buffer->mappings);
}

/**
 * zc_ctx_set_buffer() - replace the file's buffer
 * @ctx: the context
 * @length: bytes, a multiple of PAGE_SIZE; 0 for no buffer
 *
 * The new one is allocated before the old one goes, outside the lock, so that
 * a failure leaves all as it was. Calls that use the old one keep it until
 * they are through.
 *
 * Return: 0, -EBUSY if the old one is mapped, or as zc_buffer_create().
 */
int zc_ctx_set_buffer(struct zc_ctx *ctx, u64 length)
{
	struct zc_buffer *buffer = NULL;
	bool busy;

	mutex_lock(&ctx->lock);
	busy = zc_ctx_buffer_is_mapped(ctx);
	mutex_unlock(&ctx->lock);
	if (busy)
		return -EBUSY;

	if (length) {
		buffer = zc_buffer_create(length);
		if (IS_ERR(buffer))
			return PTR_ERR(buffer);
	}

	/* It may have been mapped meanwhile. */
	mutex_lock(&ctx->lock);
	busy = zc_ctx_buffer_is_mapped(ctx);
	if (!busy)
		swap(ctx->buffer, buffer);
	mutex_unlock(&ctx->lock);

	zc_buffer_put(buffer);
	return busy ? -EBUSY : 0;
}

/**
 * zc_ctx_get_transfer() - take a workspace, a warm one if there is one
 * @ctx: the context
 *
 * Return: a workspace, or NULL.
 */
struct zc_transfer *zc_ctx_get_transfer(struct zc_ctx *ctx)
{
	struct zc_transfer *transfer;
	unsigned int i;

	for (i = 0; i < ZC_CTX_IDLE; i++) {
		if (!READ_ONCE(ctx->idle[i]))
			continue;
		transfer = xchg(&ctx->idle[i], NULL);
		if (transfer)
			return transfer;
	}
	return zc_transfer_alloc();
}

/**
 * zc_ctx_put_transfer() - keep a workspace for the next call
 * @ctx: the context
 * @transfer: a workspace that is finished
 */
void zc_ctx_put_transfer(struct zc_ctx *ctx, struct zc_transfer *transfer)
{
	unsigned int i;

	for (i = 0; i < ZC_CTX_IDLE; i++) {
		if (!cmpxchg(&ctx->idle[i], NULL, transfer))
			return;
	}
	zc_transfer_free(transfer);
}
