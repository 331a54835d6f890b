// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments from all kinds of files: on disk, in memory, on top of another
 * file system, sparse, huge, cold, and files that change their length
 * meanwhile.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

FIXTURE(special)
{
	int dev;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_SETUP(special)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(special)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->dev);
}

/* Send @len bytes of @path, which read() has to give as well. */
static void send_path(struct __test_metadata *_metadata,
		      FIXTURE_DATA(special) * self, const char *path, int flags,
		      size_t len)
{
	unsigned char *content = mmap(NULL, len, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open(path, flags | O_CLOEXEC), twin = open(path, O_RDONLY);
	struct zt_receiver receiver;

	ASSERT_NE(MAP_FAILED, content);
	ASSERT_LE(0, file)
	TH_LOG("%s: %s", path, strerror(errno));
	ASSERT_LE(0, twin);
	len = zt_read_full(twin, content, len);
	ASSERT_LT(0, len);
	zt_add_file(&self->vector, file, content, 0, len);
	zt_receiver_start(&receiver, self->pair.rx, self->vector.bytes, len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call))
	TH_LOG("%s: %s", path, strerror(self->call.error));
	ASSERT_COMPLETE(&self->call);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	close(file);
	close(twin);
}

/* The program itself: in the rig's VMs a file of 9P below an overlay. */
TEST_F(special, executable)
{
	send_path(_metadata, self, "/proc/self/exe", O_RDONLY, 16 * MIB);
}

/* What sendfile can do, zcopy can; what it cannot, zcopy calls ENODEV. */
static bool sendfile_can(int file)
{
	off_t offset = 0;
	int pipes[2];
	bool can;

	if (pipe(pipes))
		zt_die("pipe");
	can = sendfile(pipes[1], file, &offset, 1) == 1;
	close(pipes[0]);
	close(pipes[1]);
	return can;
}

TEST_F(special, dev_zero)
{
	int file = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, file);
	if (sendfile_can(file)) {
		send_path(_metadata, self, "/dev/zero", O_RDONLY, 300001);
		return;
	}
	zt_add_file(&self->vector, file, "", 0, 1);
	EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			      &self->call));
	EXPECT_EQ(ENODEV, self->call.error);
	close(file);
}

/* Files that have no length, and no pages until somebody reads them. */
TEST_F(special, proc_and_sys)
{
	static const char *const paths[] = {
		"/proc/version", "/proc/sys/kernel/hostname",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/proc/self/status"
	};
	char line[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		int file = open(paths[i], O_RDONLY | O_CLOEXEC);
		ssize_t len = pread(file, line, sizeof(line), 0);

		ASSERT_LT(0, len);
		zt_vector_free(&self->vector);
		zt_add_file(&self->vector, file, line, 0, (size_t)len);
		if (!sendfile_can(file)) {
			EXPECT_EQ(-1, zt_send(self->dev, self->pair.tx,
					      &self->vector, 0, &self->call));
			EXPECT_EQ(ENODEV, self->call.error);
			continue;
		}
		ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
				     &self->call));
		ASSERT_COMPLETE(&self->call);
		/* Such content is made for each reader: that is a copy. */
		EXPECT_EQ(len, self->call.send.out_copied);
		EXPECT_EQ(len, zt_read_full(self->pair.rx, line, (size_t)len));
		close(file);
	}
}

TEST_F(special, direct_io)
{
	size_t len = 64 * zt_page_size();
	unsigned char *content = zt_alloc(len);
	int file, direct;

	zt_pattern(content, len, 63);
	file = zt_file(zt_disk_dir(), content, len);
	ASSERT_EQ(0, fsync(file));
	direct = open(zt_self_path(file), O_RDONLY | O_DIRECT);
	if (direct < 0)
		ZT_SKIP("O_DIRECT in %s: %s", zt_disk_dir(), strerror(errno));
	close(direct);
	send_path(_metadata, self, zt_self_path(file), O_RDONLY | O_DIRECT,
		  len);
	close(file);
	free(content);
}

TEST_F(special, block_device)
{
	static const char path[] = "/dev/zcopy-test-block";
	int file = zt_sparse_file(zt_disk_dir(), 1);
	struct stat stat;
	int device;

	ASSERT_EQ(0, fstat(file, &stat));
	close(file);
	if (!major(stat.st_dev))
		ZT_SKIP("%s is not on a block device", zt_disk_dir());
	if (mknod(path, S_IFBLK | 0600, stat.st_dev))
		ZT_SKIP("mknod: %s", strerror(errno));
	device = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	if (device < 0)
		ZT_SKIP("the block device: %s", strerror(errno));
	send_path(_metadata, self, zt_self_path(device), O_RDONLY, 3 * MIB + 1);
	close(device);
}

/* The device is a file too: another context's buffer as a source. */
TEST_F(special, device_as_a_file)
{
	int other = zcopy_open();
	struct zt_receiver receiver;
	unsigned char *content = zt_alloc(100000);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, zcopy_set_buffer(other, 25 * zt_page_size()));
	zt_pattern(content, 100000, 64);
	ASSERT_EQ(100000, pwrite(other, content, 100000, 0));
	zt_add_file(&self->vector, other, content, 1, 99999);
	zt_receiver_start(&receiver, self->pair.rx, self->vector.bytes, 99999);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	close(other);
	free(content);
}

ZT_MAIN
