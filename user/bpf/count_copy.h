/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The probes on functions that copy: see COUNT_FUNCTIONS.
 *
 * What really moves the bytes, _copy_to_iter() and its kin in the kernel's
 * lib/, is built without hooks, and the kernel allows no kprobes where there
 * are none. So it is their callers that are watched, on exit, when they say
 * how much it was.
 */
#ifndef COUNT_COPY_H
#define COUNT_COPY_H

#include "count_maps.h"

static __always_inline void count_copy(struct count_copy_key *key, u64 bytes)
{
	struct count_copy *count = get_copy(key);

	if (!count)
		return;
	add(&count->calls, 1);
	add(&count->bytes, bytes);
}

/*
 * Between the kernel and user memory
 */

#define ITER(constant) bpf_core_enum_value(enum iter_type, constant)
#define HAS_ITER(constant) bpf_core_enum_value_exists(enum iter_type, constant)

/* Pages that are "copied" to a pipe before 6.5 are put into it. */
static __always_inline bool iter_is_pipe(u8 type)
{
	return HAS_ITER(ITER_PIPE) && type == ITER(ITER_PIPE);
}

/* @type: of the iov_iter that is the other side. */
static __always_inline int copy_typed(u16 function, u8 type, long bytes)
{
	struct count_copy_key key = { .function = function };
	struct count_task *task = this_task();

	if (!task || bytes <= 0)
		return 0;
	if (iter_is_pipe(type)) {
		add_total(piped, bytes);
		return 0;
	}
	key.syscall = task->syscall;
	key.kernel = type != ITER(ITER_UBUF) && type != ITER(ITER_IOVEC);
	task->copied += bytes;
	count_copy(&key, bytes);
	return 0;
}

static __always_inline int copy_iter(u16 function, struct iov_iter *iter,
				     long bytes)
{
	return copy_typed(function, iter->iter_type, bytes);
}

