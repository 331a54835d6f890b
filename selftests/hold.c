// SPDX-License-Identifier: GPL-2.0
/*
 * For module.sh and soak.sh: hold the device in one way, say "ready", and wait for the end
 * of standard input. Then check what is held, and let go.
 *
 *	hold open	the open file
 *	hold map	a mapping, the file closed
 *	hold pipe	pages of the buffer in a pipe, the file closed
 *	hold socket	pages of the buffer in a socket, the file closed
 *	hold call	a SEND that blocks
 *	hold buffer MIB	nothing: make a buffer, and exit with the errno
 *	hold nothing	ask the kernel to unload the module, and exit with the errno
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

#define CONTENT (16 * KIB)

struct hold {
	int dev;
	unsigned char content[CONTENT];
	unsigned char came[CONTENT];
	unsigned char *map;
	int pipes[2];
	struct zt_pair pair;
	pthread_t thread;
};

static void keep_open(struct hold *hold)
{
}

static void map_and_close(struct hold *hold)
{
	hold->map = zcopy_map_buffer(hold->dev, CONTENT);
	if (!hold->map)
		zt_die("mmap");
	close(hold->dev);
}

static void splice_and_close(struct hold *hold)
{
	loff_t offset = 0;

	if (pipe(hold->pipes) || splice(hold->dev, &offset, hold->pipes[1],
					NULL, CONTENT, 0) != CONTENT)
		zt_die("splice");
	close(hold->dev);
}

static void send_and_close(struct hold *hold)
{
	struct zcopy_segment segment;
	struct zcopy_send send;

	zt_pair_open(&hold->pair, ZT_TCP4, 0);
	zcopy_segment_buffer(&segment, 0, CONTENT);
	zcopy_send_init(&send, hold->pair.tx, &segment, 1);
	if (zcopy_send_all(hold->dev, &send, NULL))
		zt_die("SEND");
	close(hold->dev);
}

static void *send_for_ever(void *arg)
{
	struct hold *hold = arg;
	struct zcopy_segment segment;
	struct zcopy_send send;

	zcopy_segment_zero(&segment, 1 * GIB);
	zcopy_send_init(&send, hold->pair.tx, &segment, 1);
	zcopy_send_all(hold->dev, &send, NULL);
	return NULL;
}

static bool is_full(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLOUT };

	return !poll(&pollfd, 1, 0);
}

/* The file is closed as well: only the call is left. */
static void call_and_close(struct hold *hold)
{
	zt_pair_open(&hold->pair, ZT_TCP4, 16384);
	if (pthread_create(&hold->thread, NULL, send_for_ever, hold) ||
	    !zt_wait_until(is_full, &hold->pair.tx, 20))
		zt_die("blocking SEND");
	close(hold->dev);
}

static bool still_good(struct hold *hold)
{
	const unsigned char *came = hold->came;
	size_t got = CONTENT;

	if (hold->map)
		came = hold->map;
	else if (hold->pipes[0])
		got = zt_read_full(hold->pipes[0], hold->came, CONTENT);
	else if (hold->pair.rx && !hold->thread)
		got = zt_read_full(hold->pair.rx, hold->came, CONTENT);
	else
		return true;
	return got == CONTENT && !memcmp(hold->content, came, CONTENT);
}

static const struct {
	const char *name;
	void (*take)(struct hold *hold);
} ways[] = {
	{ "open", keep_open },	      { "map", map_and_close },
	{ "pipe", splice_and_close }, { "socket", send_and_close },
	{ "call", call_and_close },
};

static int hold_until_told(struct hold *hold, const char *way)
{
	char byte;
	size_t i;

	zt_pattern(hold->content, CONTENT, 5);
	if (zcopy_set_buffer(hold->dev, CONTENT) ||
	    pwrite(hold->dev, hold->content, CONTENT, 0) != CONTENT)
		zt_die("buffer");
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!strcmp(ways[i].name, way))
			ways[i].take(hold);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return still_good(hold) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* rmmod(8) itself says no as long as the count is not 0, and does not ask. */
static int unload(void)
{
	if (syscall(SYS_delete_module, "zcopy", O_NONBLOCK))
		return errno;
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct hold *hold = calloc(1, sizeof(*hold));

	if (!hold || argc < 2)
		return EXIT_FAILURE;
	if (!strcmp(argv[1], "nothing"))
		return unload();
	hold->dev = zcopy_open();
	if (hold->dev < 0)
		zt_die(zcopy_device_path());
	if (strcmp(argv[1], "buffer"))
		return hold_until_told(hold, argv[1]);
	if (!zcopy_set_buffer(hold->dev, strtoull(argv[2], NULL, 10) * MIB))
		return EXIT_SUCCESS;
	return errno;
}
