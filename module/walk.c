// SPDX-License-Identifier: GPL-2.0
/*
 * A walk through the page cache: it takes what is uptodate, one reference a
 * folio, and stops at the first thing that is not. It never waits, and it asks
 * nobody for anything; what to do next is up to pagecache.c.
 *
 * The cache may change at any time. A folio counts if it is still at its index
 * once there is a reference to it, as for every lockless look-up.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/prefetch.h>
#include <linux/rcupdate_wait.h>
#include <linux/shmem_fs.h>
#include <linux/xarray.h>

#include "batch.h"
#include "walk.h"
#include "zero.h"

/*
 * What a walk waits for is the reference count of each page to come from memory.
 * The pages of a file are mostly neighbours: the one so many further on is asked
 * for early. Where the guess is wrong, nothing is lost.
 */
#define ZC_WALK_AHEAD 8

/**
 * zc_walk_is_ready() - may this folio's content be sent?
 * @folio: one with a reference
 *
 * Return: whether it is uptodate and its memory is sound.
 */
bool zc_walk_is_ready(struct folio *folio)
{
	if (folio_test_hwpoison(folio) ||
	    (folio_test_large(folio) && folio_test_has_hwpoisoned(folio)))
		return false;
	return folio_test_uptodate(folio);
}

/*
 * What nearly every folio of a warm file is, by one look at its flags: a single
 * page, uptodate, known to be in use, that asks for nothing.
 */
static inline bool zc_walk_is_plain(struct folio *folio)
{
	const unsigned long good = BIT(PG_uptodate) | BIT(PG_active) |
				   BIT(PG_referenced);
	const unsigned long odd = BIT(PG_head) | BIT(PG_readahead) |
				  __PG_HWPOISON;
	bool plain = (READ_ONCE(folio->flags) & (good | odd)) == good;

	/* First the flag, then the data, as in folio_test_uptodate(). */
	smp_rmb();
	return plain;
}

/* Is it a folio, and not a hole, a shadow, or a sign to look again? */
static bool zc_walk_is_folio(const void *entry)
{
	return entry && !xa_is_internal(entry) && !xa_is_value(entry);
}

/* Take a reference to the walk's folio, if it is still at the walk's index. */
static inline bool zc_walk_hold(struct xa_state *xas, struct folio *folio)
{
	if (!folio_try_get(folio))
		return false;
	/*
	 * With a reference, it can't be split, nor be moved to elsewhere. (Its
	 * own index, because that of folio_contains() is another one while
	 * tmpfs moves the folio to swap.)
	 */
	if (likely(folio == xas_reload(xas))) {
		VM_WARN_ON_ONCE_FOLIO(xas->xa_index - folio->index >=
					      folio_nr_pages(folio),
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
static inline struct folio *zc_walk_grab(struct xa_state *xas,
					 struct folio *folio)
{
	if (likely(zc_walk_is_folio(folio)) && likely(zc_walk_hold(xas, folio)))
		return folio;
	if (!folio || xa_is_value(folio))
		return NULL;
	xas_reset(xas);
	return ERR_PTR(-EAGAIN);
}

/* Add what is wanted of a folio from @pos on; its reference goes along. */
static inline size_t zc_walk_add(struct zc_run *run, struct zc_batch *batch,
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
static inline size_t zc_walk_add_hole(struct zc_run *run,
				      struct zc_batch *batch, u64 pos, u64 want)
{
	size_t offset = offset_in_page(pos);
	size_t len = min_t(u64, want, PAGE_SIZE - offset);

	zc_run_add(run, batch, zc_zero_page(pos >> PAGE_SHIFT), offset, len);
	return len;
}

/*
 * Where the walk of a file with holes has to end. What is not there behind the end
 * of the file is no hole: it may be written at any moment, and then the file's new
 * size would cover zeros that it never held. So the size comes first, then the
 * slots.
 */
static u64 zc_walk_end_of_holes(const struct address_space *mapping, u64 last)
{
	u64 isize = i_size_read(mapping->host);

	/* Before any slot is looked at. */
	smp_rmb();
	return min(last, isize);
}

/**
 * zc_walk_collect() - move references from the page cache to a batch
 * @mapping: the cache of a file
 * @pos: where to begin, bytes
 * @len: bytes at the most; no more than the batch has room for
 * @segment: index of the segment that this belongs to
 * @batch: gets what is ready, and one reference to each folio of it
 *
 * The caller looks at i_size afterwards, and gives back what lies behind it.
 *
 * Context: any that may take the RCU read lock. Waits for nothing.
 * Return: where it ended. The caller drops the reference to the stopper.
 */
struct zc_walk zc_walk_collect(struct address_space *mapping, u64 pos, u64 len,
			       u32 segment, struct zc_batch *batch)
{
	XA_STATE(xas, &mapping->i_pages, pos >> PAGE_SHIFT);
	bool holes = shmem_mapping(mapping);
	unsigned int slots = zc_batch_slots(batch);
	struct zc_run run = { .segment = segment };
	struct zc_walk walk = { .end = ZC_WALK_DONE };
	u64 last = pos + len;
	struct folio *folio;

	if (holes)
		last = zc_walk_end_of_holes(mapping, last);
	rcu_read_lock();
	for (folio = xas_load(&xas); pos < last && slots;
	     folio = xas_next(&xas), slots--) {
		size_t folio_bytes;

		if (!folio && holes) {
			pos += zc_walk_add_hole(&run, batch, pos, last - pos);
			continue;
		}
		folio = zc_walk_grab(&xas, folio);
		if (IS_ERR(folio))
			continue;
		if (!folio) {
			walk.end = ZC_WALK_MISS;
			break;
		}
		prefetchw(&folio->page + ZC_WALK_AHEAD);
		if (likely(zc_walk_is_plain(folio))) {
			pos += zc_walk_add(&run, batch, folio, PAGE_SIZE, pos,
					   last - pos);
			continue;
		}
		if (!zc_walk_is_ready(folio)) {
			walk.stopper = folio;
			walk.end = ZC_WALK_NOT_READY;
			break;
		}
		folio_bytes = folio_size(folio);
		pos += zc_walk_add(&run, batch, folio, folio_bytes, pos,
				   last - pos);
		walk.news |= zc_walk_is_news(folio);
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

static u64 zc_walk_overlap(struct folio *folio, u64 from, u64 end)
{
	from = max_t(u64, from, folio_pos(folio));
	end = min_t(u64, end, folio_pos(folio) + folio_size(folio));
	return zc_walk_is_ready(folio) && from < end ? end - from : 0;
}

/**
 * zc_walk_resident() - how many of some bytes are in the page cache?
 * @mapping: the cache of a file
 * @pos: of the first byte
 * @len: bytes, not 0
 *
 * Context: process; may be scheduled away.
 * Return: bytes that are uptodate now.
 */
u64 zc_walk_resident(struct address_space *mapping, u64 pos, u64 len)
{
	XA_STATE(xas, &mapping->i_pages, pos >> PAGE_SHIFT);
	u64 end = pos + len;
	struct folio *folio;
	u64 resident = 0;

	rcu_read_lock();
	xas_for_each(&xas, folio, (end - 1) >> PAGE_SHIFT) {
		folio = zc_walk_grab(&xas, folio);
		if (!IS_ERR_OR_NULL(folio)) {
			resident += zc_walk_overlap(folio, pos, end);
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
