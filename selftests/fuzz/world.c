// SPDX-License-Identifier: GPL-2.0
/* The contexts and files of a fuzzer's world, and all of it together. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

struct fz_world world;

/* Everything in a file's content that does not come from its pattern is zero. */
enum fz_file_kind {
	FZ_MEMORY,
	FZ_MEMORY_CHANGES,
	FZ_MEMORY_HOLES,
	FZ_DISK,
	FZ_DISK_CHANGES,
	FZ_DISK_DIRECT,
	FZ_LAYERED_CHANGES,
	FZ_DEV_ZERO,
};

static unsigned int pattern_of_file(unsigned int i)
{
	return i == FZ_DEV_ZERO ? FZ_PATTERN_ZERO : FZ_CONTEXTS + i;
}

static int new_file(unsigned int kind, const void *content, size_t len)
{
	switch (kind) {
	case FZ_MEMORY:
	case FZ_MEMORY_CHANGES:
		return zt_memory_file(content, len);
	case FZ_MEMORY_HOLES:
		return zt_memory_file("", 0);
	case FZ_LAYERED_CHANGES:
		return zt_file("/var/tmp", content, len);
	case FZ_DEV_ZERO:
		return open("/dev/zero", O_RDONLY | O_CLOEXEC);
	default:
		return zt_file(zt_disk_dir(), content, len);
	}
}

/* Some pages here and there. */
static void write_between_holes(int fd, const unsigned char *content,
				size_t len)
{
	const size_t part = 5000;
	size_t at;

	for (at = 0; at + part < len; at += 10 * part) {
		if (pwrite(fd, content + at, part, (off_t)at) != (ssize_t)part)
			zt_die("pwrite");
	}
	if (ftruncate(fd, (off_t)len))
		zt_die("ftruncate");
}

static int make_file(unsigned int kind, size_t len)
{
	unsigned char *content = zt_alloc(len);
	int fd;

	fz_pattern_get(pattern_of_file(kind), 0, content, len);
	fd = new_file(kind, content, len);
	if (fd < 0)
		zt_die("a file");
	if (kind == FZ_MEMORY_HOLES)
		write_between_holes(fd, content, len);
	/* Where the file system can't, the file is an ordinary one. */
	if (kind == FZ_DISK_DIRECT && !fsync(fd))
		fcntl(fd, F_SETFL, O_DIRECT);
	free(content);
	return fd;
}

static void open_file(unsigned int i)
{
	struct fz_file *file = &world.files[i];

	pthread_rwlock_init(&file->lock, NULL);
	file->len = 200000 + 12345 * i;
	file->may_change = i == FZ_MEMORY_CHANGES || i == FZ_DISK_CHANGES ||
			   i == FZ_LAYERED_CHANGES;
	file->has_zeros = file->may_change || i == FZ_MEMORY_HOLES;
	file->fd = make_file(i, file->len);
}

void fz_file_reopen(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, FZ_FILES);
	struct fz_file *file = &world.files[i];

	pthread_rwlock_wrlock(&file->lock);
	close(file->fd);
	file->fd = make_file(i, file->len);
	pthread_rwlock_unlock(&file->lock);
}

static void open_context(struct fz_context *context)
{
	context->fd = zcopy_open();
	if (context->fd < 0)
		zt_die(zcopy_device_path());
}

void fz_context_reopen(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, FZ_CONTEXTS);
	struct fz_context *context = &world.contexts[i];

	pthread_rwlock_wrlock(&context->lock);
	close(context->fd);
	open_context(context);
	pthread_rwlock_unlock(&context->lock);
}

/* User memory that ends where nothing is. */
static void open_user(void)
{
	world.user = mmap(NULL, FZ_USER_SPACE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world.user == MAP_FAILED ||
	    mprotect(world.user, FZ_USER_LEN, PROT_READ | PROT_WRITE))
		zt_die("mmap");
	fz_pattern_get(FZ_PATTERN_USER, 0, world.user, FZ_USER_LEN);
	/* Wild calls may be told to write their results here. */
	if (mprotect(world.user, FZ_USER_LEN, PROT_READ))
		zt_die("mprotect");
}

void fz_world_open(void)
{
	unsigned int i;

	world.noted = 0;
	world.wild_came = 0;
	world.bytes_lost = false;
	open_user();
	for (i = 0; i < FZ_CONTEXTS; i++) {
		pthread_rwlock_init(&world.contexts[i].lock, NULL);
		open_context(&world.contexts[i]);
	}
	for (i = 0; i < FZ_FILES; i++)
		open_file(i);
	for (i = 0; i < FZ_MAPS; i++)
		pthread_mutex_init(&world.maps[i].lock, NULL);
	for (i = 0; i < FZ_STREAMS; i++)
		fz_stream_open(&world.streams[i], i);
	fz_wild_open();
}

/* A file that nobody may change is as it was. */
static void check_file(unsigned int i)
{
	struct fz_file *file = &world.files[i];
	const struct fz_entry whole = { .pattern = pattern_of_file(i),
					.may_be_zero = file->has_zeros,
					.len = file->len };
	unsigned char *bytes;
	int fd;

	if (i == FZ_DEV_ZERO || file->may_change)
		return;
	bytes = zt_alloc(file->len);
	fd = zt_reopen(file->fd, O_RDONLY);
	if (pread(fd, bytes, file->len, 0) != (ssize_t)file->len)
		fz_fail("file %u is too short", i);
	else if (fz_pattern_match(&whole, 0, bytes, file->len) != file->len)
		fz_fail("the content of file %u has changed", i);
	close(fd);
	free(bytes);
}

void fz_world_close(void)
{
	unsigned int i;

	for (i = 0; i < FZ_STREAMS; i++)
		fz_stream_close(&world.streams[i]);
	fz_wild_close();
	for (i = 0; i < FZ_MAPS; i++) {
		if (world.maps[i].address)
			munmap(world.maps[i].address, world.maps[i].len);
		world.maps[i].address = NULL;
		pthread_mutex_destroy(&world.maps[i].lock);
	}
	for (i = 0; i < FZ_FILES; i++) {
		check_file(i);
		close(world.files[i].fd);
		pthread_rwlock_destroy(&world.files[i].lock);
	}
	for (i = 0; i < FZ_CONTEXTS; i++) {
		close(world.contexts[i].fd);
		pthread_rwlock_destroy(&world.contexts[i].lock);
	}
	munmap(world.user, FZ_USER_SPACE);
}
