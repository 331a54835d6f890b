// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments, by looking their folios up in the page cache.
 *
 * This is what a read through a mapping does, and it is allowed where that is.
 * The walk itself never blocks: it takes what is uptodate, one reference a
 * folio, and stops at the first thing that is not. Then either readahead is
 * started and waited for, or, where readahead did not help (a page in swap, a
 * read error), the file system's own ->splice_read() is asked for a few pages,
 * which takes its locks and knows its errors.
 *
 * Order matters, as in filemap_read(): i_size is read once, after all folios of
 * a walk are known to be uptodate, and what lies behind it is given back. So
 * bytes behind the end never leave, and a file that shrinks or grows meanwhile
 * ends where it ended then. A folio that is removed from the cache while it is
 * in a batch is sent as it was: the same race exists for every reader.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/prefetch.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "batch.h"
#include "prefetch.h"
#include "source.h"
#include "zero.h"

/*
 * What a walk waits for is the reference count of each page to come from memory.
 * The pages of a file are mostly neighbours: the one so many further on is asked
 * for early. Where the guess is wrong, nothing is lost.
 */
#define ZC_PAGECACHE_AHEAD 8

/* How much ->splice_read() is asked for before the cache is tried again. */
#define ZC_PAGECACHE_DETOUR (16 * PAGE_SIZE)

/**
 * enum zc_walk_end - where a walk ended
 * @ZC_WALK_DONE: the segment's end, or the batch is full
 * @ZC_WALK_EOF: the file ends here
 * @ZC_WALK_READAHEAD: behind a folio that asks for the next readahead
 * @ZC_WALK_MISS: at an index with no folio
 * @ZC_WALK_NOT_READY: at a folio that is not uptodate
 */
enum zc_walk_end {
	ZC_WALK_DONE,
	ZC_WALK_EOF,
	ZC_WALK_READAHEAD,
	ZC_WALK_MISS,
	ZC_WALK_NOT_READY,
};

/**
 * struct zc_walk - what a walk found
 * @end: where it ended
 * @stopper: a folio with a reference, after ZC_WALK_READAHEAD and
 *	ZC_WALK_NOT_READY; else NULL
 * @news: some folio was not known to be in use
 */
struct zc_walk {
	enum zc_walk_end end;
	struct folio *stopper;
	bool news;
};

static struct address_space *zc_pagecache_mapping(const struct zc_source *src)
{
	return src->file->f_mapping;
}

/*
 * File systems whose ->read_iter() adds nothing to what the cache holds: no
 * server or cluster to ask, no kinds of file that only ->read_iter() refuses.
 */
static bool zc_pagecache_is_local(const struct inode *inode)
{
	if (S_ISBLK(inode->i_mode))
		return true;
	if (!S_ISREG(inode->i_mode))
		return false;

	switch (inode->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC: /* and ext2, ext3 */
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case ISOFS_SUPER_MAGIC:
	case MSDOS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
		return true;
	default:
		return false;
	}
}

/**
 * zc_pagecache_allowed() - may this file's folios be looked up?
 * @file: open for reading
 *
 * A file of a local file system, a block device or tmpfs, whose mapping holds
 * its data and which could be mapped: not DAX, and not a descriptor that was
 * opened to go past the cache.
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

static bool zc_pagecache_ready(struct folio *folio)
{
	if (folio_test_hwpoison(folio) ||
	    (folio_test_large(folio) && folio_test_has_hwpoisoned(folio)))
		return false;
	return folio_test_uptodate(folio);
}

/* Is it a folio, and not a hole, a shadow, or a sign to look again? */
static bool zc_pagecache_is_folio(const void *entry)
{
	return entry && !xa_is_internal(entry) && !xa_is_value(entry);
}

/* Take a reference to the walk's folio, if it is still at the walk's index. */
static inline bool zc_pagecache_hold(struct xa_state *xas, struct folio *folio)
{
	if (!folio_try_get(folio))
		return false;
	/* With a reference, it can't be split, nor be moved to elsewhere. */
	if (likely(folio == xas_reload(xas))) {
		VM_WARN_ON_ONCE_FOLIO(!folio_contains(folio, xas->xa_index),
				      folio);
		return true;
	}
	folio_put(folio);
	return false;
}

/*
 * The folio at the walk's index, with a reference; NULL if there is none, or an
 * ERR_PTR if the cache has changed underneath and the walk should look again.
 */
static inline struct folio *zc_pagecache_grab(struct xa_state *xas,
					      struct folio *folio)
{
	if (likely(zc_pagecache_is_folio(folio)) &&
	    likely(zc_pagecache_hold(xas, folio)))
		return folio;
	if (!folio || xa_is_value(folio))
		return NULL;
	xas_reset(xas);
	return ERR_PTR(-EAGAIN);
}

