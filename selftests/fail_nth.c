// SPDX-License-Identifier: GPL-2.0
/*
 * A failure at every point of everything but SEND (see fail_send.c): open, the
 * ioctls, mmap, page faults, fork with a mapping, read, write, splice, and the
 * files that show counters. After each: an errno that fits, the buffer as it
 * was or as it was asked for, and a device that works.
 *
 * Only a kernel with FAULT_INJECTION can run this (make check-debug).
 */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "harness.h"
#include "inject.h"

/* More points than any operation has. */
#define MANY 5000
#define PAGES 16
/* The memory that one page of a page table is for. */
#define TABLE (2 * MIB)

FIXTURE(fail_nth)
{
	int inject;
	int dev;
	size_t len; /* of the buffer */
	unsigned char *content;
	unsigned char *memory;
	unsigned char *room; /* 2 * TABLE bytes, around the mapping */
	unsigned char *map;
	int pipes[2];
	struct zt_pair pair;
	uint64_t length; /* that INFO says afterwards */
	ssize_t moved;	 /* bytes that wait in the pipe or the socket */
};

/* Returns 0 or an errno. Whatever was asked for is looked at by check(). */
FIXTURE_VARIANT(fail_nth)
{
	int (*attempt)(FIXTURE_DATA(fail_nth) * self);
	unsigned int points; /* at the least, on every kernel */
	bool to_pipe;	     /* what was moved is there */
	bool to_socket;
	bool unmapped; /* the buffer is not mapped meanwhile */
	bool no_table; /* a page table is missing, too */
	bool is_empty; /* the buffer is another one if it worked */
};

static int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int try_open(FIXTURE_DATA(fail_nth) * self)
{
	int fd = open(zcopy_device_path(), O_RDWR | O_CLOEXEC);

	return fd < 0 ? errno : error_of(close(fd));
}

static int try_info(FIXTURE_DATA(fail_nth) * self)
{
	struct zcopy_info info;

	return error_of(zcopy_get_info(self->dev, &info));
}

static int try_stats(FIXTURE_DATA(fail_nth) * self)
{
	struct zcopy_stats stats;

	return error_of(zcopy_get_stats(self->dev, &stats));
}

static int resize(FIXTURE_DATA(fail_nth) * self, size_t pages)
{
	size_t len = pages * zt_page_size();

	if (zcopy_set_buffer(self->dev, len))
		return errno;
	self->length = len;
	return 0;
}

/* The array of pages is no small allocation any more. */
static int try_grow(FIXTURE_DATA(fail_nth) * self)
{
	return resize(self, 520);
}

static int try_shrink(FIXTURE_DATA(fail_nth) * self)
{
	return resize(self, 2);
}

static int try_free(FIXTURE_DATA(fail_nth) * self)
{
	return resize(self, 0);
}

static int try_resize_mapped(FIXTURE_DATA(fail_nth) * self)
{
	int error = resize(self, 2);

	return error == EBUSY ? 0 : error;
}

/*
 * An munmap() that met no memory has left all as it was, which Linux 6.1 does also
 * for a whole mapping. The failure is spent: once more, for the checks to come.
 */
static int unmap(void *map, size_t len)
{
	int error = error_of(munmap(map, len));

	if (error && munmap(map, len))
		zt_die("munmap");
	return error;
}

static int try_mmap(FIXTURE_DATA(fail_nth) * self)
{
	void *map = mmap(NULL, self->len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->dev, 0);

	return map == MAP_FAILED ? errno : unmap(map, self->len);
}

/* What was split off, or not, is thrown away by the teardown. */
static int try_split(FIXTURE_DATA(fail_nth) * self)
{
	size_t page = zt_page_size();

	return error_of(munmap(self->map + 4 * page, page));
}

static int try_move(FIXTURE_DATA(fail_nth) * self)
{
	size_t page = zt_page_size();
	void *to = mremap(self->map + 8 * page, page, page,
			  MREMAP_MAYMOVE | MREMAP_FIXED,
			  self->map + 2 * self->len);

	return to == MAP_FAILED ? errno : 0;
}

static int try_protect(FIXTURE_DATA(fail_nth) * self)
{
	size_t page = zt_page_size();

	return error_of(mprotect(self->map + page, page, PROT_READ));
}

static int try_fork(FIXTURE_DATA(fail_nth) * self)
{
	pid_t child;
	int error;

	child = fork();
	error = errno;
	if (!child)
		_exit(0);
	if (child < 0)
		return error;
	while (waitpid(child, NULL, 0) != child) {
		if (errno != EINTR && errno != EFAULT)
			return errno;
	}
	return 0;
}

/* From user space, a fault that meets no memory is tried again. */
static int try_touch(FIXTURE_DATA(fail_nth) * self)
{
	size_t page = zt_page_size();
	int error = 0;
	size_t i;

	for (i = 0; i < self->len; i += page) {
		if (((volatile unsigned char *)self->map)[i] !=
		    self->content[i])
			error = EUCLEAN;
	}
	return error;
}

