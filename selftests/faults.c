// SPDX-License-Identifier: GPL-2.0
/*
 * SEND with memory that is not there: the vector's, the results' and that of USER
 * segments. What can be known beforehand is refused before anything is sent.
 */
#include "errors.h"

TEST_F(errors, segment_pointers)
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
TEST_F(errors, read_only_results)
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

TEST_F(errors, user_memory_missing)
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
TEST_F(errors, user_memory_ends)
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
