// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that can't read some of its sectors, in the middle of what is sent: all
 * that comes before is sent and counted, then there is EIO; and when the disk
 * can read again, the same call goes on.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "harness.h"
#include "util_disk.h"

#define CONTENT (400 * KIB + 100)
/* The page that can't be read. */
#define BAD_AT (57 * 4096)

FIXTURE(disk_errors)
{
	int dev;
	int file;
	uint64_t bad; /* where BAD_AT lies on the disk */
	unsigned char *content;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
	struct zt_receiver receiver;
};

FIXTURE_VARIANT(disk_errors)
{
	const char *type;
	const char *mkfs;
	unsigned int mebibytes;
	/* The file system reads in pieces larger than a page, all or nothing. */
	bool coarse;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(disk_errors, block_device) {
	.mebibytes = 1,
};

FIXTURE_VARIANT_ADD(disk_errors, ext4) {
	.type = "ext4",
	.mkfs = "mkfs.ext4 -q -F -b 4096 -O ^has_journal",
	.mebibytes = 16,
};

FIXTURE_VARIANT_ADD(disk_errors, xfs) {
	.type = "xfs",
	.mkfs = "mkfs.xfs -q -f -K",
	.mebibytes = 300,
	.coarse = true,
};
/* clang-format on */

/* Put the content on the disk, and find the place of BAD_AT. */
static void open_file(struct __test_metadata *_metadata,
		      FIXTURE_DATA(disk_errors) * self, const char *path,
		      bool whole_disk)
{
	self->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(CONTENT, pwrite(self->file, self->content, CONTENT, 0));
	ASSERT_EQ(0, fsync(self->file));
	self->bad = whole_disk ? BAD_AT : zt_on_disk(self->file, BAD_AT);
	ASSERT_LT(0, self->bad);
}

FIXTURE_SETUP(disk_errors)
{
	const char *disk;

	ASSERT_TRUE(zt_private_mounts("/tmp"));
	if (variant->type)
		zt_load_modules(variant->type);
	disk = zt_null_disk(variant->mebibytes);
	ASSERT_NE(NULL, disk);
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->content = zt_alloc(CONTENT);
	zt_pattern(self->content, CONTENT, 81);
	if (variant->type) {
		ASSERT_TRUE(zt_run("%s %s", variant->mkfs, disk));
		ASSERT_EQ(0, mkdir("/tmp/disk", 0700));
		ASSERT_EQ(0, mount(disk, "/tmp/disk", variant->type, 0, NULL));
		open_file(_metadata, self, "/tmp/disk/file", false);
	} else {
		open_file(_metadata, self, disk, true);
	}
	zt_vector_init(&self->vector);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
}

FIXTURE_TEARDOWN(disk_errors)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	umount("/tmp/disk");
	zt_null_disk_remove();
	free(self->content);
}

static void make_bad(struct __test_metadata *_metadata,
		     FIXTURE_DATA(disk_errors) * self, bool bad)
{
	/* What is in memory needs no disk. */
	zt_drop_cache(self->file);
	ASSERT_TRUE(
		zt_null_disk_bad(self->bad / 512, self->bad / 512 + 7, bad));
}

/* How far sendfile(2) gets. */
static size_t sendfile_gets(struct __test_metadata *_metadata,
			    FIXTURE_DATA(disk_errors) * self)
{
	struct zt_receiver receiver;
	struct zt_pair pair;
	off_t offset = 0;
	ssize_t ret;

	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_receiver_start(&receiver, pair.rx, self->content, BAD_AT);
	do {
		ret = sendfile(pair.tx, self->file, &offset, CONTENT);
	} while (ret > 0);
	EXPECT_EQ(-1, ret);
	EXPECT_EQ(EIO, errno);
	zt_pair_close(&pair);
	zt_receiver_finish(&receiver);
	zt_drop_cache(self->file);
	return (size_t)offset;
}

/* Header and file until the bad page, a refusal, and all the rest. */
static void stop_and_go_on(struct __test_metadata *_metadata,
			   FIXTURE_DATA(disk_errors) * self, size_t header,
			   bool coarse)
{
	struct zt_call *call = &self->call;
	size_t by_sendfile = sendfile_gets(_metadata, self);
	uint64_t sent;

	ASSERT_EQ(0, zt_call(self->dev, call));
	ASSERT_CONSISTENT(call);
	EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, call->send.out_stop);
	EXPECT_EQ(EIO, call->send.out_error);
	EXPECT_EQ(header ? 1 : 0, call->send.out_segment);
	sent = call->send.done - header;
	TH_LOG("zcopy sent %llu bytes, sendfile %zu, of %d",
	       (unsigned long long)sent, by_sendfile, BAD_AT);
	EXPECT_LE(by_sendfile, sent);
	if (!coarse)
		EXPECT_EQ(BAD_AT, sent);
	ASSERT_EQ(-1, zt_call(self->dev, call));
	EXPECT_EQ(EIO, call->error);
	ASSERT_CONSISTENT(call);
	make_bad(_metadata, self, false);
	ASSERT_EQ(0, zt_call(self->dev, call));
	ASSERT_COMPLETE(call);
	EXPECT_STREQ("", zt_receiver_finish(&self->receiver));
}

static void start(FIXTURE_DATA(disk_errors) * self)
{
	zt_receiver_start(&self->receiver, self->pair.rx, self->vector.bytes,
			  self->vector.len);
	zt_call_init(&self->call, self->pair.tx, &self->vector,
		     ZCOPY_SEND_SHUTDOWN);
}

TEST_F(disk_errors, in_the_middle)
{
	make_bad(_metadata, self, true);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	start(self);
	stop_and_go_on(_metadata, self, 0, variant->coarse);
}

TEST_F(disk_errors, behind_a_header)
{
	make_bad(_metadata, self, true);
	zt_add_user(&self->vector, "HTTP/1.1 200 OK\r\n\r\n", 19);
	zt_add_file(&self->vector, self->file, self->content, 0, CONTENT);
	zt_add_zero(&self->vector, 500);
	start(self);
	stop_and_go_on(_metadata, self, 19, variant->coarse);
}

/* Nothing can be sent: then the call itself fails. */
TEST_F(disk_errors, at_the_first_byte)
{
	make_bad(_metadata, self, true);
	zt_add_file(&self->vector, self->file, self->content, BAD_AT + 5, 4000);
	start(self);
	ASSERT_EQ(-1, zt_call(self->dev, &self->call));
	EXPECT_EQ(EIO, self->call.error);
	ASSERT_CONSISTENT(&self->call);
	EXPECT_EQ(ZCOPY_STOP_SOURCE_ERROR, self->call.send.out_stop);
	make_bad(_metadata, self, false);
	ASSERT_EQ(0, zt_call(self->dev, &self->call));
	ASSERT_COMPLETE(&self->call);
	EXPECT_STREQ("", zt_receiver_finish(&self->receiver));
}

ZT_MAIN
