// SPDX-License-Identifier: GPL-2.0
/*
 * The probes of zcopy count: who is counted, crossings, and what enters and
 * leaves sockets, pipes and devices. Copies are in count_copy.h.
 *
 * Probes whose function this kernel does not have are left out by user space;
 * several of them exist for one range of kernels only.
 */
#include "count_scope.h"
#include "count_maps.h"
#include "count_copy.h"

char LICENSE[] SEC("license") = "GPL";

/* Bits of thread_info.status on x86: a 32-bit system call. */
#define STATUS_COMPAT 0x2

/*
 * Who is counted
 */

SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *task, u64 clone_flags)
{
	if (this_task())
		task_add(task->pid);
	return 0;
}

static __always_inline void count_syscall(u64 index)
{
	struct count_syscalls *all;
	u32 zero = 0;

	all = bpf_map_lookup_elem(&syscalls, &zero);
	if (!all)
		return;
	/* In range anyway, but the verifier has to see it happen. */
	asm volatile("" : "+r"(index));
	index &= COUNT_SYSCALLS + COUNT_COMPAT - 1;
	add(&all->times[index], 1);
}

/* A thread that replaces its process by a program takes the leader's number. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid,
	     struct linux_binprm *binprm)
{
	struct count_task *counted;
	u32 old = old_pid, new = task->pid;

	counted = bpf_map_lookup_elem(&tasks, &old);
	if (!counted)
		return 0;
	if (counted->waiting) {
		counted->waiting = 0;
		count_syscall(counted->syscall);
	}
	if (old != new) {
		bpf_map_update_elem(&tasks, &new, counted, BPF_ANY);
		bpf_map_delete_elem(&tasks, &old);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	u32 thread = task->pid;

	bpf_map_delete_elem(&tasks, &thread);
	return 0;
}

/*
 * Crossings
 */

