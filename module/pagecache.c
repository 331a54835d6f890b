// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments, by looking their folios up in the page cache.
 *
 * This is what a read through a mapping does, and it is allowed where that is.
 * The walk itself never blocks: it takes what is uptodate, one reference a
 * folio, and stops at the first thing that is not. Then either readahead is
 * started and waited for, or, where readahead did not help (a hole of tmpfs, a
 * page in swap, a read error), the file system's own ->splice_read() is asked
 * for a few pages, which takes its locks and knows its errors.
 *
 * Order matters, as in filemap_read(): i_size is read after a folio is known to
 * be uptodate, so that bytes behind the end never leave, and a truncated file
 * ends where it ends now. A folio that is removed from the cache while it is in
 * a batch is sent as it was: the same race exists for every reader.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "batch.h"
#include "prefetch.h"
#include "source.h"

/* How much ->splice_read() is asked for before the cache is tried again. */
#define ZC_PAGECACHE_DETOUR (16 * PAGE_SIZE)

/**
 * enum zc_walk - where a walk ended
 * @ZC_WALK_DONE: the segment's end, or the batch is full
 * @ZC_WALK_EOF: the file ends here
 * @ZC_WALK_READAHEAD: behind a folio that asks for the next readahead
 * @ZC_WALK_MISS: at an index with no folio
 * @ZC_WALK_NOT_READY: at a folio that is not uptodate
 */
enum zc_walk {
	ZC_WALK_DONE,
	ZC_WALK_EOF,
	ZC_WALK_READAHEAD,
	ZC_WALK_MISS,
	ZC_WALK_NOT_READY,
};

static struct address_space *zc_pagecache_mapping(const struct zc_source *src)
{
	return src->file->f_mapping;
}

static bool zc_pagecache_is_local(const struct inode *inode)
{
	int flags = inode->i_sb->s_type->fs_flags;

	if (S_ISBLK(inode->i_mode))
		return true;
	/* fuseblk has a device and a subtype, and still asks a server. */
	return S_ISREG(inode->i_mode) && (flags & FS_REQUIRES_DEV) &&
	       !(flags & FS_HAS_SUBTYPE);
}

/**
 * zc_pagecache_allowed() - may this file's folios be looked up?
 * @file: open for reading
 *
 * A file of a local file system, a block device or tmpfs, whose mapping holds
 * its data and could be mapped: not DAX, and not a descriptor that was opened
 * to go past the cache.
 *
 * Return: whether it may.
 */
bool zc_pagecache_allowed(struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct inode *inode = mapping->host;

	if (!file->f_op->mmap || (file->f_flags & O_DIRECT) || IS_DAX(inode))
		return false;
	if (shmem_mapping(mapping))
		return true;
	return mapping->a_ops->read_folio && zc_pagecache_is_local(inode);
}

/*
 * Add what the segment wants of @folio; false if the file ends before that.
 * The caller's reference passes to the batch.
 */
static bool zc_pagecache_add(struct zc_source *source, struct zc_batch *batch,
			     struct folio *folio)
{
	u64 isize = i_size_read(zc_pagecache_mapping(source)->host);
	size_t offset = offset_in_folio(folio, source->pos);
	struct zc_piece piece = { .segment = source->segment, .counted = true };
	u64 len;

	if (source->pos >= isize)
		return false;

	len = min_t(u64, source->left, folio_size(folio) - offset);
	len = min_t(u64, len, isize - source->pos);
	len = min_t(u64, len, zc_batch_room(batch));
	zc_batch_add(batch, folio_page(folio, offset >> PAGE_SHIFT),
		     offset_in_page(offset), len, piece);
	source->pos += len;
	source->left -= len;
	return true;
}

static bool zc_pagecache_ready(struct folio *folio)
{
	if (folio_test_hwpoison(folio) ||
	    (folio_test_large(folio) && folio_test_has_hwpoisoned(folio)))
		return false;
	return folio_test_uptodate(folio);
}

/* Take one folio that has a reference; it is consumed or becomes @stopper. */
static enum zc_walk zc_pagecache_take(struct zc_source *source,
				      struct zc_batch *batch,
				      struct folio *folio,
				      struct folio **stopper)
{
	if (!zc_pagecache_ready(folio)) {
		*stopper = folio;
		return ZC_WALK_NOT_READY;
	}
	if (!zc_pagecache_add(source, batch, folio)) {
		folio_put(folio);
		return ZC_WALK_EOF;
	}
	folio_mark_accessed(folio);
	if (folio_test_readahead(folio)) {
		folio_get(folio);
		*stopper = folio;
		return ZC_WALK_READAHEAD;
	}
	return ZC_WALK_DONE;
}

/*
 * Move what is ready from the cache to the batch. @stopper is a folio with a
 * reference after ZC_WALK_READAHEAD and ZC_WALK_NOT_READY.
 */
static enum zc_walk zc_pagecache_walk(struct zc_source *source,
				      struct zc_batch *batch,
				      struct folio **stopper)
{
	XA_STATE(xas, &zc_pagecache_mapping(source)->i_pages,
		 source->pos >> PAGE_SHIFT);
	enum zc_walk end = ZC_WALK_DONE;
	struct folio *folio;

	rcu_read_lock();
	for (folio = xas_load(&xas); source->left && zc_batch_room(batch);
	     folio = xas_next(&xas)) {
		if (xas_retry(&xas, folio))
			continue;
		if (!folio || xa_is_value(folio)) {
			end = ZC_WALK_MISS;
			break;
		}
		if (!folio_try_get(folio)) {
			xas_reset(&xas);
			continue;
		}
		if (unlikely(folio != xas_reload(&xas))) {
			folio_put(folio);
			xas_reset(&xas);
			continue;
		}
		xas_advance(&xas, folio_next_index(folio) - 1);
		end = zc_pagecache_take(source, batch, folio, stopper);
		if (end != ZC_WALK_DONE)
			break;
	}
	rcu_read_unlock();
	return end;
}

