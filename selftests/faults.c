// SPDX-License-Identifier: GPL-2.0
/*
 * SEND with memory that is not there: the vector's, the results' and that of USER
 * segments. What can be known beforehand is refused before anything is sent.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

FIXTURE(faults)
{
	int dev;
	int file;
	struct zt_pair pair;
	size_t page;
	unsigned char *memory; /* two pages, then a hole */
	unsigned int descriptors;
};

FIXTURE_SETUP(faults)
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
FIXTURE_TEARDOWN(faults)
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

TEST_F(faults, segment_pointers)
{
	struct zcopy_segment *last = (void *)(self->memory + 2 * self->page -
					      sizeof(*last));
	void *const pointers[] = {
		NULL,
		(void *)1,
		self->memory + 2 * self->page,
		self->memory + 2 * self->page - 1,
		last,
		(void *)(UINTPTR_MAX << 47),
		(void *)UINTPTR_MAX,
	};
	struct zcopy_send send;
	size_t i;

	/* Of two segments, only the first one can be read. */
	zcopy_segment_zero(last, 1);
	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		zcopy_send_init(&send, self->pair.tx, pointers[i], 2);
		EXPECT_EQ(EFAULT, send_error(self->dev, &send));
	}
	/* Many segments reach far; the kernel must not go there. */
	zcopy_send_init(&send, self->pair.tx, last, ZCOPY_MAX_SEGMENTS);
	EXPECT_EQ(EFAULT, send_error(self->dev, &send));
}

/* Results that cannot be written must be found out before bytes move. */
TEST_F(faults, read_only_results)
{
	struct zcopy_segment *segment = (void *)(self->memory + self->page);
	struct zcopy_send *send = (void *)self->memory;
	struct zcopy_send own;

	zcopy_segment_file(segment, self->file, 0, 100);
	zcopy_send_init(send, self->pair.tx, segment, 1);
	own = *send;
	ASSERT_EQ(0, mprotect(self->memory, 2 * self->page, PROT_READ));
	EXPECT_EQ(EFAULT, send_error(self->dev, &own));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	ASSERT_EQ(0, mprotect(segment, self->page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EFAULT, send_error(self->dev, send));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	ASSERT_EQ(0,
		  mprotect(self->memory, self->page, PROT_READ | PROT_WRITE));
}

TEST_F(faults, user_memory_missing)
{
	void *const pointers[] = { NULL, (void *)1,
				   self->memory + 2 * self->page };
	struct zt_vector vector;
	struct zt_call call;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		zt_vector_init(&vector);
		zt_add_user(&vector, self->memory, 100)->offset = (uintptr_t)
			pointers[i];
		ASSERT_EQ(-1,
			  zt_send(self->dev, self->pair.tx, &vector, 0, &call));
		EXPECT_EQ(EFAULT, call.error);
		ASSERT_CONSISTENT(&call);
		EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, call.send.out_stop);
		zt_vector_free(&vector);
	}
}

/* Memory that ends: what is there is sent and counted, then EFAULT. */
TEST_F(faults, user_memory_ends)
{
	const size_t there = 2 * self->page - 5;
	unsigned char *came = zt_alloc(there);
	struct zt_vector vector;
	struct zt_call call;

	zt_vector_init(&vector);
	zt_add_user(&vector, self->memory + 5, there)->len = there + 1000;
	zt_add_zero(&vector, 10);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &vector, 0, &call));
	ASSERT_CONSISTENT(&call);
	EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, call.send.out_stop);
	EXPECT_EQ(EFAULT, call.send.out_error);
	EXPECT_EQ(0, call.send.out_segment);
	EXPECT_EQ(there, call.send.out_sent);
	EXPECT_EQ(there, call.send.out_copied);
	ASSERT_EQ(there, zt_read_full(self->pair.rx, came, there));
	EXPECT_EQ(0, memcmp(self->memory + 5, came, there));
	/* Nothing more can be had. */
	EXPECT_EQ(-1, zt_call(self->dev, &call));
	EXPECT_EQ(EFAULT, call.error);
	ASSERT_CONSISTENT(&call);
	EXPECT_EQ(there, call.send.done);
	zt_vector_free(&vector);
	free(came);
}

ZT_MAIN
