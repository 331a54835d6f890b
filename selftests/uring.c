// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring on the device: reading, writing and splicing it, the open file as a
 * registered one, and a mapping of the buffer as a registered buffer, whose pages
 * belong to the ring from then on, whatever becomes of the buffer.
 */
#include <fcntl.h>
#include <liburing.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(uring)
{
	struct io_uring ring;
	int references; /* before the device was opened */
	int dev;
	size_t page;
	size_t len;
	unsigned char *map;
	unsigned char *expect; /* what the buffer holds */
	unsigned char *copy;   /* room for as much */
};

FIXTURE_SETUP(uring)
{
	int ret = io_uring_queue_init(8, &self->ring, 0);

	if (ret == -ENOSYS || ret == -EPERM)
		ZT_SKIP("io_uring: %s", strerror(-ret));
	ASSERT_EQ(0, ret);
	self->references = zt_module_references();
	self->page = zt_page_size();
	self->len = 64 * self->page;
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, self->len));
	self->map = zcopy_map_buffer(self->dev, self->len);
	ASSERT_NE(NULL, self->map);
	self->expect = zt_alloc(self->len);
	self->copy = zt_alloc(2 * self->len);
	zt_pattern(self->expect, self->len, 71);
	memcpy(self->map, self->expect, self->len);
}

/* Whatever the ring held, it lets go, a moment after its end. */
FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	munmap(self->map, self->len);
	close(self->dev);
	EXPECT_TRUE(zt_module_is_left(self->references, 10));
	free(self->expect);
	free(self->copy);
}

/* The next completion's result: a negative errno, or bytes. */
static int await(struct io_uring *ring, unsigned int *flags)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe(ring, &cqe);
	} while (ret == -EINTR);
	if (ret)
		zt_die("io_uring_wait_cqe");
	ret = cqe->res;
	*flags = cqe->flags;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/* Do what is queued, which is one thing. */
static int submit(struct io_uring *ring)
{
	unsigned int flags;

	if (io_uring_submit(ring) != 1)
		zt_die("io_uring_submit");
	return await(ring, &flags);
}

static int do_read(struct io_uring *ring, int fd, void *to, size_t len,
		   uint64_t offset)
{
	io_uring_prep_read(io_uring_get_sqe(ring), fd, to, (unsigned int)len,
			   offset);
	return submit(ring);
}

static int do_write(struct io_uring *ring, int fd, const void *from, size_t len,
		    uint64_t offset)
{
	io_uring_prep_write(io_uring_get_sqe(ring), fd, from, (unsigned int)len,
			    offset);
	return submit(ring);
}

static int do_splice(struct io_uring *ring, int from, int64_t offset, int to,
		     size_t len)
{
	io_uring_prep_splice(io_uring_get_sqe(ring), from, offset, to, -1,
			     (unsigned int)len, 0);
	return submit(ring);
}

/* From and to registered buffer 0. */
static int do_read_fixed(struct io_uring *ring, int fd, void *to, size_t len)
{
	io_uring_prep_read_fixed(io_uring_get_sqe(ring), fd, to,
				 (unsigned int)len, 0, 0);
	return submit(ring);
}

static int do_write_fixed(struct io_uring *ring, int fd, const void *from,
			  size_t len)
{
	io_uring_prep_write_fixed(io_uring_get_sqe(ring), fd, from,
				  (unsigned int)len, 0, 0);
	return submit(ring);
}

TEST_F(uring, read)
{
	static const size_t at[] = { 0, 1, 4095, 4096, 4097, 100000 };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		len = self->len - at[i];
		ASSERT_EQ(len, do_read(&self->ring, self->dev, self->copy,
				       2 * self->len, at[i]));
		ASSERT_EQ(0, memcmp(self->expect + at[i], self->copy, len));
	}
	EXPECT_EQ(1, do_read(&self->ring, self->dev, self->copy, 2,
			     self->len - 1));
	EXPECT_EQ(0, do_read(&self->ring, self->dev, self->copy, 1, self->len));
	EXPECT_EQ(-EFAULT, do_read(&self->ring, self->dev, NULL, 1, 0));
}

/* Short at the end, ENOSPC behind it, and nothing spills. */
TEST_F(uring, write)
{
	static const size_t at[] = { 0, 1, 4095, 4096, 4097, 100000 };
	size_t i;

	zt_pattern(self->copy, self->len, 72);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		ASSERT_EQ(5000, do_write(&self->ring, self->dev, self->copy + i,
					 5000, at[i]));
		memcpy(self->expect + at[i], self->copy + i, 5000);
		ASSERT_EQ(0, memcmp(self->expect, self->map, self->len));
	}
	EXPECT_EQ(10, do_write(&self->ring, self->dev, self->copy, 100,
			       self->len - 10));
	memcpy(self->expect + self->len - 10, self->copy, 10);
	EXPECT_EQ(-ENOSPC,
		  do_write(&self->ring, self->dev, self->copy, 1, self->len));
	EXPECT_EQ(-EFAULT, do_write(&self->ring, self->dev, NULL, 1, 0));
	EXPECT_EQ(0, memcmp(self->expect, self->map, self->len));
}

