// SPDX-License-Identifier: GPL-2.0
/* Changing what streams are fed from, under them; and what disturbs calls. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "inject.h"

/* The largest buffer that is asked for. */
#define BUFFER_MAX (256 * KIB)

static unsigned int pick_context(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, FZ_CONTEXTS);

	pthread_rwlock_rdlock(&world.contexts[i].lock);
	return i;
}

static void release_context(unsigned int i)
{
	pthread_rwlock_unlock(&world.contexts[i].lock);
}

void fz_resize(struct fz_thread *thread)
{
	uint64_t pages = fz_pick(thread, BUFFER_MAX / zt_page_size() + 1);
	uint64_t len = pages * zt_page_size();
	unsigned int i = pick_context(thread);

	if (fz_one_in(thread, 10))
		len = fz_number(thread, 64);
	if (zcopy_set_buffer(world.contexts[i].fd, len) && errno != EBUSY &&
	    errno != EINVAL && errno != EFBIG && errno != ENOBUFS &&
	    errno != ENOMEM && errno != EINTR)
		fz_fail("BUFFER: %s", strerror(errno));
	release_context(i);
}

/* What a context's buffer is to hold; somebody may be sending it. */
static void touch(struct fz_thread *thread, struct fz_map *map)
{
	size_t at = fz_pick(thread, (uint32_t)map->len);
	size_t len = fz_number(thread, 14);

	if (len > map->len - at)
		len = map->len - at;
	if (fz_one_in(thread, 2))
		fz_pattern_get(map->context, map->offset + at,
			       map->address + at, len);
	else if (!fz_pattern_or_zero(map->context, map->offset + at,
				     map->address + at, len))
		fz_fail("a mapping of context %u shows foreign bytes",
			map->context);
}

static void map_anew(struct fz_thread *thread, struct fz_map *map,
		     unsigned int context)
{
	size_t page = zt_page_size();
	void *address;

	map->context = context;
	map->len = (1 + fz_number(thread, 6)) * page;
	map->offset = fz_number(thread, 5) * page;
	address = mmap(NULL, map->len, PROT_READ | PROT_WRITE,
		       fz_one_in(thread, 4) ? MAP_PRIVATE : MAP_SHARED,
		       world.contexts[context].fd, (off_t)map->offset);
	if (address != MAP_FAILED)
		map->address = address;
	else if (errno != EINVAL && errno != ENXIO && errno != ENOMEM)
		fz_fail("mmap: %s", strerror(errno));
}

void fz_map(struct fz_thread *thread)
{
	struct fz_map *map = &world.maps[fz_pick(thread, FZ_MAPS)];
	unsigned int how = fz_pick(thread, 4);
	unsigned int context = pick_context(thread);

	pthread_mutex_lock(&map->lock);
	if (!map->address) {
		map_anew(thread, map, context);
	} else if (how == 0) {
		munmap(map->address, map->len);
		map->address = NULL;
	} else if (how == 1 && map->len > zt_page_size()) {
		map->len -= zt_page_size();
		munmap(map->address + map->len, zt_page_size());
	} else {
		touch(thread, map);
	}
	pthread_mutex_unlock(&map->lock);
	release_context(context);
}

static void write_buffer(struct fz_thread *thread, unsigned int context)
{
	unsigned char bytes[20000];
	size_t len = fz_pick(thread, sizeof(bytes));
	uint64_t offset = fz_number(thread, 18);

	fz_pattern_get(context, offset, bytes, len);
	if (pwrite(world.contexts[context].fd, bytes, len, (off_t)offset) < 0 &&
	    errno != ENOSPC && errno != ENXIO && errno != EINTR)
		fz_fail("write: %s", strerror(errno));
}

static void read_buffer(struct fz_thread *thread, unsigned int context)
{
	unsigned char bytes[20000];
	size_t len = fz_pick(thread, sizeof(bytes));
	uint64_t offset = fz_number(thread, 18);
	ssize_t got = pread(world.contexts[context].fd, bytes, len,
			    (off_t)offset);

	if (got < 0 && errno != ENXIO && errno != EINTR)
		fz_fail("read: %s", strerror(errno));
	if (got > 0 && !fz_pattern_or_zero(context, offset, bytes, (size_t)got))
		fz_fail("context %u reads foreign bytes", context);
}