/* Add what is wanted of a folio from @pos on; its reference goes along. */
static inline size_t zc_pagecache_add(struct zc_run *run,
				      struct zc_batch *batch,
				      struct folio *folio, size_t folio_bytes,
				      u64 pos, u64 want)
{
	size_t offset = pos & (folio_bytes - 1);
	size_t len = min_t(u64, want, folio_bytes - offset);

	zc_batch_hold(batch, &folio->page);
	zc_run_add(run, batch, folio_page(folio, offset >> PAGE_SHIFT),
		   offset_in_page(offset), len);
	return len;
}

/*
 * Nothing in tmpfs at this index is a hole, which reads as zeros. It is sent as
 * a page of zeros that needs no reference, and no memory is spent on it.
 */
static inline size_t zc_pagecache_add_hole(struct zc_run *run,
					   struct zc_batch *batch, u64 pos,
					   u64 want)
{
	size_t offset = offset_in_page(pos);
	size_t len = min_t(u64, want, PAGE_SIZE - offset);

	zc_run_add(run, batch, zc_zero_page(pos >> PAGE_SHIFT), offset, len);
	return len;
}

/* Of a folio that is active and referenced, there is nothing new to say. */
static inline bool zc_pagecache_is_news(struct folio *folio)
{
	return !folio_test_active(folio) || !folio_test_referenced(folio);
}

/*
 * Move references to what is ready from the cache to the batch, @len bytes at
 * the most. i_size has not been looked at.
 */
static struct zc_walk zc_pagecache_collect(const struct zc_source *source,
					   struct zc_batch *batch, u64 len)
{
	XA_STATE(xas, &zc_pagecache_mapping(source)->i_pages,
		 source->pos >> PAGE_SHIFT);
	bool holes = shmem_mapping(zc_pagecache_mapping(source));
	unsigned int slots = zc_batch_slots(batch);
	struct zc_run run = { .segment = source->segment };
	struct zc_walk walk = { .end = ZC_WALK_DONE };
	u64 pos = source->pos;
	u64 last = pos + len;
	struct folio *folio;

	rcu_read_lock();
	for (folio = xas_load(&xas); pos < last && slots;
	     folio = xas_next(&xas), slots--) {
		size_t folio_bytes;

		if (!folio && holes) {
			pos += zc_pagecache_add_hole(&run, batch, pos,
						     last - pos);
			continue;
		}
		folio = zc_pagecache_grab(&xas, folio);
		if (IS_ERR(folio))
			continue;
		if (!folio) {
			walk.end = ZC_WALK_MISS;
			break;
		}
		if (!zc_pagecache_ready(folio)) {
			walk.stopper = folio;
			walk.end = ZC_WALK_NOT_READY;
			break;
		}
		prefetchw(&folio->page + ZC_PAGECACHE_AHEAD);
		folio_bytes = folio_size(folio);
		pos += zc_pagecache_add(&run, batch, folio, folio_bytes, pos,
					last - pos);
		walk.news |= zc_pagecache_is_news(folio);
		if (folio_bytes > PAGE_SIZE)
			xas_advance(&xas, folio_next_index(folio) - 1);
		if (folio_test_readahead(folio)) {
			folio_get(folio);
			walk.stopper = folio;
			walk.end = ZC_WALK_READAHEAD;
			break;
		}
	}
	rcu_read_unlock();
	zc_run_flush(&run, batch);
	return walk;
}

static void zc_pagecache_mark_accessed(const struct zc_batch *batch,
				       unsigned int first)
{
	unsigned int i;

	for (i = first; i < batch->nr_held; i++) {
		struct folio *folio = page_folio(batch->held[i]);

		if (zc_pagecache_is_news(folio))
			folio_mark_accessed(folio);
	}
}

/* Collect, then give back what lies behind the end of the file. */
static struct zc_walk zc_pagecache_walk(struct zc_source *source,
					struct zc_batch *batch)
{
	u64 want = min_t(u64, source->left, zc_batch_room(batch));
	unsigned int first = batch->nr_held;
	size_t before = batch->bytes;
	struct zc_walk walk = zc_pagecache_collect(source, batch, want);
	u64 isize = i_size_read(zc_pagecache_mapping(source)->host);
	u64 got = batch->bytes - before;
	u64 valid = isize > source->pos ? isize - source->pos : 0;

