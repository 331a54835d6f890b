// SPDX-License-Identifier: GPL-2.0
/*
 * Another process that has the file mapped all the while, and says what it sees.
 * It is told by single bytes over a socket, and answers with one.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "matrix.h"

enum order { ORDER_FORGET = 'f', ORDER_COMPARE = 'c' };

static bool reads_the_same(const struct mx_source *source)
{
	unsigned char part[16 * KIB];
	size_t at, len;

	for (at = 0; at < MX_CONTENT; at += len) {
		len = MX_CONTENT - at < sizeof(part) ? MX_CONTENT - at
						     : sizeof(part);
		if (pread(mx_source_reader(source), part, len, (off_t)at) !=
			    (ssize_t)len ||
		    memcmp(part, source->content + at, len) != 0)
			return false;
	}
	return true;
}

static void *map(const struct mx_source *source)
{
	return mmap(NULL, MX_CONTENT, PROT_READ, MAP_SHARED, source->file, 0);
}

static bool compare(const struct mx_source *source, const void *held)
{
	void *fresh = map(source);
	bool same = fresh != MAP_FAILED &&
		    !memcmp(fresh, source->content, MX_CONTENT);

	munmap(fresh, MX_CONTENT);
	return same && reads_the_same(source) &&
	       !memcmp(held, source->content, MX_CONTENT);
}

static void watch(const struct mx_source *source, int leash)
{
	void *held = map(source);
	char order, answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (held == MAP_FAILED)
		_exit(1);
	while (read(leash, &order, 1) == 1) {
		answer = order == ORDER_COMPARE
				 ? compare(source, held)
				 : !madvise(held, MX_CONTENT, MADV_DONTNEED);
		if (write(leash, &answer, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static bool tell(struct mx_witness *witness, char order)
{
	char answer = 0;

	return write(witness->leash, &order, 1) == 1 &&
	       read(witness->leash, &answer, 1) == 1 && answer;
}

void mx_witness_start(struct mx_witness *witness,
		      const struct mx_source *source)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		zt_die("socketpair");
	witness->pid = fork();
	if (witness->pid < 0)
		zt_die("fork");
	if (!witness->pid) {
		close(ends[0]);
		watch(source, ends[1]);
	}
	close(ends[1]);
	witness->leash = ends[0];
}

void mx_witness_forget(struct mx_witness *witness)
{
	mx_check(tell(witness, ORDER_FORGET), "the witness is gone");
}

bool mx_witness_agrees(struct mx_witness *witness)
{
	return tell(witness, ORDER_COMPARE);
}

void mx_witness_end(struct mx_witness *witness)
{
	close(witness->leash);
	waitpid(witness->pid, NULL, 0);
}
