// SPDX-License-Identifier: GPL-2.0
/*
 * A SEND that a signal interrupts, with a handler of SA_RESTART: the kernel may
 * restart it by itself only if nothing has been sent, or bytes would be sent
 * twice or not be counted. Seen from outside, by ptrace(2): the value with which
 * each system call ends, before the kernel decides whether to restart it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "harness.h"

#define CONTENT (400 * KIB)
#define SMALL_ROOM 16384
#define ENOUGH 4 /* of each kind of end */

/* The kernel's own numbers, which no system call lets out. */
#define KERNEL_ERESTARTSYS 512
#define KERNEL_ERESTARTNOINTR 513
#define KERNEL_ERESTART_RESTARTBLOCK 516

FIXTURE(restart)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	/* In memory that both processes see. */
	struct zcopy_send *send;
	struct zcopy_segment *segment;
};

FIXTURE_VARIANT(restart)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(restart, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(restart, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

FIXTURE_SETUP(restart)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 151);
	self->file = zt_memory_file(self->content, CONTENT);
	zt_pair_open(&self->pair, variant->family, SMALL_ROOM);
	self->send = mmap(NULL, zt_page_size(), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->send);
	self->segment = (void *)(self->send + 1);
	zcopy_segment_file(self->segment, self->file, 0, CONTENT);
	zcopy_send_init(self->send, self->pair.tx, self->segment, 1);
}

FIXTURE_TEARDOWN(restart)
{
	munmap(self->send, zt_page_size());
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static void ignore_signal(int signal)
{
}

/* The process that is watched: it sends all, whatever signals come. */
static _Noreturn void send_under_fire(FIXTURE_DATA(restart) * self)
{
	struct sigaction action = { .sa_handler = ignore_signal,
				    .sa_flags = SA_RESTART };

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	raise(SIGSTOP);
	if (sigaction(SIGALRM, &action, NULL))
		_exit(3);
	while (self->send->done < self->segment->len) {
		if (ioctl(self->dev, ZCOPY_IOC_SEND, self->send))
			_exit(4);
	}
	_exit(0);
}

struct seen {
	unsigned int short_ends; /* SENDs that ended with bytes, by a signal */
	unsigned int restarts;	 /* SENDs that the kernel will restart */
	unsigned int lost;	 /* of those: with bytes that had gone */
};

static bool is_restart(long long value)
{
	return value <= -KERNEL_ERESTARTSYS &&
	       value >= -KERNEL_ERESTART_RESTARTBLOCK;
}

/*
 * A SEND has ended. Its results are written before that, and the cursor with
 * them: out_sent is what has gone in this call, restarted or not.
 */
static void see_end(FIXTURE_DATA(restart) * self, long long value,
		    uint64_t before, struct seen *seen)
{
	if (is_restart(value)) {
		seen->restarts++;
		seen->lost += self->send->out_sent ||
			      self->send->done != before;
	} else if (!value && self->send->out_stop == ZCOPY_STOP_INTERRUPTED) {
		seen->short_ends++;
	}
}

static bool is_send(const struct user_regs_struct *regs)
{
	return regs->orig_rax == SYS_ioctl && regs->rsi == ZCOPY_IOC_SEND;
}

/* Read what is there, so that the next call has room. */
static void drain(FIXTURE_DATA(restart) * self, uint64_t *received, bool *wrong)
{
	static unsigned char came[CONTENT];
	ssize_t got = recv(self->pair.rx, came, sizeof(came), MSG_DONTWAIT);

	if (got <= 0)
		return;
	*wrong |= memcmp(self->content + *received, came, (size_t)got) != 0;
	*received += (uint64_t)got;
}

/*
 * Let the child go on to its next stop; false if it has ended. @shoot: with a
 * signal on the way. (A timer would do, but where three stops take longer than its
 * period nothing would be left but signals.)
 */
static bool next_stop(pid_t child, int *signal, int *status, bool shoot)
{
	if (ptrace(PTRACE_SYSCALL, child, NULL, (void *)(long)*signal))
		zt_die("ptrace");
	if (shoot) {
		poll(NULL, 0, 15);
		kill(child, SIGALRM);
	}
	if (waitpid(child, status, 0) != child)
		zt_die("waitpid");
	*signal = 0;
	return WIFSTOPPED(*status);
}

static int watch(FIXTURE_DATA(restart) * self, pid_t child, struct seen *seen)
{
	struct user_regs_struct regs;
	bool inside = false, in_send = false, wrong = false;
	uint64_t received = 0, before = 0;
	int status, signal = 0;

	while (next_stop(child, &signal, &status, in_send)) {
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = WSTOPSIG(status);
			continue;
		}
		if (ptrace(PTRACE_GETREGS, child, NULL, &regs))
			zt_die("PTRACE_GETREGS");
		inside = !inside;
		in_send = inside && is_send(&regs);
		if (!is_send(&regs))
			continue;
		if (inside)
			before = self->send->done;
		else
			see_end(self, (long long)regs.rax, before, seen);
		/* It blocks until enough has been seen; then it may finish. */
		if (!inside && seen->restarts >= ENOUGH)
			drain(self, &received, &wrong);
	}
	while (received < self->send->done && !wrong)
		drain(self, &received, &wrong);
	return wrong ? -1 : status;
}

static pid_t start_child(struct __test_metadata *_metadata,
			 FIXTURE_DATA(restart) * self)
{
	pid_t child = fork();
	int status;

	if (!child)
		send_under_fire(self);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0,
		  ptrace(PTRACE_SETOPTIONS, child, NULL,
			 (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)));
	return child;
}

TEST_F(restart, only_when_nothing_has_gone)
{
	struct seen seen = { 0 };
	pid_t child = start_child(_metadata, self);

	EXPECT_EQ(0, watch(self, child, &seen));
	TH_LOG("%u ended short, %u were restarted", seen.short_ends,
	       seen.restarts);
	EXPECT_EQ(0, seen.lost);
	EXPECT_LE(ENOUGH, seen.restarts);
	EXPECT_LT(0, seen.short_ends);
	EXPECT_EQ(CONTENT, self->send->done);
}

/*
 * A signal that comes as the call begins does not keep back what fits into the
 * socket: a process that is slow, with a timer that is fast, would send nothing.
 */
TEST_F(restart, not_before_the_first_byte)
{
	struct user_regs_struct regs;
	unsigned int sends = 0;
	int status, signal = 0;
	pid_t child;

	self->segment->len = 5000;
	child = start_child(_metadata, self);
	while (next_stop(child, &signal, &status, false)) {
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = WSTOPSIG(status);
			continue;
		}
		ASSERT_EQ(0, ptrace(PTRACE_GETREGS, child, NULL, &regs));
		/* Two stops for each: before it, and behind it. */
		if (is_send(&regs) && !(sends++ & 1))
			ASSERT_EQ(0, kill(child, SIGALRM));
	}
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, sends);
	EXPECT_EQ(5000, self->send->done);
	EXPECT_EQ(ZCOPY_STOP_COMPLETE, self->send->out_stop);
}

ZT_MAIN
