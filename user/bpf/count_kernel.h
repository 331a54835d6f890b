/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of kernel structs that the probes read. Offsets come from the
 * running kernel's BTF (CO-RE), so that only names and nesting matter here.
 */
#ifndef COUNT_KERNEL_H
#define COUNT_KERNEL_H

#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/in.h>
#include <stdbool.h>

#define MSG_PEEK 2

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

struct thread_info {
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
};

struct list_head {
	struct list_head *next;
};

/* Their numbers differ from kernel to kernel, too. */
enum iter_type {
	ITER_UBUF,
	ITER_IOVEC,
	ITER_PIPE,
};

struct iov_iter {
	u8 iter_type;
	unsigned long count;
};

struct ubuf_info;

struct msghdr {
	struct iov_iter msg_iter;
	struct ubuf_info *msg_ubuf;
};

struct file {
	unsigned int f_flags;
};

struct sock_common {
	struct {
		long long counter;
	} skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	struct sk_buff *next;
	struct sock *sk;
	u32 len;
	u32 data_len;
	u16 transport_header;
	u32 tail;
	u32 end;
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_info {
	struct sk_buff *frag_list;
	void *destructor_arg;
};

struct net_device {
	char name[16];
	int ifindex;
	struct {
		struct list_head upper;
		struct list_head lower;
	} adj_list;
};

struct request_queue {
	const void *mq_ops;
};

struct block_device {
	struct request_queue *bd_queue;
};

struct bvec_iter {
	unsigned int bi_size;
};

struct bio {
	struct block_device *bi_bdev;
	unsigned int bi_opf;
	struct bvec_iter bi_iter;
};

struct crypto_async_request {
	void *complete;
};

struct aead_request {
	struct crypto_async_request base;
	unsigned int cryptlen;
};

/* Where the preemption count is, in some kernels. */
struct pcpu_hot {
	int preempt_count;
};

#pragma clang attribute pop

struct page;
struct folio;
struct pipe_inode_info;
struct pipe_buffer;
struct splice_pipe_desc;
struct linux_binprm;

#endif /* COUNT_KERNEL_H */
