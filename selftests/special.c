// SPDX-License-Identifier: GPL-2.0
/*
 * FILE segments from files that are not quite regular: devices, /proc and /sys,
 * past the page cache, the program that is running, another open /dev/zcopy.
 */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "harness.h"

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
	static const char *const paths[] = { "/proc/version",
					     "/proc/sys/kernel/hostname",
					     "/sys/kernel/mm/ksm/run",
					     "/proc/self/status" };
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