static void splice_buffer(struct fz_thread *thread, unsigned int context)
{
	unsigned char bytes[20000];
	size_t len = fz_pick(thread, sizeof(bytes));
	loff_t offset = (loff_t)fz_number(thread, 18), at = offset;
	ssize_t got;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		zt_die("pipe2");
	got = splice(world.contexts[context].fd, &offset, ends[1], NULL, len,
		     0);
	if (got < 0 && errno != ENXIO && errno != EINTR && errno != EAGAIN)
		fz_fail("splice: %s", strerror(errno));
	if (got > 0)
		got = read(ends[0], bytes, sizeof(bytes));
	if (got > 0 &&
	    !fz_pattern_or_zero(context, (uint64_t)at, bytes, (size_t)got))
		fz_fail("context %u splices foreign bytes", context);
	close(ends[0]);
	close(ends[1]);
}

void fz_buffer_io(struct fz_thread *thread)
{
	unsigned int i = pick_context(thread);

	switch (fz_pick(thread, 4)) {
	case 0:
		read_buffer(thread, i);
		break;
	case 1:
		splice_buffer(thread, i);
		break;
	default:
		write_buffer(thread, i);
		break;
	}
	release_context(i);
}

static void write_file(struct fz_thread *thread, unsigned int i)
{
	unsigned char bytes[20000];
	size_t len = fz_pick(thread, sizeof(bytes));
	uint64_t offset = fz_number(thread, 20);

	fz_pattern_get(FZ_CONTEXTS + i, offset, bytes, len);
	if (pwrite(world.files[i].fd, bytes, len, (off_t)offset) < 0 &&
	    errno != EINTR)
		fz_fail("write to file %u: %s", i, strerror(errno));
}

/* The file is one that may change: its content, never its pattern. */
static void change_file(struct fz_thread *thread, unsigned int i)
{
	int fd = world.files[i].fd;
	off_t offset = (off_t)fz_number(thread, 20);
	off_t len = 1 + (off_t)fz_number(thread, 18);

	switch (fz_pick(thread, 4)) {
	case 0:
		if (ftruncate(fd, offset))
			fz_fail("ftruncate: %s", strerror(errno));
		break;
	case 1:
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  offset, len);
		break;
	default:
		write_file(thread, i);
		break;
	}
}

void fz_file_change(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, FZ_FILES);
	unsigned int how = fz_pick(thread, 4);
	struct fz_file *file = &world.files[i];

	pthread_rwlock_rdlock(&file->lock);
	if (how == 0) {
		fdatasync(file->fd);
		posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
	} else if (how == 1) {
		posix_fadvise(file->fd, (off_t)fz_number(thread, 20),
			      (off_t)fz_number(thread, 20),
			      POSIX_FADV_WILLNEED);
	} else if (file->may_change) {
		change_file(thread, i);
	}
	pthread_rwlock_unlock(&file->lock);
}

static void read_fdinfo(int fd)
{
	char path[64], text[2048];
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0 || read(info, text, sizeof(text)) <= 0)
		fz_fail("fdinfo: %s", strerror(errno));
	close(info);
}

void fz_info(struct fz_thread *thread)
{
	unsigned int i = pick_context(thread);
	struct zcopy_stats stats;
	struct zcopy_info info;

	if (zcopy_get_info(world.contexts[i].fd, &info) ||
	    zcopy_get_stats(world.contexts[i].fd, &stats))
		fz_fail("INFO or STATS: %s", strerror(errno));
	read_fdinfo(world.contexts[i].fd);
	release_context(i);
}

/* Page sharing is turned off and on again while sends go on. */
void fz_parameter(struct fz_thread *thread)
{
	zt_write_line("/sys/module/zcopy/parameters/zero_copy",
		      fz_one_in(thread, 2) ? "never" : "always");
}

void fz_signal(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, world.nr_threads);
	struct fz_thread *other = &world.threads[i];

	if (i == thread->index)
		return;
	pthread_mutex_lock(&other->lock);
	if (other->runs)
		pthread_kill(other->thread, SIGUSR1);
	pthread_mutex_unlock(&other->lock);
}

/* A signal's handler would not come back if its sigreturn(2) failed. */
static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(how, &set, NULL);
}

bool fz_arm(struct fz_thread *thread)
{
	unsigned int nth = 1 + fz_pick(thread, 40);

	if (thread->inject < 0 || !fz_one_in(thread, 3))
		return false;
	mask_signals(SIG_BLOCK);
	zt_inject_arm(thread->inject, nth);
	return true;
}

void fz_disarm(struct fz_thread *thread)
{
	zt_inject_disarm(thread->inject);
	mask_signals(SIG_UNBLOCK);
}