	if (valid < want && got >= valid) {
		zc_batch_trim(batch, got - valid);
		got = valid;
		walk.end = ZC_WALK_EOF;
	}
	if (walk.news)
		zc_pagecache_mark_accessed(batch, first);
	source->pos += got;
	source->left -= got;
	return walk;
}

static bool zc_pagecache_has_folio(const struct zc_source *source)
{
	void *entry = xa_load(&zc_pagecache_mapping(source)->i_pages,
			      source->pos >> PAGE_SHIFT);

	return entry && !xa_is_value(entry);
}

/* How many pages the batch, or the segment, could still use. */
static unsigned long zc_pagecache_wanted(const struct zc_source *source,
					 const struct zc_batch *batch)
{
	u64 len = min_t(u64, source->left, zc_batch_room(batch));

	return DIV_ROUND_UP(offset_in_page(source->pos) + len, PAGE_SIZE);
}

/* Behind @folio, which asks for it, or from the next byte on. */
static void zc_pagecache_read_ahead(const struct zc_source *source,
				    const struct zc_batch *batch,
				    struct folio *folio)
{
	struct file *file = source->file;
	pgoff_t index = folio ? folio->index : source->pos >> PAGE_SHIFT;
	unsigned long nr = max(zc_pagecache_wanted(source, batch), 16UL);
	DEFINE_READAHEAD(ractl, file, &file->f_ra, file->f_mapping, index);

	if (folio)
		page_cache_async_ra(&ractl, folio, nr);
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

/* Nothing in the cache at this place: have it read, or swapped in. */
static int zc_pagecache_miss(struct zc_source *source, struct zc_batch *batch,
			     bool cached_only)
{
	if (cached_only)
		return zc_pagecache_not_cached(source, batch);

	/* tmpfs has no readahead. */
	if (!shmem_mapping(zc_pagecache_mapping(source)))
		zc_pagecache_read_ahead(source, batch, NULL);
	if (zc_pagecache_has_folio(source) || !zc_batch_empty(batch))
		return 0;
	return zc_splice_fill(source, batch, ZC_PAGECACHE_DETOUR);
}

/* A folio that is being read, or that could not be read. */
static int zc_pagecache_not_ready(struct zc_source *source,
				  struct zc_batch *batch, struct folio *folio,
				  bool cached_only)
{
	/* The disk gets its next request before the last one has ended. */
	if (!cached_only && folio_test_readahead(folio))
		zc_pagecache_read_ahead(source, batch, folio);
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
	struct zc_walk walk = zc_pagecache_walk(source, batch);
	int ret = 0;

	source->file->f_ra.prev_pos = source->pos;
	switch (walk.end) {
	case ZC_WALK_DONE:
		break;
	case ZC_WALK_EOF:
		ret = -ENODATA;
		break;
	case ZC_WALK_READAHEAD:
		if (cached_only)
			zc_prefetch_start(source->file, source->pos,
					  source->left);
		else
			zc_pagecache_read_ahead(source, batch, walk.stopper);
		break;
	case ZC_WALK_MISS:
		ret = zc_pagecache_miss(source, batch, cached_only);
		break;
	case ZC_WALK_NOT_READY:
		ret = zc_pagecache_not_ready(source, batch, walk.stopper,
					     cached_only);
		break;
	}
	if (walk.stopper)
		folio_put(walk.stopper);
	return ret;
}

static u64 zc_pagecache_overlap(struct folio *folio, u64 from, u64 end)
{
	from = max_t(u64, from, folio_pos(folio));
	end = min_t(u64, end, folio_pos(folio) + folio_size(folio));
	return zc_pagecache_ready(folio) && from < end ? end - from : 0;
}

/**
 * zc_pagecache_resident() - how many of the next bytes are in the cache?
 * @source: FILE with look_up
 *
 * Looks no further than ZCOPY_RESIDENT_WINDOW, because a caller may ask often.
 *
 * Return: bytes that are uptodate now.
 */
u64 zc_pagecache_resident(const struct zc_source *source)
{
	u64 end = source->pos + min_t(u64, source->left, ZCOPY_RESIDENT_WINDOW);
	XA_STATE(xas, &zc_pagecache_mapping(source)->i_pages,
		 source->pos >> PAGE_SHIFT);
	struct folio *folio;
	u64 resident = 0;

	rcu_read_lock();
	xas_for_each(&xas, folio, (end - 1) >> PAGE_SHIFT) {
		folio = zc_pagecache_grab(&xas, folio);
		if (!IS_ERR_OR_NULL(folio)) {
			resident += zc_pagecache_overlap(folio, source->pos,
							 end);
			folio_put(folio);
		}
		/* Last of all: afterwards the walk's state is not valid. */
		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();
	return resident;
}
