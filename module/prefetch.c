// SPDX-License-Identifier: GPL-2.0
/*
 * Reading ahead for a caller that must not wait for a disk.
 *
 * Readahead itself may wait: for a block of the file's map, for memory, for a
 * place in the device's queue. So a worker starts it, at the expense of the
 * cgroups of the thread that wanted it. An order owns a reference to its file
 * and to those cgroups and nothing else; it may outlive the call and the
 * context that wanted it, but not the module: rmmod waits for the disk.
 */

#include <linux/atomic.h>
#include <linux/fadvise.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "payer.h"
#include "prefetch.h"

/* How much is asked for, for one call that stopped; readahead may do less. */
#define ZC_PREFETCH_BYTES SZ_2M
/* A caller that polls must not queue without end; it will come again. */
#define ZC_PREFETCH_MAX 64

/**
 * struct zc_prefetch - one order for a worker
 * @work: on zc_prefetch_queue; frees the order when it is done
 * @file: one reference
 * @payer: who pays for the memory and the I/O
 * @pos: first byte that is wanted
 * @len: bytes
 */
struct zc_prefetch {
	struct work_struct work;
	struct file *file;
	struct zc_payer payer;
	loff_t pos;
	u64 len;
};

static struct workqueue_struct *zc_prefetch_queue;
static atomic_t zc_prefetch_running;

/*
 * A page of tmpfs comes from swap. What has become a hole meanwhile stays one: who
 * cuts something off, or punches a hole, holds the inode's lock.
 */
static struct page *zc_prefetch_swapped(struct address_space *mapping,
					loff_t pos)
{
	struct page *page = NULL;

	inode_lock_shared(mapping->host);
	if (pos < i_size_read(mapping->host) &&
	    xa_load(&mapping->i_pages, pos >> PAGE_SHIFT))
		page = shmem_read_mapping_page(mapping, pos >> PAGE_SHIFT);
	inode_unlock_shared(mapping->host);
	return page;
}

/*
 * Readahead passes over a folio that is in the cache but could not be read, or
 * only in part; reading it as the file system does tries again. The lock, as the
 * kernel's own readers take it, keeps out who takes the blocks from the file.
 */
static struct page *zc_prefetch_unread(struct file *file, loff_t pos)
{
	struct address_space *mapping = file->f_mapping;
	struct page *page = NULL;

	filemap_invalidate_lock_shared(mapping);
	if (pos < i_size_read(mapping->host))
		page = read_mapping_page(mapping, pos >> PAGE_SHIFT, file);
	filemap_invalidate_unlock_shared(mapping);
	return page;
}

/*
 * An error stays with the file system: the caller learns it from a call without
 * CACHED.
 */
static void zc_prefetch_first(struct file *file, loff_t pos)
{
	struct page *page = shmem_mapping(file->f_mapping)
				    ? zc_prefetch_swapped(file->f_mapping, pos)
				    : zc_prefetch_unread(file, pos);

	if (!IS_ERR_OR_NULL(page))
		put_page(page);
}

static void zc_prefetch_work(struct work_struct *work)
{
	struct zc_prefetch *order = container_of(work, struct zc_prefetch,
						 work);

	struct mem_cgroup *saved = zc_payer_enter(&order->payer);

	vfs_fadvise(order->file, order->pos, order->len, POSIX_FADV_WILLNEED);
	zc_prefetch_first(order->file, order->pos);
	zc_payer_leave(saved);

	zc_payer_put(&order->payer);
	fput(order->file);
	kfree(order);
	atomic_dec(&zc_prefetch_running);
}

/**
 * zc_prefetch_start() - have a range of a file read, without waiting for it
 * @file: open for reading; one reference is taken
 * @pos: first byte
 * @len: bytes that would be of use; 0: none
 *
 * It is an attempt: without memory, or with too many under way, nothing
 * happens and a later call will try again.
 */
void zc_prefetch_start(struct file *file, loff_t pos, u64 len)
{
	struct zc_prefetch *order;

	/* fadvise() would take that for all of the file. */
	if (!len)
		return;
	if (atomic_inc_return(&zc_prefetch_running) > ZC_PREFETCH_MAX)
		goto err_dec;
	order = kmalloc(sizeof(*order),
			GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!order)
		goto err_dec;

	INIT_WORK(&order->work, zc_prefetch_work);
	order->file = get_file(file);
	zc_payer_get(&order->payer);
	order->pos = pos;
	order->len = min_t(u64, len, ZC_PREFETCH_BYTES);
	queue_work(zc_prefetch_queue, &order->work);
	return;

err_dec:
	atomic_dec(&zc_prefetch_running);
}

/**
 * zc_prefetch_init() - get ready for zc_prefetch_start()
 *
 * Return: 0 or -ENOMEM.
 */
int __init zc_prefetch_init(void)
{
	zc_prefetch_queue = alloc_workqueue("zcopy_prefetch", WQ_UNBOUND, 0);
	return zc_prefetch_queue ? 0 : -ENOMEM;
}

/**
 * zc_prefetch_exit() - wait for all that has been started
 *
 * Context: no open file of the device is left.
 */
void zc_prefetch_exit(void)
{
	destroy_workqueue(zc_prefetch_queue);
}
