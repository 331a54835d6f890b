/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The probes on functions that copy: see COUNT_FUNCTIONS.
 *
 * Those in the kernel's lib/ are built without the hooks of ftrace, therefore
 * they get kprobes, on entry only: what is counted is what they were asked
 * for. They do less only when user memory is not there (EFAULT).
 */
#ifndef COUNT_COPY_H
#define COUNT_COPY_H

#include "count_maps.h"

const volatile __u32 page_size = 4096;

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

static __always_inline int copy_iter(u16 function, u64 bytes,
				     struct iov_iter *iter)
{
	struct count_task *task = this_task();
	struct count_copy_key key = { .function = function };
	u64 left;
	u8 type;

	if (!task)
		return 0;
	type = BPF_CORE_READ(iter, iter_type);
	left = BPF_CORE_READ(iter, count);
	if (type == ITER(ITER_DISCARD) || !left)
		return 0;
	key.syscall = task->syscall;
	key.kernel = type != ITER(ITER_UBUF) && type != ITER(ITER_IOVEC);
	count_copy(&key, bytes < left ? bytes : left);
	return 0;
}

#define COPY_ITER(name, function)                                           \
	SEC("kprobe/" #name)                                                \
	int BPF_KPROBE(name, void *memory, unsigned long bytes,             \
		       struct iov_iter *iter)                               \
	{                                                                   \
		return copy_iter(COUNT_##function, bytes, iter);            \
	}

COPY_ITER(_copy_to_iter, COPY_TO_ITER)
COPY_ITER(_copy_mc_to_iter, COPY_MC_TO_ITER)
COPY_ITER(_copy_from_iter, COPY_FROM_ITER)
COPY_ITER(_copy_from_iter_nocache, COPY_FROM_ITER_NOCACHE)
COPY_ITER(_copy_from_iter_flushcache, COPY_FROM_ITER_FLUSH)

/* The same with one more argument in between. */
#define COPY_ITER_4(name, function, bytes_at)                               \
	SEC("kprobe/" #name)                                                \
	int BPF_KPROBE(name, void *a1, unsigned long a2, unsigned long a3,  \
		       struct iov_iter *iter)                               \
	{                                                                   \
		return copy_iter(COUNT_##function, bytes_at, iter);         \
	}

COPY_ITER_4(copy_page_to_iter_nofault, COPY_PAGE_NOFAULT, a3)
COPY_ITER_4(copy_page_from_iter_atomic, COPY_PAGE_FROM_ITER, a3)
COPY_ITER_4(csum_and_copy_to_iter, CSUM_TO_ITER, a2)
COPY_ITER_4(csum_and_copy_from_iter, CSUM_FROM_ITER, a2)
COPY_ITER_4(csum_and_copy_from_iter_full, CSUM_FROM_ITER_FULL, a2)

/* Before 6.5 a page is put into a pipe by what looks like a copy. */
SEC("kprobe/copy_page_to_iter")
int BPF_KPROBE(copy_page_to_iter, void *page, unsigned long offset,
	       unsigned long bytes, struct iov_iter *iter)
{
	u64 left;

	if (!HAS_ITER(ITER_PIPE) || !this_task() ||
	    BPF_CORE_READ(iter, iter_type) != ITER(ITER_PIPE))
		return 0;
	left = BPF_CORE_READ(iter, count);
	add_total(piped, bytes < left ? bytes : left);
	return 0;
}

/* Of the running thread's doing, whatever the memory. */
static __always_inline int copy_own(u16 function, u64 bytes)
{
	struct count_task *task = this_task();
	struct count_copy_key key = { .function = function };

	if (!task || in_interrupt())
		return 0;
	key.syscall = task->syscall;
	count_copy(&key, bytes);
	return 0;
}

#define COPY_MEMORY(name, function)                                         \
	SEC("kprobe/" #name)                                                \
	int BPF_KPROBE(name, void *to, void *from, unsigned long bytes)     \
	{                                                                   \
		return copy_own(COUNT_##function, bytes);                   \
	}

COPY_MEMORY(_copy_to_user, COPY_TO_USER)
COPY_MEMORY(_copy_from_user, COPY_FROM_USER)
COPY_MEMORY(copy_mc_to_kernel, COPY_MC_TO_KERNEL)

SEC("kprobe/copy_page")
int BPF_KPROBE(copy_page)
{
	return copy_own(COUNT_COPY_PAGE, page_size);
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

	if (skb->sk)
		ours = socket_is_ours(skb->sk);
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
