// SPDX-License-Identifier: GPL-2.0
/* Known content, in memory and in files. See util.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

void zt_pattern(void *buf, size_t len, uint64_t seed)
{
	unsigned char *out = buf;
	uint64_t word, i;
	size_t part;

	for (i = 0; len; i++) {
		word = (i + (seed << 40) + 1) * UINT64_C(0x9e3779b97f4a7c15);
		word ^= word >> 29;
		part = len < sizeof(word) ? len : sizeof(word);
		memcpy(out, &word, part);
		out += part;
		len -= part;
	}
}

uint32_t zt_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 32);
}

const char *zt_disk_dir(void)
{
	static const char *const variables[] = { "ZCOPY_TEST_DIR", "TMPDIR" };
	const char *dir = getenv(variables[0]);

	if (dir && *dir)
		return dir;
	if (!access("/mnt/scratch", W_OK))
		return "/mnt/scratch";
	dir = getenv(variables[1]);
	return dir && *dir ? dir : "/tmp";
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t ret;

	while (len) {
		ret = write(fd, at, len);
		if (ret <= 0)
			zt_die("write of a test file");
		at += ret;
		len -= (size_t)ret;
	}
}

static int unlinked_file(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/zcopy-test-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || unlink(path))
		zt_die(path);
	return fd;
}

int zt_file(const char *dir, const void *data, size_t len)
{
	int fd = unlinked_file(dir);

	write_all(fd, data, len);
	return fd;
}

int zt_memory_file(const void *data, size_t len)
{
	int fd = memfd_create("zcopy-test", MFD_CLOEXEC);

	if (fd < 0)
		zt_die("memfd_create");
	write_all(fd, data, len);
	return fd;
}

int zt_sparse_file(const char *dir, uint64_t len)
{
	int fd = unlinked_file(dir);

	if (ftruncate(fd, (off_t)len))
		zt_die("ftruncate");
	return fd;
}

const char *zt_self_path(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

int zt_reopen(int fd, int flags)
{
	int again = open(zt_self_path(fd), flags | O_CLOEXEC);

	if (again < 0)
		zt_die("reopen of a test file");
	return again;
}

size_t zt_cached(int fd, uint64_t offset, size_t len)
{
	size_t page = zt_page_size(), pages = (len + page - 1) / page, i;
	unsigned char *resident = zt_alloc(pages);
	size_t bytes = 0;
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)offset);

	if (map == MAP_FAILED || mincore(map, len, resident))
		zt_die("mincore");
	for (i = 0; i < pages; i++) {
		if (resident[i] & 1)
			bytes += i + 1 < pages ? page : len - i * page;
	}
	munmap(map, len);
	free(resident);
	return bytes;
}

size_t zt_drop_cache(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);

	if (len < 0 || fsync(fd))
		zt_die("fsync");
	/* The first try may find pages still in a per-CPU list. */
	for (int i = 0; i < 10 && len && zt_cached(fd, 0, (size_t)len); i++)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return len ? zt_cached(fd, 0, (size_t)len) : 0;
}