static int try_private_write(FIXTURE_DATA(fail_nth) * self)
{
	volatile unsigned char *map = mmap(NULL, self->len,
					   PROT_READ | PROT_WRITE, MAP_PRIVATE,
					   self->dev, 0);
	int error = 0;

	if (map == MAP_FAILED)
		return errno;
	map[0] ^= 0xff;
	if (map[0] != (self->content[0] ^ 0xff) || map[1] != self->content[1])
		error = EUCLEAN;
	return error ?: unmap((void *)map, self->len);
}

/* The kernel itself meets the faults, in the middle of a copy. */
static int try_kernel_fault(FIXTURE_DATA(fail_nth) * self)
{
	self->moved = write(self->pipes[1], self->map, self->len);
	return error_of(self->moved);
}

static int try_read(FIXTURE_DATA(fail_nth) * self)
{
	ssize_t got = pread(self->dev, self->memory, self->len, 0);

	if (got > 0 && memcmp(self->memory, self->content, (size_t)got))
		return EUCLEAN;
	return error_of(got);
}

static int try_read_vector(FIXTURE_DATA(fail_nth) * self)
{
	struct iovec vector[9];
	ssize_t got;
	size_t i;

	for (i = 0; i < 9; i++) {
		vector[i].iov_base = self->memory + i * 1000;
		vector[i].iov_len = 1000;
	}
	got = preadv(self->dev, vector, 9, 0);
	if (got > 0 && memcmp(self->memory, self->content, (size_t)got))
		return EUCLEAN;
	return error_of(got);
}

/* The same bytes again: a part of them changes nothing. */
static int try_write(FIXTURE_DATA(fail_nth) * self)
{
	return error_of(pwrite(self->dev, self->content, self->len, 0));
}

static int try_splice(FIXTURE_DATA(fail_nth) * self)
{
	loff_t offset = 0;

	self->moved = splice(self->dev, &offset, self->pipes[1], NULL,
			     self->len, SPLICE_F_NONBLOCK);
	return error_of(self->moved);
}

static int try_splice_back(FIXTURE_DATA(fail_nth) * self)
{
	loff_t offset = 0;

	if (write(self->pipes[1], self->content, 5000) < 0)
		return errno;
	return error_of(splice(self->pipes[0], NULL, self->dev, &offset, 5000,
			       SPLICE_F_NONBLOCK));
}

static int try_sendfile(FIXTURE_DATA(fail_nth) * self)
{
	off_t offset = 0;

	self->moved = sendfile(self->pair.tx, self->dev, &offset, self->len);
	return error_of(self->moved);
}

static int read_text(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return errno;
	error = error_of(read(fd, text, sizeof(text)));
	close(fd);
	return error;
}

static int try_fdinfo(FIXTURE_DATA(fail_nth) * self)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->dev);
	return read_text(path);
}

static int try_sysfs(FIXTURE_DATA(fail_nth) * self)
{
	return read_text("/sys/class/misc/zcopy/stats/calls");
}

/* clang-format off */
#define VARIANT(name, _points, ...)           \
	FIXTURE_VARIANT_ADD(fail_nth, name) { \
		.attempt = try_##name,        \
		.points = _points,            \
		__VA_ARGS__                   \
	}

/* The argument's copies are points, each allocation and each page that is copied. */
VARIANT(open, 2);
VARIANT(info, 2);
VARIANT(stats, 2);
VARIANT(grow, 65, .unmapped = true, .is_empty = true);
VARIANT(shrink, 4, .unmapped = true, .is_empty = true);
VARIANT(free, 1, .unmapped = true, .is_empty = true);
VARIANT(resize_mapped, 1);
VARIANT(mmap, 2);
VARIANT(split, 2);
VARIANT(move, 2);
VARIANT(protect, 2);
VARIANT(fork, 10);
VARIANT(touch, 1, .no_table = true);
VARIANT(private_write, 2);
VARIANT(kernel_fault, 2 * PAGES, .to_pipe = true);
VARIANT(read, PAGES);
VARIANT(read_vector, 9);
VARIANT(write, PAGES);
VARIANT(splice, 1, .to_pipe = true);
VARIANT(splice_back, 2);
VARIANT(sendfile, 1, .to_socket = true);
VARIANT(fdinfo, 2);
VARIANT(sysfs, 2);
/* clang-format on */

FIXTURE_SETUP(fail_nth)
{
	if (variant->attempt == try_fork && zt_user_mode_linux())
		SKIP(return, "user-mode Linux does not survive a failed fork");
	self->len = PAGES * zt_page_size();
	self->content = zt_alloc(self->len);
	self->memory = zt_alloc(self->len);
	zt_pattern(self->content, self->len, 22);
	self->inject = zt_inject_open();
}

