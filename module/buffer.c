// SPDX-License-Identifier: GPL-2.0
/*
 * The pages behind mmap: their life, their price and the ways to reach them.
 *
 * Pages are ordinary ones with a struct page each, so that every user of user
 * memory in the kernel can pin them: O_DIRECT, MSG_ZEROCOPY, io_uring, ptrace.
 * Nothing here takes a lock. A fault may come while a caller copies from or to
 * user memory, under mmap_lock, so zc_buffer_vm_fault() must stay that way.
 */

#include <linux/cred.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "buffer.h"
#include "compat.h"

/*
 * It is the caller's wish, not the system's need: beyond a memory cgroup's
 * limit it fails, and no process is killed for it.
 */
#define ZC_BUFFER_GFP                                               \
	(GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT | __GFP_NOWARN | \
	 __GFP_RETRY_MAYFAIL)

/* As many pages as the network stack takes out of one bio_vec at a time. */
#define ZC_BUFFER_ORDER 3

static unsigned int max_buffer_mb = 1024;
module_param(max_buffer_mb, uint, 0644);
MODULE_PARM_DESC(max_buffer_mb, "largest buffer of one open file, in MiB");

static unsigned long zc_buffer_nr_pages(const struct zc_buffer *buffer)
{
	return buffer->length >> PAGE_SHIFT;
}

/**
 * zc_buffer_max() - the largest buffer that one open file may have
 *
 * Return: bytes.
 */
u64 zc_buffer_max(void)
{
	return (u64)READ_ONCE(max_buffer_mb) << 20;
}

/*
 * Charge the caller, unless it may lock what it likes. The limit is a user's,
 * over all that users of struct user_struct::locked_vm charge.
 */
static int zc_buffer_charge(struct zc_buffer *buffer)
{
	unsigned long nr = zc_buffer_nr_pages(buffer);
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long locked;

	if (capable(CAP_IPC_LOCK))
		return 0;

	/* Nobody else may fail because of what is not granted here. */
	locked = atomic_long_read(&user->locked_vm);
	do {
		if (locked + nr > limit)
			return -ENOBUFS;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &locked,
					  locked + nr));
	buffer->payer = get_uid(user);
	return 0;
}

static void zc_buffer_uncharge(struct zc_buffer *buffer)
{
	if (!buffer->payer)
		return;
	atomic_long_sub(zc_buffer_nr_pages(buffer), &buffer->payer->locked_vm);
	free_uid(buffer->payer);
}

static void zc_buffer_free_pages(struct zc_buffer *buffer, unsigned long nr)
{
	while (nr--) {
		if (!PageTail(buffer->pages[nr]))
			put_page(buffer->pages[nr]);
		if (!(nr % SZ_1K))
			cond_resched();
	}
}

/*
 * Where there is memory for it, pages are allocated in groups that lie side by
 * side: they go to the socket in one piece. A group has one reference count.
 */
static unsigned long zc_buffer_alloc_group(struct page **pages,
					   unsigned long want)
{
	const gfp_t gfp = (ZC_BUFFER_GFP & ~__GFP_RETRY_MAYFAIL) |
			  __GFP_NORETRY | __GFP_COMP;
	unsigned long i, nr = 1UL << ZC_BUFFER_ORDER;
	struct page *head = NULL;

	if (want >= nr)
		head = alloc_pages(gfp, ZC_BUFFER_ORDER);
	if (!head) {
		pages[0] = alloc_page(ZC_BUFFER_GFP);
		return pages[0] ? 1 : 0;
	}
	for (i = 0; i < nr; i++)
		pages[i] = head + i;
	return nr;
}

static int zc_buffer_alloc_pages(struct zc_buffer *buffer)
{
	unsigned long nr = zc_buffer_nr_pages(buffer);
	unsigned long i = 0;

	while (i < nr) {
		unsigned long n = 0;

		if (!fatal_signal_pending(current))
			n = zc_buffer_alloc_group(&buffer->pages[i], nr - i);
		if (!n) {
			zc_buffer_free_pages(buffer, i);
			return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
		}
		i += n;
		cond_resched();
	}
	return 0;
}

