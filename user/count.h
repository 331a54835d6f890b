/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zcopy count: copies and crossings of other programs, by probes in the kernel
 * (bpf/). Probes are attached as long as a struct probes is open; its file
 * descriptors hold them, so that they go when this process does, however it
 * ends.
 */
#ifndef COUNT_H
#define COUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "bpf/count_types.h"

struct probes;

/* A copying function and the system call that it worked for. */
struct count_copied {
	struct count_copy_key key;
	struct count_copy value;
};

struct count_net {
	struct count_device_key key;
	struct count_device value;
};

/* Bytes encrypted for whoever has this completion function. */
struct count_cipher {
	char name[64];
	struct count_copy value;
};

#define COUNT_MOST_DEVICES 64
#define COUNT_MOST_CIPHERS 8
#define COUNT_MOST_COPIES 1024

/**
 * struct figures - all that the probes have counted
 * @totals: see there
 * @syscalls: by number, those of 32-bit programs from COUNT_COMPAT on
 * @copies: by function and system call, the largest first
 * @nr_copies: how many
 * @nets: network devices
 * @nr_nets: how many
 * @ciphers: who had something encrypted
 * @nr_ciphers: how many
 * @probe_runs: how often probes ran
 * @probe_seconds: how long they took, all CPUs together
 * @probe_misses: how often one could not run: if not 0, figures are low
 */
struct figures {
	struct count_totals totals;
	uint64_t syscalls[COUNT_SYSCALLS + COUNT_COMPAT];
	struct count_copied copies[COUNT_MOST_COPIES];
	unsigned int nr_copies;
	struct count_net nets[COUNT_MOST_DEVICES];
	unsigned int nr_nets;
	struct count_cipher ciphers[COUNT_MOST_CIPHERS];
	unsigned int nr_ciphers;
	uint64_t probe_runs;
	double probe_seconds;
	uint64_t probe_misses;
};

/**
 * struct sums - what follows from the figures
 * @syscalls: system calls
 * @crossings: into the kernel and out of it: calls and faults, both ways
 * @to_user: bytes that the CPU copied from the kernel to user memory
 * @from_user: the other way
 * @in_kernel: bytes that it copied for a system call without leaving the kernel
 * @packets: bytes that it copied between the buffers of packets
 * @cpu: these four together
 * @pages: whole pages, for copy-on-write; not in @cpu
 * @encrypted: bytes encrypted for kTLS
 * @linear: payload handed to network devices in the packets' own buffers
 * @fragments: payload handed to them by reference to pages
 * @headers: headers handed to them
 * @device: bytes of payload and files that devices move by themselves
 */
struct sums {
	uint64_t syscalls;
	uint64_t crossings;
	uint64_t to_user;
	uint64_t from_user;
	uint64_t in_kernel;
	uint64_t packets;
	uint64_t cpu;
	uint64_t pages;
	uint64_t encrypted;
	uint64_t linear;
	uint64_t fragments;
	uint64_t headers;
	uint64_t device;
};

/*
 * Can this process count on this kernel? Says why not. Returns an exit status.
 */
int count_check(void);

/* Returns an exit status; after a failure, what was wrong has been said. */
int probes_open(struct probes **probes, bool verbose);
void probes_close(struct probes *probes);

/* What this kernel gives no way to see; NULL behind the last one. */
const char *probes_note(const struct probes *probes, unsigned int index);

/*
 * Count a thread, and all that it starts. Threads are numbered as the kernel
 * does it, which is as in the first PID namespace. Returns 0 or -1 with errno.
 */
int probes_add(const struct probes *probes, pid_t thread);
int probes_remove(const struct probes *probes, pid_t thread);
/* All threads of a process and of its descendants; returns how many. */
unsigned int probes_add_tree(const struct probes *probes, pid_t pid);

/* Both return 0 or -1 with errno. */
int probes_reset(const struct probes *probes);
int probes_read(const struct probes *probes, struct figures *figures);

/*
 * Packets may still be on their way when a program has ended. Wait until
 * nothing more is counted, for two seconds at most, and read the figures.
 */
int probes_settle(const struct probes *probes, struct figures *figures);

void figures_sum(const struct figures *figures, struct sums *sums);

/* "openat", "32-bit 5", "io_uring worker", "softirq". Returns @text. */
char *syscall_text(char *text, size_t size, int number);
const char *copy_function_name(unsigned int function);
/* "to user", "from user", "in kernel", "packets", "pages" */
const char *copy_kind_name(const struct count_copy_key *key);

/**
 * struct subject - what was counted
 * @command: the program and its arguments, or NULL
 * @pid: a process that was there before
 * @wait_status: how the program ended, as of waitpid(2)
 * @ended: it did
 * @seconds: how long it was counted
 * @payload: what everything is divided by, if the user says so; or 0
 */
struct subject {
	char *const *command;
	pid_t pid;
	int wait_status;
	bool ended;
	double seconds;
	uint64_t payload;
};

/* Is it there at all? Says so if not. Returns an exit status. */
int count_find(const struct subject *subject);

/*
 * Count a program that is started here, or a process that is there, until it
 * ends, @limit seconds have passed (0 for no limit) or a signal comes. Return
 * an exit status.
 */
int count_run(const struct probes *probes, struct subject *subject);
int count_attach(const struct probes *probes, struct subject *subject,
		 double limit);

/* What figures are divided by: what sockets took, or what the user says. */
uint64_t count_payload(const struct figures *figures,
		       const struct subject *subject);

void count_print(FILE *stream, const struct probes *probes,
		 const struct figures *figures, const struct subject *subject);
/* A new object, the caller's. */
json_t *count_json(const struct probes *probes, const struct figures *figures,
		   const struct subject *subject);
/* Parts of it, for the table's rows. */
json_t *count_json_copies(const struct figures *figures);
json_t *count_json_syscalls(const struct figures *figures);
json_t *count_json_devices(const struct figures *figures);

#endif /* COUNT_H */