FIXTURE_TEARDOWN(fail_nth)
{
	close(self->inject);
	free(self->memory);
	free(self->content);
}

/*
 * Room behind the mapping, for what is moved there; and a page table, unless that is
 * to fail. (User-mode Linux does not survive that where the kernel itself meets the
 * fault.)
 */
static void reserve_room(struct __test_metadata *_metadata,
			 FIXTURE_DATA(fail_nth) * self, bool no_table)
{
	size_t page = zt_page_size();
	unsigned char *last;

	self->room = mmap(NULL, 2 * TABLE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
	self->map = self->room + TABLE - (uintptr_t)self->room % TABLE;
	if (no_table)
		return;
	last = self->map + TABLE - page;
	ASSERT_EQ(0, mprotect(last, page, PROT_READ | PROT_WRITE));
	*last = 1;
}

static void begin(struct __test_metadata *_metadata,
		  FIXTURE_DATA(fail_nth) * self,
		  const FIXTURE_VARIANT(fail_nth) * variant)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, self->len));
	ASSERT_EQ(self->len, pwrite(self->dev, self->content, self->len, 0));
	self->length = self->len;
	self->moved = 0;
	reserve_room(_metadata, self, variant->no_table);
	if (!variant->unmapped)
		ASSERT_EQ(self->map,
			  mmap(self->map, self->len, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, self->dev, 0));
	memset(self->memory, 0, self->len);
	ASSERT_EQ(0, pipe2(self->pipes, O_CLOEXEC));
	zt_pair_open(&self->pair, ZT_UNIX, 0);
}

/* What was moved before something failed is the buffer's beginning. */
static void check_moved(struct __test_metadata *_metadata,
			FIXTURE_DATA(fail_nth) * self,
			const FIXTURE_VARIANT(fail_nth) * variant)
{
	int fd = variant->to_socket ? self->pair.rx : self->pipes[0];

	if (self->moved <= 0 || (!variant->to_pipe && !variant->to_socket))
		return;
	ASSERT_EQ(self->moved,
		  zt_read_full(fd, self->memory, (size_t)self->moved));
	ASSERT_EQ(0, memcmp(self->memory, self->content, (size_t)self->moved));
}

/* The buffer is what it was, or a new one that is empty; and it can go. */
static void check_buffer(struct __test_metadata *_metadata,
			 FIXTURE_DATA(fail_nth) * self, bool is_new)
{
	struct zcopy_info info;
	size_t i, len;

	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	ASSERT_EQ(self->length, info.out_buffer_length);
	len = self->length < self->len ? self->length : self->len;
	if (len)
		ASSERT_EQ(len, pread(self->dev, self->memory, len, 0));
	for (i = 0; i < len; i++)
		ASSERT_EQ(is_new ? 0 : self->content[i], self->memory[i]);
	ASSERT_EQ(0, munmap(self->room, 2 * TABLE));
	/* No mapping is left that nobody knows of. */
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
}

static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(fail_nth) * self)
{
	close(self->pipes[0]);
	close(self->pipes[1]);
	zt_pair_close(&self->pair);
	ASSERT_EQ(0, close(self->dev));
}

static bool is_documented(int error)
{
	switch (error) {
	case 0:
	case ENOMEM:
	case EFAULT:
	case ENOBUFS: /* AF_UNIX's word for no memory */
	case EAGAIN:  /* a fork that got no memory; sendfile likewise */
		return true;
	default:
		return false;
	}
}

/* One round; returns whether there was an @nth point. */
static bool fail_at(struct __test_metadata *_metadata,
		    FIXTURE_DATA(fail_nth) * self,
		    const FIXTURE_VARIANT(fail_nth) * variant, unsigned int nth)
{
	bool struck;
	int error;

	begin(_metadata, self, variant);
	zt_inject_arm(self->inject, nth);
	error = variant->attempt(self);
	struck = zt_inject_disarm(self->inject);

	ASSERT_TRUE(is_documented(error))
	TH_LOG("failure %u gave: %s", nth, strerror(error));
	if (!struck)
		ASSERT_EQ(0, error);
	check_moved(_metadata, self, variant);
	check_buffer(_metadata, self, variant->is_empty && !error);
	finish(_metadata, self);
	return struck;
}

TEST_F_TIMEOUT(fail_nth, every_point, 500)
{
	unsigned int descriptors = zt_descriptors(), nth = 1;
	int references = zt_module_references();

	while (fail_at(_metadata, self, variant, nth))
		ASSERT_GT(MANY, ++nth);
	TH_LOG("%u failures", nth - 1);
	EXPECT_LE(variant->points, nth - 1);
	*zt_inject_total += nth - 1;
	EXPECT_EQ(descriptors, zt_descriptors());
	EXPECT_EQ(references, zt_module_references());
}

ZT_INJECT_MAIN