TEST_F(uring, splice)
{
	int64_t offset = 77;
	size_t got = 0;
	int pipes[2];
	int ret;

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	while (got < self->len - 77) {
		ret = do_splice(&self->ring, self->dev, offset, pipes[1],
				self->len);
		ASSERT_LT(0, ret);
		ASSERT_EQ(ret, zt_read_full(pipes[0], self->copy + got,
					    (size_t)ret));
		got += (size_t)ret;
		offset += ret;
	}
	EXPECT_EQ(0, do_splice(&self->ring, self->dev, offset, pipes[1], 1));
	EXPECT_EQ(self->len - 77, got);
	EXPECT_EQ(0, memcmp(self->expect + 77, self->copy, got));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(uring, no_buffer)
{
	int other = zcopy_open();
	int pipes[2];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	EXPECT_EQ(-ENXIO, do_read(&self->ring, other, self->copy, 1, 0));
	EXPECT_EQ(-ENXIO, do_write(&self->ring, other, self->copy, 1, 0));
	EXPECT_EQ(-ENXIO, do_splice(&self->ring, other, 0, pipes[1], 1));
	close(pipes[0]);
	close(pipes[1]);
	close(other);
}

/* The commands are there as ioctls only. */
TEST_F(uring, no_commands)
{
	struct zcopy_info info = { .size = sizeof(info) };
	struct io_uring_sqe *sqe;
	unsigned int i;

	for (i = ZCOPY_CMD_INFO; i <= ZCOPY_CMD_STATS; i++) {
		sqe = io_uring_get_sqe(&self->ring);
		io_uring_prep_rw(IORING_OP_URING_CMD, sqe, self->dev, &info,
				 sizeof(info), 0);
		sqe->cmd_op = _IO(ZCOPY_IOC_TYPE, i);
		EXPECT_EQ(-EOPNOTSUPP, submit(&self->ring));
	}
	EXPECT_EQ(0, info.out_abi_version);
}

/* The ring keeps the file, and so the module, when nobody else has it any more. */
TEST_F(uring, registered_file)
{
	int other = zcopy_open();
	struct io_uring_sqe *sqe;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, zcopy_set_buffer(other, self->page));
	ASSERT_EQ(5, pwrite(other, self->expect, 5, 0));
	ASSERT_EQ(0, io_uring_register_files(&self->ring, &other, 1));
	ASSERT_EQ(0, close(other));
	if (!zt_together())
		EXPECT_LE(self->references + 2, zt_module_references());
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read(sqe, 0, self->copy, 5, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	EXPECT_EQ(5, submit(&self->ring));
	EXPECT_EQ(0, memcmp(self->expect, self->copy, 5));
}

/* Before Linux 6.5, with the back end of that time, io_uring takes no such memory. */
static bool takes_mappings(int dev)
{
	struct zcopy_info info;

	if (zcopy_get_info(dev, &info))
		zt_die("INFO");
	return info.out_backend != ZCOPY_BACKEND_SENDPAGE;
}

/* Register the mapping as buffer 0. False: as it should, the kernel refused. */
static bool registers(struct __test_metadata *_metadata,
		      FIXTURE_DATA(uring) * self)
{
	struct iovec whole = { self->map, self->len };
	int ret = io_uring_register_buffers(&self->ring, &whole, 1);

	if (takes_mappings(self->dev)) {
		ASSERT_EQ(0, ret);
		return true;
	}
	EXPECT_EQ(-EOPNOTSUPP, ret);
	/* It has let go of what it looked at. */
	munmap(self->map, self->len);
	EXPECT_EQ(0, zcopy_set_buffer(self->dev, 0));
	return false;
}

TEST_F(uring, registered_buffer_and_file)
{
	int file;

	if (!registers(_metadata, self))
		return;
	file = zt_file(zt_disk_dir(), "", 0);
	ASSERT_EQ(self->len,
		  do_write_fixed(&self->ring, file, self->map, self->len));
	ASSERT_EQ(self->len, pread(file, self->copy, 2 * self->len, 0));
	EXPECT_EQ(0, memcmp(self->expect, self->copy, self->len));

	zt_pattern(self->copy, self->len, 73);
	ASSERT_EQ(self->len, pwrite(file, self->copy, self->len, 0));
	ASSERT_EQ(self->len,
		  do_read_fixed(&self->ring, file, self->map, self->len));
	EXPECT_EQ(0, memcmp(self->copy, self->map, self->len));
	/* It is the buffer, not a copy of it. */
	ASSERT_EQ(self->len, pread(self->dev, self->expect, self->len, 0));
	EXPECT_EQ(0, memcmp(self->copy, self->expect, self->len));
	close(file);
}

/* The device reads itself into the memory of another buffer, and is written so. */
TEST_F(uring, registered_buffer_and_device)
{
	int other = zcopy_open();

	ASSERT_LE(0, other);
	if (registers(_metadata, self)) {
		ASSERT_EQ(0, zcopy_set_buffer(other, self->len));
		EXPECT_EQ(self->len, do_write_fixed(&self->ring, other,
						    self->map, self->len));
		memset(self->map, 0, self->len);
		EXPECT_EQ(self->len, do_read_fixed(&self->ring, other,
						   self->map, self->len));
		EXPECT_EQ(0, memcmp(self->expect, self->map, self->len));
	}
	close(other);
}

/* The result, and then the notice that the pages are not needed any more. */
static int send_fixed(struct io_uring *ring, int tx, const void *from,
		      size_t len)
{
	unsigned int flags;
	int sent;

	io_uring_prep_send_zc_fixed(io_uring_get_sqe(ring), tx, from, len,
				    MSG_WAITALL, 0, 0);
	if (io_uring_submit(ring) != 1)
		zt_die("io_uring_submit");
	sent = await(ring, &flags);
	if (flags & IORING_CQE_F_MORE)
		await(ring, &flags);
	return sent;
}

/* io_uring's way to send without a copy, and ours, one after the other. */
TEST_F(uring, registered_buffer_and_socket)
{
	struct zt_receiver receiver;
	struct zt_vector vector;
	struct zt_pair pair;
	struct zt_call call;

	if (!registers(_metadata, self))
		return;
	zt_vector_init(&vector);
	zt_add_buffer(&vector, self->expect, 0, self->len);
	memcpy(self->copy, self->expect, self->len);
	memcpy(self->copy + self->len, self->expect, self->len);
	zt_pair_open(&pair, ZT_TCP4, 0);
	zt_receiver_start(&receiver, pair.rx, self->copy, 2 * self->len);
	EXPECT_EQ(self->len,
		  send_fixed(&self->ring, pair.tx, self->map, self->len));
	ASSERT_EQ(0, zt_send(self->dev, pair.tx, &vector, 0, &call));
	ASSERT_COMPLETE(&call);
	shutdown(pair.tx, SHUT_WR);
	EXPECT_STREQ("", zt_receiver_finish(&receiver));
	zt_vector_free(&vector);
	zt_pair_close(&pair);
}

/* The ring has the old pages, the open file has new ones. */
TEST_F(uring, buffer_goes_while_registered)
{
	int file;

	if (!registers(_metadata, self))
		return;
	file = zt_file(zt_disk_dir(), "", 0);
	EXPECT_EQ(-1, zcopy_set_buffer(self->dev, 0));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, munmap(self->map, self->len));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, self->len));
	zt_pattern(self->copy, self->len, 74);
	ASSERT_EQ(self->len, pwrite(self->dev, self->copy, self->len, 0));

	/* The address is but a name by now. */
	ASSERT_EQ(self->len,
		  do_write_fixed(&self->ring, file, self->map, self->len));
	ASSERT_EQ(self->len, pread(file, self->copy, self->len, 0));
	EXPECT_EQ(0, memcmp(self->expect, self->copy, self->len));
	ASSERT_EQ(self->len,
		  do_read_fixed(&self->ring, file, self->map, self->len));
	ASSERT_EQ(self->len, pread(self->dev, self->copy, self->len, 0));
	zt_pattern(self->expect, self->len, 74);
	EXPECT_EQ(0, memcmp(self->expect, self->copy, self->len));
	close(file);
	self->map = zcopy_map_buffer(self->dev, self->len);
	ASSERT_NE(NULL, self->map);
}

