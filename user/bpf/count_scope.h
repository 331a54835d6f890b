/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose work it is: the threads that are counted, and their sockets.
 *
 * What a thread does itself is known by its number. What the network does for
 * it later, in a softirq that interrupts somebody else or in the receiver's
 * half of a loopback, is known by the socket, or by the descriptor of the user
 * memory that a packet refers to.
 */
#ifndef COUNT_SCOPE_H
#define COUNT_SCOPE_H

#include "count_kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "count_types.h"

/*
 * Threads by number, in the kernel's own numbering. User space puts the first
 * ones in, the probes those that come from them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct count_task);
} tasks SEC(".maps");

/*
 * Sockets that a counted thread has used, by address. Memory is used again:
 * the value is the socket's cookie, which is not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u64);
} sockets SEC(".maps");

/*
 * Descriptors (struct ubuf_info) of user memory that such a socket sends, by
 * address. Whoever uses that memory next is noticed, and takes it out.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u8);
} ubufs SEC(".maps");

/* The preemption count, wherever this kernel keeps it. */
extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;

/* Set in the preemption count in softirqs, and in all kinds of interrupts. */
#define IN_INTERRUPT 0x00ff0100

static __always_inline bool in_interrupt(void)
{
	const struct pcpu_hot *hot;
	const int *count;

	if (&__preempt_count) {
		count = bpf_this_cpu_ptr(&__preempt_count);
		return *count & IN_INTERRUPT;
	}
	if (&pcpu_hot) {
		hot = bpf_this_cpu_ptr(&pcpu_hot);
		return hot->preempt_count & IN_INTERRUPT;
	}
	return false;
}

/* The running thread, if it is counted, now or when it has become a program. */
static __always_inline struct count_task *any_task(void)
{
	u32 thread = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&tasks, &thread);
}

static __always_inline struct count_task *this_task(void)
{
	struct count_task *task = any_task();

	return task && !task->waiting ? task : NULL;
}

static __always_inline void task_add(u32 thread)
{
	struct count_task task = { .syscall = COUNT_IO_WORKER };

	bpf_map_update_elem(&tasks, &thread, &task, BPF_ANY);
}

static __always_inline void socket_add(struct sock *sk)
{
	u64 address = (u64)sk, cookie;

	if (!sk)
		return;
	cookie = bpf_get_socket_cookie(sk);
	bpf_map_update_elem(&sockets, &address, &cookie, BPF_ANY);
}

/* @sk is not NULL. */
static __always_inline bool socket_is_ours(const struct sock *sk)
{
	u64 address = (u64)sk;
	u64 *cookie = bpf_map_lookup_elem(&sockets, &address);

	return cookie && *cookie == sk->__sk_common.skc_cookie.counter;
}

static __always_inline void ubuf_mark(const void *ubuf, bool ours)
{
	u64 address = (u64)ubuf;
	u8 one = 1;

	if (!ubuf)
		return;
	if (ours)
		bpf_map_update_elem(&ubufs, &address, &one, BPF_ANY);
	else
		bpf_map_delete_elem(&ubufs, &address);
}

static __always_inline const struct skb_shared_info *
skb_shared(const struct sk_buff *skb)
{
	return (const void *)(skb->head + skb->end);
}

static __always_inline bool ubuf_is_ours(const struct sk_buff *skb)
{
	u64 address = (u64)BPF_CORE_READ(skb_shared(skb), destructor_arg);

	return bpf_map_lookup_elem(&ubufs, &address);
}

#endif /* COUNT_SCOPE_H */
