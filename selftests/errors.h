/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs share that give SEND bad arguments: a connection on which
 * nothing may ever arrive, and a call whose inputs must stay as they were.
 */
#ifndef ZT_ERRORS_H
#define ZT_ERRORS_H

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

FIXTURE(errors)
{
	int dev;
	int file;
	struct zt_pair pair;
	size_t page;
	unsigned char *memory; /* two pages, then a hole */
	unsigned int descriptors;
};

FIXTURE_SETUP(errors)
{
	self->page = zt_page_size();
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 4 * self->page));
	self->memory = mmap(NULL, 3 * self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, munmap(self->memory + 2 * self->page, self->page));
	zt_pattern(self->memory, 2 * self->page, 41);
	self->file = zt_memory_file(self->memory, 2 * self->page);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	self->descriptors = zt_descriptors();
}

/* Whatever the test was: the connection is clean and still works. */
FIXTURE_TEARDOWN(errors)
{
	struct zcopy_segment good;
	struct zcopy_send send;
	char byte;

	EXPECT_EQ(self->descriptors, zt_descriptors());
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	zcopy_segment_file(&good, self->file, 0, self->page);
	zcopy_send_init(&send, self->pair.tx, &good, 1);
	EXPECT_EQ(0, zcopy_send_all(self->dev, &send, NULL));
	EXPECT_EQ(self->page,
		  zt_read_full(self->pair.rx, self->memory, self->page));
	/* No reference to the socket is left behind: its end is the end. */
	close(self->pair.tx);
	EXPECT_EQ(0, recv(self->pair.rx, &byte, 1, 0));
	close(self->pair.rx);
	close(self->file);
	close(self->dev);
}

/* errno of one SEND; its inputs must not change. */
static int send_error(int dev, struct zcopy_send *send)
{
	struct zcopy_send before = *send;
	int ret = ioctl(dev, ZCOPY_IOC_SEND, send);

	if (!ret)
		return 0;
	if (ret != -1 || memcmp(&before, send, 32))
		return -1;
	return errno;
}

#endif /* ZT_ERRORS_H */
