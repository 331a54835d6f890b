// SPDX-License-Identifier: GPL-2.0
/*
 * Where a segment's bytes come from: one function for each type of segment.
 *
 * FILE segments go on to pagecache.c, or to splice.c where that is not allowed.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/stat.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "batch.h"
#include "buffer.h"
#include "source.h"
#include "zero.h"

/* A batch of pages that were not looked up is sent when it has this many. */
#define ZC_SOURCE_SPLICE_BYTES SZ_256K

/* May this file be read at an offset by this caller? */
static int zc_source_check_file(struct file *file)
{
	if (S_ISDIR(file_inode(file)->i_mode))
		return -EISDIR;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (!(file->f_mode & FMODE_LSEEK) || !(file->f_mode & FMODE_PREAD))
		return -ESPIPE;
	return 0;
}

/* Where the file ends now. A file system that is not local is asked. */
static int zc_source_file_size(const struct zc_source *source, u64 *size)
{
	const struct inode *inode = source->file->f_mapping->host;
	struct kstat stat;
	int ret;

	if (source->look_up || S_ISBLK(inode->i_mode)) {
		*size = i_size_read(inode);
		return 0;
	}
	ret = vfs_getattr(&source->file->f_path, &stat, STATX_SIZE,
			  AT_STATX_SYNC_AS_STAT);
	if (!ret)
		*size = stat.size;
	return ret;
}

/* Replace ZCOPY_TO_END by a length, then ask the VFS and its modules. */
static int zc_source_admit(const struct zc_source *source,
			   struct zcopy_segment *segment)
{
	loff_t pos = segment->offset;
	u64 size;
	int ret;

	if (segment->len == ZCOPY_TO_END) {
		ret = zc_source_file_size(source, &size);
		if (ret)
			return ret;
		segment->len = size > pos ? size - pos : 0;
	}
	return rw_verify_area(READ, source->file, &pos,
			      min_t(u64, segment->len, MAX_RW_COUNT));
}

static int zc_source_open_file(struct zc_source *source,
			       struct zcopy_segment *segment, bool cached_only)
{
	int ret;

	source->file = fget(segment->fd);
	if (!source->file)
		return -EBADF;

	ret = zc_source_check_file(source->file);
	if (ret)
		return ret;

	source->look_up = zc_pagecache_allowed(source->file);
	if (!source->look_up &&
	    (cached_only || !source->file->f_op->splice_read))
		return -ENODEV;
	return zc_source_admit(source, segment);
}

/**
 * zc_source_open() - find what a segment leads to and whether it may be sent
 * @source: zeroed; close it, also after an error
 * @segment: well-formed; its length is set if it was ZCOPY_TO_END
 * @cached_only: nothing may be read from a disk
 *
 * Context: process; may sleep, for a file system that is not local.
 * Return: 0 or the errno of <linux/zcopy.h>.
 */
int zc_source_open(struct zc_source *source, struct zcopy_segment *segment,
		   bool cached_only)
{
	source->opened = true;
	switch (segment->type) {
	case ZCOPY_SEGMENT_FILE:
		return zc_source_open_file(source, segment, cached_only);
	case ZCOPY_SEGMENT_USER:
		if (!access_ok(u64_to_user_ptr(segment->offset), segment->len))
			return -EFAULT;
		return 0;
	default:
		return 0;
	}
}

/**
 * zc_source_start() - set a source to the first byte that has not been sent
 * @source: one that has been opened
 * @segment: its segment, placed in the vector
 */
void zc_source_start(struct zc_source *source,
		     const struct zcopy_segment *segment)
{
	source->type = segment->type;
	source->pos = segment->offset + segment->out_done;
	source->left = segment->len - segment->out_done;
}

/**
 * zc_source_close() - let go of the file
 * @source: any source, opened or zeroed
 *
 * A file that was read from is marked as read, as sendfile does.
 */
void zc_source_close(struct zc_source *source)
{
	if (!source->file)
		return;
	if (source->used) {
		file_accessed(source->file);
		fsnotify_access(source->file);
	}
	fput(source->file);
	source->file = NULL;
}

static void zc_source_advance(struct zc_source *source, size_t len)
{
	source->pos += len;
	source->left -= len;
}

/* Copy the next bytes of the caller's memory into pages of our own. */
static int zc_source_fill_user(struct zc_source *source, struct zc_batch *batch,
			       struct page_frag *frag)
{
	size_t len = min_t(u64, source->left, zc_batch_room(batch));

