// SPDX-License-Identifier: GPL-2.0
/* Failures on demand. See inject.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"
#include "util.h"

#define KNOBS "/sys/kernel/debug/"

unsigned int *zt_inject_total;

/* Those without which the tests would find nothing; each has its knobs. */
static const char *const kinds[] = {
	"failslab",
	"fail_page_alloc",
	"fail_usercopy",
};

static const struct {
	const char *name;
	const char *value;
} knobs[] = {
	/* A trace of each failure would look as if the kernel complained. */
	{ "verbose", "0" },
	/* By default only requests that cannot wait fail. */
	{ "ignore-gfp-wait", "N" },
	{ "ignore-gfp-highmem", "N" },
	{ "min-order", "0" },
};

/* Not every kind has every knob. */
static bool set_knobs(const char *kind)
{
	bool found = false;
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		snprintf(path, sizeof(path), KNOBS "%s/%s", kind,
			 knobs[i].name);
		if (access(path, W_OK))
			continue;
		if (!zt_write_line(path, knobs[i].value))
			zt_die(path);
		found = true;
	}
	return found;
}

const char *zt_inject_prepare(void)
{
	size_t i;

	zt_inject_total = mmap(NULL, sizeof(*zt_inject_total),
			       PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (zt_inject_total == MAP_FAILED)
		zt_die("mmap");
	if (access("/proc/thread-self/fail-nth", W_OK))
		return "the kernel was built without FAULT_INJECTION";
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!set_knobs(kinds[i]))
			return "the kernel lacks a kind of failure, or debugfs";
	}
	return NULL;
}

static pid_t reporter;

static void report(void)
{
	if (getpid() == reporter)
		printf("# %u failures injected\n", *zt_inject_total);
}

void zt_inject_report(void)
{
	reporter = getpid();
	if (atexit(report))
		zt_die("atexit");
}

/*
 * The C library has the kernel tell each thread on which processor it is, in the
 * thread's own memory. Another thread's fork() makes that copy-on-write; where the
 * copy is what fails, the kernel ends the process with SIGSEGV.
 */
static void forget_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	/* At least so long it is, whatever __rseq_size says is in use. */
	if (__rseq_size && syscall(SYS_rseq, area, sizeof(struct rseq),
				   RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		zt_die("rseq");
}

int zt_inject_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		zt_die("fail-nth");
	forget_rseq();
	return fd;
}

void zt_inject_arm(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fd, text, (size_t)len, 0) != len)
		zt_die("fail-nth");
}

/*
 * Reading and writing the switch copy from and to user space, so the failure
 * may strike here: then it has not struck before.
 */
bool zt_inject_disarm(int fd)
{
	char text[16] = "";
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	bool struck = got > 0 && atoi(text) == 0;

	if (got < 0 && errno != EFAULT)
		zt_die("fail-nth");
	if (pwrite(fd, "0", 1, 0) != 1 && pwrite(fd, "0", 1, 0) != 1)
		zt_die("fail-nth");
	return struck;
}
