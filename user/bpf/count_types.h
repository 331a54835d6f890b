/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probes of zcopy count (BPF, in the kernel) and the program that
 * reads them (user space) agree on.
 */
#ifndef COUNT_TYPES_H
#define COUNT_TYPES_H

/* System calls by number; those of 32-bit programs are counted above them. */
#define COUNT_SYSCALLS 512
#define COUNT_COMPAT 512

/* In place of a system call's number. */
#define COUNT_IO_WORKER -1 /* io_uring's thread, or before its first call */
#define COUNT_SOFTIRQ -2   /* on whatever process was running just then */
#define COUNT_FAULT -3	   /* a page fault, not a system call */

/*
 * Every function that copies and that is watched: constant, the kernel's name
 * for it, what kind of copy it makes. No byte is counted by two of them.
 *
 * OUT   from the kernel to what an iov_iter describes: user memory or, which
 *	 the probe tells apart, other memory of the kernel
 * IN	 the other way
 * NET   within the kernel, between the buffers of packets
 * PAGE  whole pages, for copy-on-write
 *
 * Reads and writes in which none of the others had a part, and which were not
 * O_DIRECT, count for VFS_READ and VFS_WRITE: files of other kinds.
 */
#define COUNT_FUNCTIONS(X)                                         \
	X(FILEMAP_READ, "filemap_read", OUT)                       \
	X(SHMEM_READ, "shmem_file_read_iter", OUT)                 \
	X(PIPE_READ, "pipe_read", OUT)                             \
	X(SKB_TO_ITER, "skb_copy_datagram_iter", OUT)              \
	X(SKB_CSUM_TO_ITER, "skb_copy_and_csum_datagram_msg", OUT) \
	X(VFS_READ, "vfs_read", OUT)                               \
	X(GENERIC_WRITE, "generic_perform_write", IN)              \
	X(IOMAP_WRITE, "iomap_file_buffered_write", IN)            \
	X(PIPE_WRITE, "pipe_write", IN)                            \
	X(TCP_SENDMSG, "tcp_sendmsg_locked", IN)                   \
	X(MPTCP_SENDMSG, "mptcp_sendmsg", IN)                      \
	X(SKB_FROM_ITER, "skb_copy_datagram_from_iter", IN)        \
	X(GETFRAG, "ip_generic_getfrag", IN)                       \
	X(SK_MSG_FROM_ITER, "sk_msg_memcopy_from_iter", IN)        \
	X(VFS_WRITE, "vfs_write", IN)                              \
	X(SKB_COPY_BITS, "skb_copy_bits", NET)                     \
	X(SKB_COPY_AND_CSUM_BITS, "skb_copy_and_csum_bits", NET)   \
	X(SKB_COPY_UBUFS, "skb_copy_ubufs", NET)                   \
	X(PSKB_COPY, "__pskb_copy_fclone", NET)                    \
	X(PSKB_EXPAND_HEAD, "pskb_expand_head", NET)               \
	X(COPY_MC_TO_KERNEL, "copy_mc_to_kernel", PAGE)

#define COUNT_FUNCTION_ENUM(constant, name, kind) COUNT_##constant,
enum count_function { COUNT_FUNCTIONS(COUNT_FUNCTION_ENUM) COUNT_NR_FUNCTIONS };

/**
 * struct count_copy_key - whose copies
 * @function: enum count_function
 * @kernel: both sides were the kernel's memory (kinds OUT and IN only)
 * @syscall: the number of the system call that made it, or COUNT_SOFTIRQ, ...
 */
struct count_copy_key {
	unsigned short function;
	unsigned short kernel;
	int syscall;
};

struct count_copy {
	unsigned long long calls;
	unsigned long long bytes;
};

/* A network device; their numbers start again in each network namespace. */
struct count_device_key {
	int index;
	char name[16];
};

/**
 * struct count_device - what was handed to it
 * @packets: buffers, each of which may leave as several frames (TSO)
 * @header: bytes of link, network and transport headers
 * @linear: bytes of payload in the buffer itself: these were copied there
 * @fragments: bytes of payload in pages that the buffer refers to
 */
struct count_device {
	unsigned long long packets;
	unsigned long long header;
	unsigned long long linear;
	unsigned long long fragments;
};

/**
 * struct count_syscalls - how often each of them was made
 * @times: by number, those of 32-bit programs from COUNT_COMPAT on
 */
struct count_syscalls {
	unsigned long long times[COUNT_SYSCALLS + COUNT_COMPAT];
};

/**
 * struct count_totals - all other figures
 * @faults_user: page faults taken by the programs themselves: crossings
 * @faults_kernel: page faults that the kernel took on the programs' memory
 * @payload: bytes that sockets took from the programs
 * @sends: system calls that handed any of them over
 * @received: bytes that the programs took from sockets
 * @referred: bytes put into sockets by reference to pages
 * @pinned: bytes put into sockets by reference to user memory (MSG_ZEROCOPY)
 * @piped: bytes put into pipes by reference to pages
 * @block_reads: requests to block devices for which memory is filled by DMA
 * @block_read: bytes of them
 * @block_writes: the same, the other way
 * @block_written: bytes of them
 */
struct count_totals {
	unsigned long long faults_user;
	unsigned long long faults_kernel;
	unsigned long long payload;
	unsigned long long sends;
	unsigned long long received;
	unsigned long long referred;
	unsigned long long pinned;
	unsigned long long piped;
	unsigned long long block_reads;
	unsigned long long block_read;
	unsigned long long block_writes;
	unsigned long long block_written;
};

/**
 * struct count_task - one thread that is counted; only itself writes to it
 * @waiting: nothing is counted before it has become another program
 * @syscall: the system call that it is in
 * @sending: functions that feed a socket, one inside the other, right now
 * @sent: one of them has taken something in this system call
 * @copied: bytes that were copied in this system call
 * @referred: bytes put into a socket by reference in this sendmsg
 */
struct count_task {
	unsigned int waiting;
	int syscall;
	unsigned int sending;
	unsigned int sent;
	unsigned long long copied;
	unsigned long long referred;
};

#endif /* COUNT_TYPES_H */
