/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs on the socket's side share: connections of each kind that
 * are too small for the file, and signals that are counted. SIGPIPE must never
 * come, in any test.
 */
#ifndef ZT_SOCKETS_H
#define ZT_SOCKETS_H

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

#define CONTENT MIB
#define SMALL_ROOM 16384

FIXTURE(sockets)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;	 /* small: CONTENT never fits */
	struct zt_vector vector; /* all of the file */
	struct zt_call call;
};

FIXTURE_VARIANT(sockets)
{
	enum zt_family family;
	bool tcp;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(sockets, tcp4) {
	.family = ZT_TCP4,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(sockets, tcp6) {
	.family = ZT_TCP6,
	.tcp = true,
};

FIXTURE_VARIANT_ADD(sockets, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

static sig_atomic_t sigpipes, alarms;

static void count_signal(int signal)
{
	if (signal == SIGPIPE)
		sigpipes++;
	else
		alarms++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = count_signal,
				    .sa_flags = flags };

	if (sigaction(signal, &action, NULL))
		zt_die("sigaction");
}

FIXTURE_SETUP(sockets)
{
	handle(SIGPIPE, 0);
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 51);
	self->file = zt_memory_file(self->content, CONTENT);
	zt_pair_open(&self->pair, variant->family, SMALL_ROOM);
	zt_vector_init(&self->vector);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
}

FIXTURE_TEARDOWN(sockets)
{
	EXPECT_EQ(0, sigpipes);
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

#endif /* ZT_SOCKETS_H */
