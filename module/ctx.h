/* SPDX-License-Identifier: GPL-2.0 */
/* What belongs to one open file of the device. */
#ifndef ZC_CTX_H
#define ZC_CTX_H

#include <linux/mutex.h>

#include "stats.h"

struct zc_buffer;
struct zc_transfer;

/* So many threads that send through one open file find a warm workspace. */
#define ZC_CTX_IDLE 4

/**
 * struct zc_ctx - one open file; lives from open() to the last close()
 * @lock: protects @buffer, the pointer, not the pages. Lock order: mmap_lock,
 *	then this. mmap() comes with the former, so nothing that may fault on
 *	user memory is done under this lock. It is never held over a send
 * @buffer: the buffer of this file, one user; NULL for none
 * @idle: workspaces that no call is using, or NULL. Taken and returned by
 *	exchange, without a lock: calls on one file run side by side
 * @stats: what was sent through this file
 */
struct zc_ctx {
	/* protects @buffer */
	struct mutex lock;
	struct zc_buffer *buffer;
	struct zc_transfer *idle[ZC_CTX_IDLE];
	struct zc_stats stats;
};

struct zc_ctx *zc_ctx_create(void);
void zc_ctx_destroy(struct zc_ctx *ctx);

struct zc_buffer *zc_ctx_get_buffer(struct zc_ctx *ctx);
int zc_ctx_set_buffer(struct zc_ctx *ctx, u64 length);

struct zc_transfer *zc_ctx_get_transfer(struct zc_ctx *ctx);
void zc_ctx_put_transfer(struct zc_ctx *ctx, struct zc_transfer *transfer);

#endif /* ZC_CTX_H */
