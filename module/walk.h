/* SPDX-License-Identifier: GPL-2.0 */
/* Looking up in the page cache what can be sent without waiting. */
#ifndef ZC_WALK_H
#define ZC_WALK_H

#include <linux/page-flags.h>
#include <linux/types.h>

struct address_space;
struct zc_batch;

/**
 * enum zc_walk_end - where a walk ended
 * @ZC_WALK_DONE: the segment's end, or the batch is full; or, in tmpfs, where the
 *	file ended when the walk began
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

/**
 * zc_walk_is_news() - would the kernel learn something from an access?
 * @folio: one with a reference
 *
 * Return: false if it is known to be in use, as most folios of a warm file are.
 */
static inline bool zc_walk_is_news(struct folio *folio)
{
	return !folio_test_active(folio) || !folio_test_referenced(folio);
}

bool zc_walk_is_ready(struct folio *folio);
struct zc_walk zc_walk_collect(struct address_space *mapping, u64 pos, u64 len,
			       u32 segment, struct zc_batch *batch);
u64 zc_walk_resident(struct address_space *mapping, u64 pos, u64 len);

#endif /* ZC_WALK_H */
