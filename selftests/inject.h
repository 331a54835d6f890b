/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures on demand, in the way of /proc/PID/fail-nth: of all that the calling
 * thread asks the kernel for from now on, memory and copies from and to user
 * space, the Nth is refused. For kernels that were built with
 * CONFIG_FAULT_INJECTION; what other threads do does not count.
 */
#ifndef ZT_INJECT_H
#define ZT_INJECT_H

#include <stdbool.h>

/*
 * Have the kernel fail all kinds of requests, without a word in its log.
 * Returns NULL, or why that is not possible.
 */
const char *zt_inject_prepare(void);

/* A thread's own switch: open it in the thread that uses it. */
int zt_inject_open(void);
/* From here on the @nth request of this thread fails; once. */
void zt_inject_arm(int fd, unsigned int nth);
/* The end of it. Returns whether a request has failed since zt_inject_arm(). */
bool zt_inject_disarm(int fd);

/* Failures of all tests, each of which runs in a process of its own. */
extern unsigned int *zt_inject_total;
/* Have their number printed when this process, no child of it, ends. */
void zt_inject_report(void);

/* For programs that are run only where failures can be had; after harness.h. */
#define ZT_INJECT_MAIN                                      \
	int main(int argc, char **argv)                     \
	{                                                   \
		const char *reason = zt_inject_prepare();   \
                                                            \
		if (reason)                                 \
			ksft_exit_fail_msg("%s\n", reason); \
		zt_inject_report();                         \
		return zt_main(argc, argv);                 \
	}

#endif /* ZT_INJECT_H */