/* What the function that has just returned to this probe returned. */
static __always_inline long returned(void *ctx)
{
	u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

/* They return the number of bytes, and do nothing else with an iov_iter. */
#define COPY_BYTES(name, function)                                       \
	SEC("fexit/" #name)                                              \
	int BPF_PROG(name, void *iocb, struct iov_iter *iter)            \
	{                                                                \
		return copy_iter(COUNT_##function, iter, returned(ctx)); \
	}

COPY_BYTES(shmem_file_read_iter, SHMEM_READ)
COPY_BYTES(pipe_read, PIPE_READ)
COPY_BYTES(generic_perform_write, GENERIC_WRITE)
COPY_BYTES(iomap_file_buffered_write, IOMAP_WRITE)
COPY_BYTES(pipe_write, PIPE_WRITE)

/* What direct I/O has read before is in what it returns. */
SEC("fexit/filemap_read")
int BPF_PROG(filemap_read, void *iocb, struct iov_iter *iter, long already)
{
	return copy_iter(COUNT_FILEMAP_READ, iter, returned(ctx) - already);
}

/* They return 0 when they have copied all of it. */
SEC("fexit/skb_copy_datagram_iter")
int BPF_PROG(skb_copy_datagram_iter, void *skb, int offset,
	     struct iov_iter *iter, int len)
{
	return (int)returned(ctx) ? 0 : copy_iter(COUNT_SKB_TO_ITER, iter, len);
}

SEC("fexit/skb_copy_datagram_from_iter")
int BPF_PROG(skb_copy_datagram_from_iter, void *skb, int offset,
	     struct iov_iter *iter, int len)
{
	return (int)returned(ctx) ? 0
				  : copy_iter(COUNT_SKB_FROM_ITER, iter, len);
}

/*
 * Copied and added up in one go, if the receiver has room for all of it; if not,
 * it calls the function that copies alone. A wrong sum is found afterwards.
 */
SEC("fentry/skb_copy_and_csum_datagram_msg")
int BPF_PROG(skb_copy_and_csum_datagram_msg, struct sk_buff *skb, int header,
	     struct msghdr *msg)
{
	long bytes = (long)skb->len - header;

	if ((long)msg->msg_iter.count < bytes)
		return 0;
	return copy_iter(COUNT_SKB_CSUM_TO_ITER, &msg->msg_iter, bytes);
}

SEC("fexit/ip_generic_getfrag")
int BPF_PROG(ip_generic_getfrag, struct msghdr *from, void *to, int offset,
	     int len)
{
	/* To the verifier, @from is anything. */
	u8 type = BPF_CORE_READ(from, msg_iter.iter_type);

	return (int)returned(ctx) ? 0 : copy_typed(COUNT_GETFRAG, type, len);
}

/* Into the records of kTLS. */
SEC("fexit/sk_msg_memcopy_from_iter")
int BPF_PROG(sk_msg_memcopy_from_iter, void *sk, struct iov_iter *iter,
	     void *msg, u32 bytes)
{
	return (int)returned(ctx) < 0
		       ? 0
		       : copy_iter(COUNT_SK_MSG_FROM_ITER, iter, bytes);
}

SEC("fexit/mptcp_sendmsg")
int BPF_PROG(mptcp_sendmsg, void *sk, struct msghdr *msg)
{
	return copy_iter(COUNT_MPTCP_SENDMSG, &msg->msg_iter,
			 (int)returned(ctx));
}

/* TCP copies what it does not refer to. */
SEC("fentry/tcp_sendmsg_locked")
int BPF_PROG(tcp_sendmsg_locked_begin)
{
	struct count_task *task = this_task();

	if (task)
		task->referred = 0;
	return 0;
}

SEC("fexit/tcp_sendmsg_locked")
int BPF_PROG(tcp_sendmsg_locked_end, void *sk, struct msghdr *msg)
{
	struct count_task *task = this_task();

	if (!task)
		return 0;
	return copy_iter(COUNT_TCP_SENDMSG, &msg->msg_iter,
			 (int)returned(ctx) - (long)task->referred);
}

/*
 * Files of all other kinds
 */

static __always_inline int vfs_end(u16 function, struct file *file, long ret)
{
	struct count_copy_key key = { .function = function };
	struct count_task *task = this_task();

	if (!task || ret <= 0 || task->copied || file->f_flags & O_DIRECT)
		return 0;
	key.syscall = task->syscall;
	task->copied = ret;
	count_copy(&key, ret);
	return 0;
}

#define VFS(name, function)                                    \
	SEC("fexit/" #name)                                    \
	int BPF_PROG(name, struct file *file)                  \
	{                                                      \
		return vfs_end(function, file, returned(ctx)); \
	}

VFS(vfs_read, COUNT_VFS_READ)
VFS(vfs_write, COUNT_VFS_WRITE)

/* Of readv(2), writev(2) and their like; the type is 0 to read. */
SEC("fexit/do_iter_readv_writev")
int BPF_PROG(do_iter_readv_writev, struct file *file, void *iter, void *offset,
	     int type)
{
	return vfs_end(type ? COUNT_VFS_WRITE : COUNT_VFS_READ, file,
		       returned(ctx));
}

/* /dev/zero and /dev/null copy nothing. */
#define NO_COPY(name)                                  \
	SEC("fexit/" #name)                            \
	int BPF_PROG(name)                             \
	{                                              \
		struct count_task *task = this_task(); \
                                                       \
		if (task)                              \
			task->copied = 1;              \
		return 0;                              \
	}

NO_COPY(read_zero)
NO_COPY(read_iter_zero)
NO_COPY(write_null)
NO_COPY(write_iter_null)

/* Copy-on-write: in a page fault, but for what fork(2) copies at once. */
SEC("fentry/copy_mc_to_kernel")
int BPF_PROG(copy_mc_to_kernel, void *to, void *from, u32 bytes)
{
	struct count_copy_key key = {
		.function = COUNT_COPY_MC_TO_KERNEL,
		.syscall = COUNT_FAULT,
	};

	if (this_task() && !in_interrupt())
		count_copy(&key, bytes);
	return 0;
}

/*
 * Between the buffers of packets
 */

/* A packet that belongs to no socket (any more) is the running thread's. */
static __always_inline int copy_packet(u16 function, struct sk_buff *skb,
				       u64 bytes, bool ours)
{
	struct count_copy_key key = { .function = function };
	struct count_task *task = in_interrupt() ? NULL : this_task();
	const struct sock *sk = skb->sk;

	if (sk)
		ours = socket_is_ours(sk);
	else if (task)
		ours = true;
	if (!ours || !bytes)
		return 0;
	key.syscall = task ? task->syscall : COUNT_SOFTIRQ;
	count_copy(&key, bytes);
	return 0;
}

/* Bytes in the packets that hang off this one. */
static __always_inline u32 hanging(struct sk_buff *skb)
{
	struct sk_buff *next = BPF_CORE_READ(skb_shared(skb), frag_list);
	u32 bytes = 0;
	int i;

	for (i = 0; i < 64 && next; i++) {
		bytes += BPF_CORE_READ(next, len);
		next = BPF_CORE_READ(next, next);
	}
	return bytes;
}

/*
 * skb_copy_bits() and its twin call themselves for the packets that hang off
 * the first one: count what this call does itself.
 */
static __always_inline int copy_bits(u16 function, struct sk_buff *skb,
				     int offset, int len)
{
	int own = skb->len - hanging(skb);
	int end = offset + len;

	if (end > own)
		end = own;
	if (end <= offset)
		return 0;
	return copy_packet(function, skb, end - offset, false);
}

SEC("fentry/skb_copy_bits")
int BPF_PROG(skb_copy_bits, struct sk_buff *skb, int offset, void *to, int len)
{
	return copy_bits(COUNT_SKB_COPY_BITS, skb, offset, len);
}

SEC("fentry/skb_copy_and_csum_bits")
int BPF_PROG(skb_copy_and_csum_bits, struct sk_buff *skb, int offset, void *to,
	     int len)
{
	return copy_bits(COUNT_SKB_COPY_AND_CSUM_BITS, skb, offset, len);
}

/* User memory that a packet refers to must go: copied late. */
SEC("fentry/skb_copy_ubufs")
int BPF_PROG(skb_copy_ubufs, struct sk_buff *skb)
{
	return copy_packet(COUNT_SKB_COPY_UBUFS, skb,
			   skb->data_len - hanging(skb), ubuf_is_ours(skb));
}

/* These two copy headers, and whatever else is not in pages. */
SEC("fentry/__pskb_copy_fclone")
int BPF_PROG(pskb_copy, struct sk_buff *skb)
{
	return copy_packet(COUNT_PSKB_COPY, skb, skb->len - skb->data_len,
			   false);
}

SEC("fentry/pskb_expand_head")
int BPF_PROG(pskb_expand_head, struct sk_buff *skb)
{
	return copy_packet(COUNT_PSKB_EXPAND_HEAD, skb, skb->tail, false);
}

#endif /* COUNT_COPY_H */