/**
 * zc_buffer_create() - allocate a zeroed buffer and charge the caller for it
 * @length: bytes, a multiple of PAGE_SIZE that is not 0
 *
 * Context: process; sleeps, and gives up on a fatal signal.
 * Return: a buffer with one user, or an ERR_PTR: -EFBIG above zc_buffer_max(),
 * -ENOBUFS above RLIMIT_MEMLOCK, -ENOMEM, -EINTR.
 */
struct zc_buffer *zc_buffer_create(u64 length)
{
	struct zc_buffer *buffer;
	int ret;

	if (length > zc_buffer_max())
		return ERR_PTR(-EFBIG);

	buffer = kvzalloc(struct_size(buffer, pages, length >> PAGE_SHIFT),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				  __GFP_RETRY_MAYFAIL);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	refcount_set(&buffer->users, 1);
	buffer->length = length;

	ret = zc_buffer_charge(buffer);
	if (ret)
		goto err_free;
	ret = zc_buffer_alloc_pages(buffer);
	if (ret)
		goto err_uncharge;
	return buffer;

err_uncharge:
	zc_buffer_uncharge(buffer);
err_free:
	kvfree(buffer);
	return ERR_PTR(ret);
}

/**
 * zc_buffer_get() - one user more
 * @buffer: a buffer that the caller keeps alive, or NULL
 *
 * Return: @buffer.
 */
struct zc_buffer *zc_buffer_get(struct zc_buffer *buffer)
{
	if (buffer)
		refcount_inc(&buffer->users);
	return buffer;
}

/**
 * zc_buffer_put() - one user less; the last one frees it
 * @buffer: a buffer or NULL
 *
 * Context: process; may sleep.
 */
void zc_buffer_put(struct zc_buffer *buffer)
{
	if (!buffer || !refcount_dec_and_test(&buffer->users))
		return;
	zc_buffer_uncharge(buffer);
	zc_buffer_free_pages(buffer, zc_buffer_nr_pages(buffer));
	kvfree(buffer);
}

/* A VMA was split, moved or inherited by a child: it was mapped before. */
static void zc_buffer_vm_open(struct vm_area_struct *vma)
{
	struct zc_buffer *buffer = vma->vm_private_data;

	atomic_inc(&buffer->mappings);
	zc_buffer_get(buffer);
}

static void zc_buffer_vm_close(struct vm_area_struct *vma)
{
	struct zc_buffer *buffer = vma->vm_private_data;

	atomic_dec(&buffer->mappings);
	zc_buffer_put(buffer);
}

