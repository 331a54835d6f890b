// SPDX-License-Identifier: GPL-2.0
/*
 * The device's ioctls: copying structs in and out, and what each one does.
 *
 * An argument is copied once, into struct zc_call. Its size may be that of an
 * older or of a newer <linux/zcopy.h>.
 */

#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include <linux/zcopy.h>

#include "buffer.h"
#include "ctx.h"
#include "ioctl.h"
#include "stats.h"
#include "transfer.h"

/**
 * struct zc_call - one ioctl
 * @ctx: the open file's context
 * @user: the caller's struct
 * @user_size: how long the caller says that it is, bytes
 * @arg: the kernel's copy
 */
struct zc_call {
	struct zc_ctx *ctx;
	void __user *user;
	u32 user_size;
	union {
		u32 size;
		struct zcopy_info info;
		struct zcopy_buffer buffer;
		struct zcopy_send send;
		struct zcopy_stats stats;
	} arg;
};

/**
 * struct zc_op - one command
 * @cmd: its ioctl number
 * @size: of its struct in this kernel
 * @min_size: of its struct in the first kernel that had it
 * @run: does it; replies itself if there are outputs
 */
struct zc_op {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	int (*run)(struct zc_call *call);
};

static int zc_ioctl_reply(const struct zc_call *call, u32 size)
{
	if (copy_to_user(call->user, &call->arg, min(size, call->user_size)))
		return -EFAULT;
	return 0;
}

static int zc_ioctl_info(struct zc_call *call)
{
	struct zcopy_info *info = &call->arg.info;
	struct zc_buffer *buffer;

	if (info->flags || info->__reserved)
		return -EINVAL;

	buffer = zc_ctx_get_buffer(call->ctx);
	*info = (struct zcopy_info){
		.size = call->user_size,
		.out_abi_version = ZCOPY_ABI_VERSION,
		.out_backend = zc_backend_id,
		.out_features = ZCOPY_FEATURE_FILE | ZCOPY_FEATURE_BUFFER |
				ZCOPY_FEATURE_USER | ZCOPY_FEATURE_ZERO |
				ZCOPY_FEATURE_CACHED | ZCOPY_FEATURE_SHUTDOWN |
				ZCOPY_FEATURE_STATS,
		.out_page_size = PAGE_SIZE,
		.out_batch_bytes = ZC_BATCH_BYTES,
		.out_max_segments = ZCOPY_MAX_SEGMENTS,
		.out_max_buffer = zc_buffer_max(),
		.out_buffer_length = buffer ? buffer->length : 0,
	};
	zc_buffer_put(buffer);
	return zc_ioctl_reply(call, sizeof(*info));
}

static int zc_ioctl_buffer(struct zc_call *call)
{
	const struct zcopy_buffer *buffer = &call->arg.buffer;

	if (buffer->flags || !PAGE_ALIGNED(buffer->length))
		return -EINVAL;
	return zc_ctx_set_buffer(call->ctx, buffer->length);
}

/* A reply before anything is sent proves that the one afterwards will work. */
static int zc_ioctl_transfer(struct zc_call *call, struct zc_transfer *transfer)
{
	int ret;

	ret = zc_transfer_prep(transfer, &call->arg.send,
			       zc_ctx_get_buffer(call->ctx));
	if (ret)
		return ret;
	ret = zc_ioctl_reply(call, sizeof(call->arg.send));
	if (ret)
		return ret;

	ret = zc_transfer_run(transfer);
	/* Bytes that moved are reported, even if the vector has gone away. */
	if (zc_transfer_report(transfer) && !call->arg.send.out_sent)
		ret = -EFAULT;
	return zc_ioctl_reply(call, sizeof(call->arg.send)) ?: ret;
}

static int zc_ioctl_send(struct zc_call *call)
{
	struct zc_transfer *transfer = zc_ctx_get_transfer(call->ctx);
	int ret;

	if (!transfer)
		return -ENOMEM;
	ret = zc_ioctl_transfer(call, transfer);
	zc_stats_add(&call->ctx->stats, &transfer->tally);
	zc_transfer_finish(transfer);
	zc_ctx_put_transfer(call->ctx, transfer);
	return ret;
}

static int zc_ioctl_stats(struct zc_call *call)
{
	struct zcopy_stats *stats = &call->arg.stats;

	if (stats->flags)
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->size = call->user_size;
	zc_stats_report(&call->ctx->stats, stats);
	return zc_ioctl_reply(call, sizeof(*stats));
}

static const struct zc_op zc_ops[] = {
	[ZCOPY_CMD_INFO] = {
		.cmd = ZCOPY_IOC_INFO,
		.size = sizeof(struct zcopy_info),
		.min_size = offsetofend(struct zcopy_info, out_buffer_length),
		.run = zc_ioctl_info,
	},
	[ZCOPY_CMD_BUFFER] = {
		.cmd = ZCOPY_IOC_BUFFER,
		.size = sizeof(struct zcopy_buffer),
		.min_size = offsetofend(struct zcopy_buffer, length),
		.run = zc_ioctl_buffer,
	},
	[ZCOPY_CMD_SEND] = {
		.cmd = ZCOPY_IOC_SEND,
		.size = sizeof(struct zcopy_send),
		.min_size = offsetofend(struct zcopy_send, out_resident),
		.run = zc_ioctl_send,
	},
	[ZCOPY_CMD_STATS] = {
		.cmd = ZCOPY_IOC_STATS,
		.size = sizeof(struct zcopy_stats),
		.min_size = offsetofend(struct zcopy_stats, out_stops),
		.run = zc_ioctl_stats,
	},
};

/* The ABI: these numbers never change. New members go to the end. */
static_assert(sizeof(struct zcopy_info) == 56);
static_assert(sizeof(struct zcopy_buffer) == 16);
static_assert(sizeof(struct zcopy_segment) == 48);
static_assert(sizeof(struct zcopy_send) == 72);
static_assert(sizeof(struct zcopy_stats) == 192);
static_assert(offsetof(struct zcopy_info, out_features) == 16);
static_assert(offsetof(struct zcopy_info, out_max_buffer) == 40);
static_assert(offsetof(struct zcopy_segment, offset) == 16);
static_assert(offsetof(struct zcopy_segment, out_copied) == 40);
static_assert(offsetof(struct zcopy_send, segments) == 16);
static_assert(offsetof(struct zcopy_send, out_stop) == 48);
static_assert(offsetof(struct zcopy_send, out_resident) == 64);

static int zc_ioctl_copy_in(struct zc_call *call, const struct zc_op *op)
{
	int ret;

	if (get_user(call->user_size, (u32 __user *)call->user))
		return -EFAULT;
	if (call->user_size < op->min_size)
		return -EINVAL;
	if (call->user_size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&call->arg, op->size, call->user,
				    call->user_size);
	/* It may have changed in between; the first reading counts. */
	call->arg.size = call->user_size;
	return ret;
}

/**
 * zc_ioctl() - dispatch an ioctl
 * @file: an open file of the device
 * @cmd: ZCOPY_IOC_...
 * @arg: address of the command's struct
 *
 * Return: 0 or the errno of <linux/zcopy.h>.
 */
long zc_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zc_call call = { .ctx = file->private_data,
				.user = (void __user *)arg };
	const struct zc_op *op;
	int ret;

	if (_IOC_NR(cmd) >= ARRAY_SIZE(zc_ops))
		return -ENOTTY;
	op = &zc_ops[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(zc_ops))];
	if (op->cmd != cmd)
		return -ENOTTY;

	ret = zc_ioctl_copy_in(&call, op);
	if (ret)
		return ret;
	return op->run(&call);
}
