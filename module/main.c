// SPDX-License-Identifier: GPL-2.0
/*
 * zcopy: the door. The device node, what its file operations lead to, and the
 * module's beginning and end.
 *
 * From here: ioctl.c for the commands, transfer.c for what a SEND does,
 * buffer.c for mmap.
 */

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uio.h>

#include "buffer.h"
#include "ctx.h"
#include "ioctl.h"
#include "prefetch.h"
#include "stats.h"
#include "zero.h"

static int zc_main_open(struct inode *inode, struct file *file)
{
	struct zc_ctx *ctx = zc_ctx_create();

	if (!ctx)
		return -ENOMEM;
	file->private_data = ctx;
	return 0;
}

static int zc_main_release(struct inode *inode, struct file *file)
{
	zc_ctx_destroy(file->private_data);
	return 0;
}

/* The lock keeps BUFFER from replacing what is about to be mapped. */
static int zc_main_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zc_ctx *ctx = file->private_data;
	int ret = -ENXIO;

	mutex_lock(&ctx->lock);
	if (ctx->buffer)
		ret = zc_buffer_mmap(ctx->buffer, vma);
	mutex_unlock(&ctx->lock);
	return ret;
}

static ssize_t zc_main_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct zc_buffer *buffer = zc_ctx_get_buffer(file->private_data);
	ssize_t ret;

	if (!buffer)
		return -ENXIO;
	ret = zc_buffer_read(buffer, &iocb->ki_pos, to);
	zc_buffer_put(buffer);
	return ret;
}

static ssize_t zc_main_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct zc_buffer *buffer = zc_ctx_get_buffer(file->private_data);
	ssize_t ret;

	if (!buffer)
		return -ENXIO;
	ret = zc_buffer_write(buffer, &iocb->ki_pos, from);
	zc_buffer_put(buffer);
	return ret;
}

static ssize_t zc_main_splice_read(struct file *file, loff_t *pos,
				   struct pipe_inode_info *pipe, size_t len,
				   unsigned int flags)
{
	struct zc_buffer *buffer = zc_ctx_get_buffer(file->private_data);
	ssize_t ret;

	if (!buffer)
		return -ENXIO;
	ret = zc_buffer_splice(buffer, pos, pipe, len);
	zc_buffer_put(buffer);
	return ret;
}

static loff_t zc_main_llseek(struct file *file, loff_t offset, int whence)
{
	struct zc_buffer *buffer = zc_ctx_get_buffer(file->private_data);
	loff_t ret = fixed_size_llseek(file, offset, whence,
				       buffer ? buffer->length : 0);

	zc_buffer_put(buffer);
	return ret;
}

static void zc_main_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zc_ctx *ctx = file->private_data;

	zc_stats_show(&ctx->stats, m);
}

static const struct file_operations zc_main_fops = {
	.owner = THIS_MODULE,
	.open = zc_main_open,
	.release = zc_main_release,
	.unlocked_ioctl = zc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = zc_main_mmap,
	.read_iter = zc_main_read_iter,
	.write_iter = zc_main_write_iter,
	.splice_read = zc_main_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = zc_main_llseek,
	.show_fdinfo = zc_main_show_fdinfo,
};

static struct miscdevice zc_main_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zcopy",
	.fops = &zc_main_fops,
	.groups = zc_stats_groups,
	.mode = 0600,
};

static int __init zc_main_init(void)
{
	int ret;

	zc_stats_init();
	ret = zc_zero_init();
	if (ret)
		return ret;
	ret = zc_prefetch_init();
	if (ret)
		goto err_zero;
	ret = misc_register(&zc_main_device);
	if (ret)
		goto err_prefetch;
	return 0;

err_prefetch:
	zc_prefetch_exit();
err_zero:
	zc_zero_exit();
	return ret;
}

static void __exit zc_main_exit(void)
{
	misc_deregister(&zc_main_device);
	zc_prefetch_exit();
	zc_zero_exit();
}

module_init(zc_main_init);
module_exit(zc_main_exit);

MODULE_DESCRIPTION("Send files and buffers to a stream socket without copying");
MODULE_AUTHOR("The zcopy developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