	if (!skb_page_frag_refill(1, frag, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;

	len = min_t(size_t, len, frag->size - frag->offset);
	len -= copy_from_user(page_address(frag->page) + frag->offset,
			      u64_to_user_ptr(source->pos), len);
	if (!len)
		return -EFAULT;

	get_page(frag->page);
	zc_batch_hold(batch, frag->page);
	zc_batch_add(batch, frag->page, frag->offset,
		     (struct zc_piece){ .segment = source->segment,
					.len = len,
					.copied = true });
	frag->offset += len;
	zc_source_advance(source, len);
	return 0;
}

/* The call is a user of the buffer, so its pages need no references here. */
static int zc_source_fill_buffer(struct zc_source *source,
				 struct zc_batch *batch,
				 const struct zc_buffer *buffer)
{
	u64 want = min_t(u64, source->left, zc_batch_room(batch));
	struct zc_run run = { .segment = source->segment };
	unsigned int slots = zc_batch_slots(batch);

	for (; want && slots; slots--) {
		size_t offset = offset_in_page(source->pos);
		size_t len = min_t(u64, want, PAGE_SIZE - offset);

		zc_run_add(&run, batch,
			   buffer->pages[source->pos >> PAGE_SHIFT], offset,
			   len);
		zc_source_advance(source, len);
		want -= len;
	}
	zc_run_flush(&run, batch);
	return 0;
}

static int zc_source_fill_zero(struct zc_source *source, struct zc_batch *batch)
{
	size_t room;

	while (source->left && (room = zc_batch_room(batch))) {
		size_t len = min3(source->left, (u64)room, (u64)ZC_ZERO_BYTES);

		zc_batch_add(batch, zc_zero_page(0), 0,
			     (struct zc_piece){ .segment = source->segment,
						.len = len });
		zc_source_advance(source, len);
	}
	return 0;
}

/*
 * What has no pages to look up may be slow (a server, a daemon): the socket
 * gets what there is every now and then.
 */
static int zc_source_fill_spliced(struct zc_source *source,
				  struct zc_batch *batch)
{
	if (batch->bytes >= ZC_SOURCE_SPLICE_BYTES)
		return 0;
	return zc_splice_fill(source, batch, ZC_SOURCE_SPLICE_BYTES);
}

static int zc_source_fill_file(struct zc_source *source, struct zc_batch *batch,
			       const struct zc_supply *supply)
{
	source->used = true;
	if (source->look_up)
		return zc_pagecache_fill(source, batch, supply->cached_only);
	return zc_source_fill_spliced(source, batch);
}

/* Add at least one piece, or say why not. */
static int zc_source_fill_some(struct zc_source *source, struct zc_batch *batch,
			       struct zc_supply *supply)
{
	switch (source->type) {
	case ZCOPY_SEGMENT_FILE:
		return zc_source_fill_file(source, batch, supply);
	case ZCOPY_SEGMENT_BUFFER:
		return zc_source_fill_buffer(source, batch, supply->buffer);
	case ZCOPY_SEGMENT_USER:
		return zc_source_fill_user(source, batch, &supply->frag);
	default:
		return zc_source_fill_zero(source, batch);
	}
}

/**
 * zc_source_fill() - put a source's next pages into a batch
 * @source: the source; advances by what it put in
 * @batch: where to
 * @supply: what the sources of this call share
 *
 * Context: process; sleeps for the disk, unless the batch holds something that
 * can be sent meanwhile. No locks are held.
 * Return: enum zc_fill, or the reason why the next byte can't be had: -ENODATA
 * (the file has ended), -EAGAIN (not in memory, and only that was asked for),
 * -EFAULT, -EIO, -ENOMEM, -EINTR (fatal signal), or what the file system says.
 * What was put in before stays in the batch.
 */
int zc_source_fill(struct zc_source *source, struct zc_batch *batch,
		   struct zc_supply *supply)
{
	while (source->left) {
		bool waiting = !zc_batch_empty(batch);
		u64 left = source->left;
		int ret;

		if (!zc_batch_room(batch))
			return ZC_FILL_SEND_FIRST;
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = zc_source_fill_some(source, batch, supply);
		if (ret)
			return ret;
		if (waiting && left == source->left)
			return ZC_FILL_SEND_FIRST;
	}
	return ZC_FILL_EXHAUSTED;
}

/**
 * zc_source_resident() - how much of the rest need not be read from a disk?
 * @source: the source
 *
 * Return: bytes that are in memory now; they may be gone when it returns.
 */
u64 zc_source_resident(const struct zc_source *source)
{
	if (source->type == ZCOPY_SEGMENT_FILE)
		return source->look_up ? zc_pagecache_resident(source) : 0;
	return source->left;
}