static bool memory_is_free(void *arg)
{
	return zt_meminfo("MemFree") >= *(uint64_t *)arg;
}

/* One round: everything but the ring goes, then the ring. */
static void register_and_leave(struct __test_metadata *_metadata, size_t len)
{
	int dev = zcopy_open();
	struct io_uring ring;
	struct iovec whole = { NULL, len };

	ASSERT_LE(0, dev);
	ASSERT_EQ(0, zcopy_set_buffer(dev, len));
	whole.iov_base = zcopy_map_buffer(dev, len);
	ASSERT_NE(NULL, whole.iov_base);
	ASSERT_EQ(0, io_uring_queue_init(8, &ring, 0));
	EXPECT_EQ(takes_mappings(dev) ? 0 : -EOPNOTSUPP,
		  io_uring_register_buffers(&ring, &whole, 1));
	munmap(whole.iov_base, len);
	close(dev);
	io_uring_queue_exit(&ring);
}

/* Many rounds, so that only leaks add up. */
TEST_F(uring, registered_pages_come_back)
{
	const size_t len = 32 * MIB;
	uint64_t enough;
	int i;

	register_and_leave(_metadata, len);
	enough = zt_meminfo("MemFree") - 3 * len;
	for (i = 0; i < 10; i++)
		register_and_leave(_metadata, len);
	EXPECT_TRUE(zt_wait_until(memory_is_free, &enough, 20));
}

ZT_MAIN
