/* SPDX-License-Identifier: GPL-2.0 */
/* The pages behind mmap. */
#ifndef ZC_BUFFER_H
#define ZC_BUFFER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct iov_iter;
struct page;
struct pipe_inode_info;
struct user_struct;
struct vm_area_struct;

/**
 * struct zc_buffer - zeroed pages, fixed in number for its whole life
 * @users: its context, each mapping of it and each call that uses it; the last
 *	one frees it. Sockets, pipes and others that hold a page hold the page
 *	alone: it outlives the buffer
 * @mappings: how many VMAs show it. It rises from zero only under the lock of
 *	the context that owns the buffer
 * @length: bytes
 * @payer: whom it is charged to under RLIMIT_MEMLOCK, or NULL
 * @pages: @length / PAGE_SIZE of them; of those that were allocated together, the
 *	first has the one reference
 */
struct zc_buffer {
	refcount_t users;
	atomic_t mappings;
	u64 length;
	struct user_struct *payer;
	struct page *pages[];
};

u64 zc_buffer_max(void);
struct zc_buffer *zc_buffer_create(u64 length);
struct zc_buffer *zc_buffer_get(struct zc_buffer *buffer);
void zc_buffer_put(struct zc_buffer *buffer);

int zc_buffer_mmap(struct zc_buffer *buffer, struct vm_area_struct *vma);
ssize_t zc_buffer_read(struct zc_buffer *buffer, loff_t *pos,
		       struct iov_iter *to);
ssize_t zc_buffer_write(struct zc_buffer *buffer, loff_t *pos,
			struct iov_iter *from);
ssize_t zc_buffer_splice(struct zc_buffer *buffer, loff_t *pos,
			 struct pipe_inode_info *pipe, size_t len);

#endif /* ZC_BUFFER_H */
