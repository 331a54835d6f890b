// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments, by looking their folios up in the page cache.
 *
 * This is what a read through a mapping does, and it is allowed where that is.
 * The walk itself (walk.c) never waits, and ends at what is not in the cache or
 * not uptodate. Then either readahead is started and waited for, or, where that
 * did not help (a page in swap, a read error), the file system's own
 * ->splice_read() is asked for a few pages, which takes its locks and knows its
 * errors.
 *
 * Order matters, as in filemap_read(): i_size is read after all folios of a walk
 * are known to be uptodate, and what lies behind it is given back. So bytes behind
 * the end never leave, and a file that shrinks or grows meanwhile ends where it
 * ended then. (In tmpfs, what is missing is a hole only before an end that was
 * there first: zc_walk_end_of_holes().) A folio that is removed from the cache while it is
 * in a batch is sent as it was: the same race exists for every reader.
 */

#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "batch.h"
#include "prefetch.h"
#include "source.h"
#include "walk.h"

/* How much ->splice_read() is asked for before the cache is tried again. */
#define ZC_PAGECACHE_DETOUR (16 * PAGE_SIZE)

static struct address_space *zc_pagecache_mapping(const struct zc_source *src)
{
	return src->file->f_mapping;
}

/*
 * File systems whose ->read_iter() adds nothing to what the cache holds: no
 * server or cluster to ask, no kinds of file that only ->read_iter() refuses. (A
 * file system that was shut down by force refuses; what is in the cache can still
 * be mapped then, and sent.)
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

static void zc_pagecache_mark_accessed(const struct zc_batch *batch,
				       unsigned int first)
{
	unsigned int i;

	for (i = first; i < batch->nr_held; i++) {
		struct folio *folio = page_folio(batch->held[i]);

		if (zc_walk_is_news(folio))
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
	struct address_space *mapping = zc_pagecache_mapping(source);
	struct zc_walk walk = zc_walk_collect(mapping, source->pos, want,
					      source->segment, batch);
	u64 isize = i_size_read(mapping->host);
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
	if (zc_walk_is_ready(folio))
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
	u64 len = min_t(u64, source->left, ZCOPY_RESIDENT_WINDOW);

	return zc_walk_resident(zc_pagecache_mapping(source), source->pos, len);
}