static __always_inline bool is_compat(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_core_field_exists(task->thread_info.status) &&
	       task->thread_info.status & STATUS_COMPAT;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long number)
{
	struct count_task *task = any_task();
	u32 index = number;

	if (!task || index >= COUNT_SYSCALLS)
		return 0;
	if (is_compat())
		index += COUNT_COMPAT;
	task->syscall = index;
	task->sending = 0;
	task->sent = 0;
	task->copied = 0;
	if (!task->waiting)
		count_syscall(index);
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(fault_user, unsigned long address)
{
	if (this_task())
		add_total(faults_user, 1);
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(fault_kernel, unsigned long address)
{
	if (this_task() && !in_interrupt())
		add_total(faults_kernel, 1);
	return 0;
}

/*
 * Into and out of sockets
 *
 * A protocol may hand what it is given to another function of this kind (a
 * ->sendpage() that copies, for one): the outermost one counts.
 */

static __always_inline int send_begin(struct sock *sk)
{
	struct count_task *task = this_task();

	if (!task)
		return 0;
	socket_add(sk);
	task->sending++;
	return 0;
}

static __always_inline int send_end(long ret)
{
	struct count_task *task = this_task();

	if (!task || !task->sending || --task->sending || ret <= 0)
		return 0;
	add_total(payload, ret);
	if (!task->sent)
		add_total(sends, 1);
	task->sent = task->syscall != COUNT_IO_WORKER;
	return 0;
}

#define SENDMSG(function)                                   \
	SEC("fentry/" #function)                            \
	int BPF_PROG(function##_begin, struct socket *sock, \
		     struct msghdr *msg)                    \
	{                                                   \
		ubuf_mark(msg->msg_ubuf, this_task());      \
		return send_begin(sock->sk);                \
	}                                                   \
	SEC("fexit/" #function)                             \
	int BPF_PROG(function##_end)                        \
	{                                                   \
		return send_end((int)returned(ctx));        \
	}

SENDMSG(inet_sendmsg)
SENDMSG(inet6_sendmsg)
SENDMSG(unix_stream_sendmsg)
SENDMSG(unix_dgram_sendmsg)
SENDMSG(vsock_connectible_sendmsg)

/* Kernels before 6.5. */
SEC("fentry/inet_sendpage")
int BPF_PROG(inet_sendpage_begin, struct socket *sock)
{
	return send_begin(sock->sk);
}

SEC("fexit/inet_sendpage")
int BPF_PROG(inet_sendpage_end)
{
	return send_end(returned(ctx));
}

/* What a module that holds the socket's lock calls. */
SEC("fentry/tcp_sendpage_locked")
int BPF_PROG(tcp_sendpage_locked_begin, struct sock *sk)
{
	return send_begin(sk);
}

SEC("fexit/tcp_sendpage_locked")
int BPF_PROG(tcp_sendpage_locked_end)
{
	return send_end((int)returned(ctx));
}

static __always_inline int receive(struct socket *sock, int flags, long ret)
{
	if (!this_task())
		return 0;
	socket_add(sock->sk);
	if (ret > 0 && !(flags & MSG_PEEK))
		add_total(received, ret);
	return 0;
}

#define RECVMSG(function)                                        \
	SEC("fexit/" #function)                                  \
	int BPF_PROG(function, struct socket *sock, void *msg,   \
		     unsigned long size, int flags)              \
	{                                                        \
		return receive(sock, flags, (int)returned(ctx)); \
	}

RECVMSG(inet_recvmsg)
RECVMSG(inet6_recvmsg)
RECVMSG(unix_stream_recvmsg)
RECVMSG(unix_dgram_recvmsg)
RECVMSG(vsock_connectible_recvmsg)

/*
 * By reference
 */

static __always_inline int refer(long ret)
{
	struct count_task *task = this_task();

	if (ret <= 0 || !task)
		return 0;
	task->referred += ret;
	add_total(referred, ret);
	return 0;
}

SEC("fexit/skb_splice_from_iter")
int BPF_PROG(skb_splice_from_iter)
{
	return refer(returned(ctx));
}

/* Kernels before 6.5: these two. */
SEC("fexit/do_tcp_sendpages")
int BPF_PROG(do_tcp_sendpages)
{
	return refer(returned(ctx));
}

SEC("fentry/unix_stream_sendpage")
int BPF_PROG(unix_stream_sendpage_begin, struct socket *sock)
{
	return send_begin(sock->sk);
}

SEC("fexit/unix_stream_sendpage")
int BPF_PROG(unix_stream_sendpage_end)
{
	refer(returned(ctx));
	return send_end(returned(ctx));
}

/* MSG_ZEROCOPY asks for a descriptor for what it is about to send. */
SEC("fexit/msg_zerocopy_realloc")
int BPF_PROG(msg_zerocopy_realloc)
{
	ubuf_mark((void *)returned(ctx), this_task());
	return 0;
}

SEC("fexit/skb_zerocopy_iter_stream")
int BPF_PROG(skb_zerocopy_iter_stream)
{
	struct count_task *task = this_task();
	int ret = returned(ctx);

	if (ret <= 0 || !task)
		return 0;
	task->referred += ret;
	add_total(pinned, ret);
	return 0;
}

#define PIPED(function)                        \
	SEC("fexit/" #function)                \
	int BPF_PROG(function)                 \
	{                                      \
		long ret = returned(ctx);      \
                                               \
		if (ret > 0 && this_task())    \
			add_total(piped, ret); \
		return 0;                      \
	}

PIPED(splice_folio_into_pipe)
PIPED(add_to_pipe)
PIPED(splice_to_pipe)

/*
 * Devices
 */

/* Devices that have no queue of requests keep their blocks in memory. */
SEC("tp_btf/block_bio_queue")
int BPF_PROG(block_bio_queue, struct bio *bio)
{
	u32 operation = bio->bi_opf & 0xff;
	u32 bytes = bio->bi_iter.bi_size;

	if (!bytes || !this_task() || !bio->bi_bdev->bd_queue->mq_ops)
		return 0;
	if (operation == 0) {
		add_total(block_reads, 1);
		add_total(block_read, bytes);
	} else if (operation == 1) {
		add_total(block_writes, 1);
		add_total(block_written, bytes);
	}
	return 0;
}

/* From the link header, where the data begins now, to the payload. */
static __always_inline u32 header_length(const struct sk_buff *skb,
					 const struct sock *sk, u32 linear)
{
	u16 transport = skb->transport_header;
	const u8 *at = skb->head + transport;
	u32 length = at - skb->data;
	u8 words = 0;

	if (transport == (u16)~0 || length > linear)
		return 0;
	switch (sk->sk_protocol) {
	case IPPROTO_TCP:
		bpf_probe_read_kernel(&words, sizeof(words), at + 12);
		length += (words >> 4) * 4;
		break;
	case IPPROTO_UDP:
		length += 8;
		break;
	}
	return length < linear ? length : linear;
}

/*
 * A device that stands on others (a bond, a VLAN) passes its packets on: they
 * are counted where they arrive.
 */
SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	const struct list_head *lower = &dev->adj_list.lower;
	struct count_device_key key = { .index = dev->ifindex };
	const struct sock *sk = skb->sk;
	struct count_device *device;
	u32 linear, header;

	if (!sk || !socket_is_ours(sk) || lower->next != lower)
		return 0;
	bpf_probe_read_kernel(key.name, sizeof(key.name), dev->name);
	device = get_device(&key);
	if (!device)
		return 0;
	linear = skb->len - skb->data_len;
	header = header_length(skb, sk, linear);
	add(&device->packets, 1);
	add(&device->header, header);
	add(&device->linear, linear - header);
	add(&device->fragments, skb->data_len);
	return 0;
}

/*
 * Encryption. Who asked for it is told by the function that is to be called
 * when it is done: user space knows its name.
 */
SEC("fentry/crypto_aead_encrypt")
int BPF_PROG(aead_encrypt, struct aead_request *request)
{
	u64 complete = (u64)request->base.complete;
	struct count_copy *count;

	if (!this_task())
		return 0;
	count = get_encrypted(&complete);
	if (!count)
		return 0;
	add(&count->calls, 1);
	add(&count->bytes, request->cryptlen);
	return 0;
}