static vm_fault_t zc_buffer_vm_fault(struct vm_fault *vmf)
{
	struct zc_buffer *buffer = vmf->vma->vm_private_data;

	if (vmf->pgoff >= zc_buffer_nr_pages(buffer))
		return VM_FAULT_SIGBUS;
	vmf->page = buffer->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct zc_buffer_vm_ops = {
	.open = zc_buffer_vm_open,
	.close = zc_buffer_vm_close,
	.fault = zc_buffer_vm_fault,
};

/**
 * zc_buffer_mmap() - show a range of the buffer in a VMA
 * @buffer: the buffer
 * @vma: wants bytes from vm_pgoff pages on; gets a user of @buffer of its own
 *
 * Context: mmap_lock and the owner's lock are held.
 * Return: 0, or -EINVAL if the range is not inside the buffer.
 */
int zc_buffer_mmap(struct zc_buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long nr = zc_buffer_nr_pages(buffer);

	if (vma->vm_pgoff > nr || vma_pages(vma) > nr - vma->vm_pgoff)
		return -EINVAL;

	vm_flags_set(vma, VM_DONTEXPAND);
	vma->vm_private_data = buffer;
	vma->vm_ops = &zc_buffer_vm_ops;
	zc_buffer_vm_open(vma);
	return 0;
}

typedef size_t (*zc_buffer_copy_fn)(struct page *page, size_t offset,
				    size_t len, struct iov_iter *iter);

/* Copy between @iter and the bytes from *@pos on; stops short at a fault. */
static ssize_t zc_buffer_copy(struct zc_buffer *buffer, loff_t *pos,
			      struct iov_iter *iter, zc_buffer_copy_fn copy)
{
	ssize_t done = 0;

	while (iov_iter_count(iter) && *pos < buffer->length) {
		size_t offset = offset_in_page(*pos);
		size_t len = min_t(u64, iov_iter_count(iter),
				   PAGE_SIZE - offset);
		size_t n = copy(buffer->pages[*pos >> PAGE_SHIFT], offset, len,
				iter);

		*pos += n;
		done += n;
		if (n < len)
			return done ?: -EFAULT;
		cond_resched();
	}
	return done;
}

/**
 * zc_buffer_read() - read(2) on the device
 * @buffer: the buffer
 * @pos: in/out: position in bytes
 * @to: where to
 *
 * Return: bytes read, 0 at the end, or -EFAULT.
 */
ssize_t zc_buffer_read(struct zc_buffer *buffer, loff_t *pos,
		       struct iov_iter *to)
{
	return zc_buffer_copy(buffer, pos, to, copy_page_to_iter);
}

/**
 * zc_buffer_write() - write(2) on the device
 * @buffer: the buffer
 * @pos: in/out: position in bytes
 * @from: where from
 *
 * Return: bytes written, or -ENOSPC at the end, or -EFAULT.
 */
ssize_t zc_buffer_write(struct zc_buffer *buffer, loff_t *pos,
			struct iov_iter *from)
{
	if (iov_iter_count(from) && *pos >= buffer->length)
		return -ENOSPC;
	return zc_buffer_copy(buffer, pos, from, copy_page_from_iter);
}

static void zc_buffer_spd_release(struct splice_pipe_desc *spd, unsigned int i)
{
	put_page(spd->pages[i]);
}

/**
 * zc_buffer_splice() - splice(2) and sendfile(2) from the device
 * @buffer: the buffer
 * @pos: in/out: position in bytes
 * @pipe: takes references to the pages
 * @len: bytes at the most
 *
 * Return: bytes put into the pipe, 0 at the end, or what splice_to_pipe() says.
 */
ssize_t zc_buffer_splice(struct zc_buffer *buffer, loff_t *pos,
			 struct pipe_inode_info *pipe, size_t len)
{
	struct partial_page partial[PIPE_DEF_BUFFERS] = {};
	struct page *pages[PIPE_DEF_BUFFERS];
	struct splice_pipe_desc spd = {
		.pages = pages,
		.partial = partial,
		.nr_pages_max = PIPE_DEF_BUFFERS,
		.ops = &nosteal_pipe_buf_ops,
		.spd_release = zc_buffer_spd_release,
	};
	loff_t at = *pos;
	ssize_t ret;

	while (len && at < buffer->length && spd.nr_pages < PIPE_DEF_BUFFERS) {
		size_t offset = offset_in_page(at);
		size_t n = min_t(size_t, len, PAGE_SIZE - offset);
		struct page *page = buffer->pages[at >> PAGE_SHIFT];

		get_page(page);
		pages[spd.nr_pages] = page;
		partial[spd.nr_pages].offset = offset;
		partial[spd.nr_pages].len = n;
		spd.nr_pages++;
		at += n;
		len -= n;
	}
	if (!spd.nr_pages)
		return 0;

	ret = splice_to_pipe(pipe, &spd);
	if (ret > 0)
		*pos += ret;
	return ret;
}
