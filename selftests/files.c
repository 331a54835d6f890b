// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments from regular files: on disk, in memory, on top of another file
 * system, sparse, huge, cold, and files that change their length meanwhile.
 * What is not a regular file is in special.c.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "harness.h"

#define CONTENT (2 * MIB + 12345)

FIXTURE(files)
{
	int dev;
	int file;
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
	bool may_copy;
};

FIXTURE_VARIANT(files)
{
	const char *dir; /* NULL: zt_disk_dir(); "": tmpfs */
	bool large_pages;
	bool layered; /* perhaps a file system on top of another one */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(files, disk) {
	.dir = NULL,
};

FIXTURE_VARIANT_ADD(files, memory) {
	.dir = "",
};

/* tmpfs of huge pages: folios that are larger than a page. */
FIXTURE_VARIANT_ADD(files, large_pages) {
	.dir = "/tmp",
	.large_pages = true,
};

/* In the rig's VMs, the root is an overlay. */
FIXTURE_VARIANT_ADD(files, root) {
	.dir = "/var/tmp",
	.layered = true,
};
/* clang-format on */

static const char *no_large_pages(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "cannot get a mount namespace";
	if (mount("none", "/tmp", "tmpfs", 0, "huge=always"))
		return "tmpfs without huge pages";
	return NULL;
}

FIXTURE_SETUP(files)
{
	const char *reason = variant->large_pages ? no_large_pages() : NULL;

	if (reason && zt_user_mode_linux())
		SKIP(return, "user-mode Linux has no huge pages");
	if (reason)
		ZT_SKIP("%s", reason);
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 61);
	if (variant->dir && !*variant->dir)
		self->file = zt_memory_file(self->content, CONTENT);
	else
		self->file = zt_file(variant->dir ?: zt_disk_dir(),
				     self->content, CONTENT);
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(files)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->content);
}

static void transfer(struct __test_metadata *_metadata,
		     FIXTURE_DATA(files) * self)
{
	struct zt_receiver receiver;

	zt_receiver_start(&receiver, self->pair.rx, self->vector.bytes,
			  self->vector.len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call))
	TH_LOG("%s", strerror(self->call.error));
	ASSERT_COMPLETE(&self->call);
	if (!self->may_copy)
		EXPECT_EQ(zt_must_copy(&self->vector),
			  self->call.send.out_copied);
	ASSERT_STREQ("", zt_receiver_finish(&receiver));
}

TEST_F(files, whole)
{
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT)->len =
		ZCOPY_TO_END;
	transfer(_metadata, self);
}

TEST_F(files, odd_pieces)
{
	uint64_t state = 7;
	int i;

	for (i = 0; i < 200; i++) {
		size_t len = zt_random(&state) % 30000;
		size_t offset = zt_random(&state) % (CONTENT - len);

		zt_add_file(&self->vector, self->file, self->content, offset,
			    len);
	}
	transfer(_metadata, self);
}

/* Nothing of it in memory: it is read while it is sent. */
TEST_F(files, cold)
{
	zt_drop_cache(self->file);
	zt_add_file(&self->vector, self->file, self->content, 4097,
		    CONTENT - 4097);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	transfer(_metadata, self);
}

TEST_F(files, cold_and_read_at_random)
{
	uint64_t state = 8;
	int i;

	zt_drop_cache(self->file);
	ASSERT_EQ(0, posix_fadvise(self->file, 0, 0, POSIX_FADV_RANDOM));
	for (i = 0; i < 100; i++)
		zt_add_file(&self->vector, self->file, self->content,
			    zt_random(&state) % (CONTENT - 9000),
			    zt_random(&state) % 9000);
	transfer(_metadata, self);
}

/* Data that is only in the page cache so far, some by way of a mapping. */
TEST_F(files, dirty)
{
	unsigned char *map = mmap(NULL, CONTENT, PROT_READ | PROT_WRITE,
				  MAP_SHARED, self->file, 0);

	ASSERT_NE(MAP_FAILED, map);
	zt_pattern(map + 100000, 100000, 62);
	zt_pattern(self->content + 100000, 100000, 62);
	ASSERT_EQ(10, pwrite(self->file, "0123456789", 10, 5000));
	memcpy(self->content + 5000, "0123456789", 10);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	transfer(_metadata, self);
	munmap(map, CONTENT);
}

TEST_F(files, holes)
{
	size_t at;

	for (at = 0; at < CONTENT; at += 100000) {
		if (fallocate(self->file,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)at, 50001))
			ZT_SKIP("holes: %s", strerror(errno));
		memset(self->content + at, 0,
		       CONTENT - at < 50001 ? CONTENT - at : 50001);
	}
	zt_drop_cache(self->file);
	/* The upper one's idea of a hole may be pages that are made for it. */
	self->may_copy = variant->layered;
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	transfer(_metadata, self);
}

/* The file ends before the segment does: said apart from completion. */
TEST_F(files, is_short)
{
	unsigned char *came = zt_alloc(3000);
	struct zt_vector *vector = &self->vector;

	zt_add_file(vector, self->file, self->content, CONTENT - 3000, 3000)
		->len = 5000;
	zt_add_zero(vector, 100);
	zt_call_init(&self->call, self->pair.tx, vector, ZCOPY_SEND_SHUTDOWN);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	EXPECT_EQ(ENODATA, self->call.send.out_error);
	EXPECT_EQ(0, self->call.send.out_segment);
	EXPECT_EQ(3000, self->call.send.out_sent);
	ASSERT_EQ(3000, zt_read_full(self->pair.rx, came, 3000));
	EXPECT_EQ(0, memcmp(vector->bytes, came, 3000));
	/* Not a byte more, and no half-close: the vector is not complete. */
	ASSERT_EQ(-1, zt_call(self->dev, &self->call));
	EXPECT_EQ(ENODATA, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	/* When the file has grown, the same struct goes on. */
	ASSERT_EQ(2000, pwrite(self->file, self->content, 2000, CONTENT));
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(2000, zt_read_full(self->pair.rx, came, 2000));
	EXPECT_EQ(0, memcmp(self->content, came, 2000));
	free(came);
}

TEST_F(files, begins_behind_the_end)
{
	zt_add_file(&self->vector, self->file, self->content, 0, 0);
	self->vector.segments[0].offset = CONTENT + 1;
	self->vector.segments[0].len = 1;
	ASSERT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_EQ(ENODATA, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
}

/* Cut between two calls; what is left in the last page must not leak out. */
TEST_F(files, truncated_meanwhile)
{
	size_t there = 300001, received = 0, got;
	unsigned char *came = zt_alloc(CONTENT);
	uint64_t done;

	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_call_init(&self->call, self->pair.tx, &self->vector, 0);
	self->vector.segments[0].len = 200000;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(0, ftruncate(self->file, (off_t)there));
	self->vector.segments[0].len = CONTENT;
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SHORT, self->call.send.out_stop);
	done = self->call.send.done;
	ASSERT_EQ(there, done);
	while (received < done) {
		got = zt_read_full(self->pair.rx, came + received,
				   done - received);
		ASSERT_LT(0, got);
		received += got;
	}
	EXPECT_EQ(0, memcmp(self->content, came, there));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	free(came);
}

ZT_MAIN