/* How many pages the batch, or the segment, could still use. */
static unsigned long zc_pagecache_wanted(const struct zc_source *source,
					 const struct zc_batch *batch)
{
	u64 len = min_t(u64, source->left, zc_batch_room(batch));

	return DIV_ROUND_UP(offset_in_page(source->pos) + len, PAGE_SIZE);
}

static void zc_pagecache_read_ahead(const struct zc_source *source,
				    const struct zc_batch *batch,
				    struct folio *folio)
{
	struct file *file = source->file;
	pgoff_t index = folio ? folio->index : source->pos >> PAGE_SHIFT;
	unsigned long nr = zc_pagecache_wanted(source, batch);
	DEFINE_READAHEAD(ractl, file, &file->f_ra, file->f_mapping, index);

	if (folio)
		page_cache_async_ra(&ractl, folio, max(nr, 1UL));
	else
		page_cache_sync_ra(&ractl, nr);
}

/* The end of a call that may not wait; a worker reads what comes next. */
static int zc_pagecache_not_cached(struct zc_source *source,
				   struct zc_batch *batch)
{
	if (!zc_batch_empty(batch))
		return 0;
	zc_prefetch_start(source->file, source->pos, source->left);
	return -EAGAIN;
}

/* Nothing in the cache at this place: have it read, or made. */
static int zc_pagecache_miss(struct zc_source *source, struct zc_batch *batch,
			     bool cached_only)
{
	struct address_space *mapping = zc_pagecache_mapping(source);
	void *entry;

	if (source->pos >= i_size_read(mapping->host))
		return -ENODATA;

	entry = xa_load(&mapping->i_pages, source->pos >> PAGE_SHIFT);
	if (cached_only && (!shmem_mapping(mapping) || entry))
		return zc_pagecache_not_cached(source, batch);
	/* A hole, or a page in swap: tmpfs gives the zero page, or swaps in. */
	if (shmem_mapping(mapping))
		return zc_splice_fill(source, batch, source->left);

	zc_pagecache_read_ahead(source, batch, NULL);
	entry = xa_load(&mapping->i_pages, source->pos >> PAGE_SHIFT);
	if ((entry && !xa_is_value(entry)) || !zc_batch_empty(batch))
		return 0;
	return zc_splice_fill(source, batch, ZC_PAGECACHE_DETOUR);
}

/* A folio that is being read, or that could not be read. */
static int zc_pagecache_not_ready(struct zc_source *source,
				  struct zc_batch *batch, struct folio *folio,
				  bool cached_only)
{
	if (!zc_batch_empty(batch))
		return 0;
	if (cached_only)
		return zc_pagecache_not_cached(source, batch);
	if (folio_wait_locked_killable(folio))
		return -EINTR;
	if (zc_pagecache_ready(folio))
		return 0;
	return zc_splice_fill(source, batch, ZC_PAGECACHE_DETOUR);
}

/**
 * zc_pagecache_fill() - put a file's next pages into a batch
 * @source: FILE with look_up
 * @batch: one with room
 * @cached_only: do not wait for a disk
 *
 * Context: process; no locks. Waits only while the batch is empty.
 * Return: 0, having put something in unless the batch held something before or
 * the wait is over; or an error as zc_source_fill() describes.
 */
int zc_pagecache_fill(struct zc_source *source, struct zc_batch *batch,
		      bool cached_only)
{
	struct folio *stopper = NULL;
	int ret = 0;

	switch (zc_pagecache_walk(source, batch, &stopper)) {
	case ZC_WALK_DONE:
		break;
	case ZC_WALK_EOF:
		ret = -ENODATA;
		break;
	case ZC_WALK_READAHEAD:
		/* It might wait; a caller that must not has it done below. */
		if (!cached_only)
			zc_pagecache_read_ahead(source, batch, stopper);
		break;
	case ZC_WALK_MISS:
		ret = zc_pagecache_miss(source, batch, cached_only);
		break;
	case ZC_WALK_NOT_READY:
		ret = zc_pagecache_not_ready(source, batch, stopper,
					     cached_only);
		break;
	}
	if (stopper)
		folio_put(stopper);
	source->file->f_ra.prev_pos = source->pos;
	file_accessed(source->file);
	return ret;
}

/**
 * zc_pagecache_resident() - how many bytes of the rest are in the cache?
 * @source: FILE with look_up
 *
 * Return: bytes that are uptodate now, anywhere in the rest of the segment.
 */
u64 zc_pagecache_resident(const struct zc_source *source)
{
	u64 end = source->pos + source->left;
	XA_STATE(xas, &zc_pagecache_mapping(source)->i_pages,
		 source->pos >> PAGE_SHIFT);
	struct folio *folio;
	u64 resident = 0;

	if (!source->left)
		return 0;

	rcu_read_lock();
	xas_for_each(&xas, folio, (end - 1) >> PAGE_SHIFT) {
		u64 from, to;

		if (xas_retry(&xas, folio) || xa_is_value(folio))
			continue;
		/* No reference: a folio that goes away is counted or not. */
		if (!folio_test_uptodate(folio))
			continue;
		from = max_t(u64, folio_pos(folio), source->pos);
		to = min_t(u64, folio_pos(folio) + folio_size(folio), end);
		if (to > from)
			resident += to - from;
		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();
	return resident;
}
