// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments through ->splice_read(): every file that sendfile takes.
 *
 * The file system fills the hidden pipe that sendfile uses too; from there the
 * pages go into the same batches as all others. Pages that a file system made
 * for the occasion, and did not find in a page cache, count as copied.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>

#include "batch.h"
#include "source.h"

struct zc_splice_target {
	struct zc_batch *batch;
	u32 segment;
};

/*
 * Was the page made to carry these bytes? A page that is removed from its
 * cache just now is taken for one: the count of copied bytes errs upwards.
 */
static bool zc_splice_is_copy(struct page *page)
{
	return page != ZERO_PAGE(0) && !page_folio(page)->mapping;
}

/* Take one pipe buffer, or as much of it as the batch has room for. */
static int zc_splice_take(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
			  struct splice_desc *sd)
{
	struct zc_splice_target *target = sd->u.data;
	struct page *page = buf->page + (buf->offset >> PAGE_SHIFT);
	size_t offset = offset_in_page(buf->offset);
	size_t len = min_t(size_t, sd->len, zc_batch_room(target->batch));

	if (!len)
		return 0;
	/* A slab page has no count that a socket could hold. */
	if (WARN_ON_ONCE(PageSlab(page)))
		return -EIO;
	get_page(page);
	zc_batch_hold(target->batch, page);
	zc_batch_add(target->batch, page, offset,
		     (struct zc_piece){ .segment = target->segment,
					.len = len,
					.copied = zc_splice_is_copy(page) });
	return len;
}

static int zc_splice_actor(struct pipe_inode_info *pipe, struct splice_desc *sd)
{
	return __splice_from_pipe(pipe, sd, zc_splice_take);
}

/**
 * zc_splice_fill() - put a file's next pages into a batch
 * @source: FILE
 * @batch: one with room
 * @max: bytes at the most
 *
 * Context: process; sleeps as the file system does.
 * Return: 0 if something was put in, -ENODATA at the end of the file, or what
 * the file system says.
 */
int zc_splice_fill(struct zc_source *source, struct zc_batch *batch, u64 max)
{
	u64 room = min_t(u64, zc_batch_room(batch),
			 (u64)zc_batch_slots(batch) << PAGE_SHIFT);
	struct zc_splice_target target = { .batch = batch,
					   .segment = source->segment };
	struct splice_desc sd = {
		.total_len = min3(max, source->left, room),
		.pos = source->pos,
		.u.data = &target,
	};
	ssize_t ret = splice_direct_to_actor(source->file, &sd,
					     zc_splice_actor);

	/*
	 * Here these would mean something else: that the caller should come
	 * again, that the file has ended. A pipe that is full says the first, but
	 * this one is empty; a disk says the second, of a sector it can't read.
	 */
	if (ret == -EAGAIN || ret == -ENODATA)
		return -EIO;
	if (ret < 0)
		return ret;
	if (!ret)
		return -ENODATA;
	source->pos += ret;
	source->left -= ret;
	return 0;
}
