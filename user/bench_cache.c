// SPDX-License-Identifier: GPL-2.0
/* The page cache: warm it, and verify that it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define BUFFER_BYTES (1UL << 20)

static int read_through(const struct source *source, char *buffer)
{
	uint64_t offset = 0;
	ssize_t ret = 1;

	while (ret > 0 && offset < source->len && !tool_stopped) {
		ret = pread(source->fd, buffer, BUFFER_BYTES, offset);
		if (ret > 0)
			offset += ret;
	}
	if (ret >= 0)
		return 0;
	say_error("cannot read %s: %s", source->name, strerror(errno));
	return -1;
}

int bench_warm(const struct sources *sources)
{
	char *buffer = malloc(BUFFER_BYTES);
	unsigned int i;
	int ret = buffer ? 0 : -1;

	for (i = 0; !ret && i < sources->nr; i++) {
		if (sources->list[i].fd >= 0)
			ret = read_through(&sources->list[i], buffer);
	}
	free(buffer);
	return ret;
}

/* For other people's files, mincore(2) calls every page resident. */
static bool may_know(int fd)
{
	char path[32];
	struct stat status;

	if (!fstat(fd, &status) && status.st_uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return !access(path, W_OK);
}

/* Pages of @source in the page cache, or -1. */
static long resident_pages(const struct source *source)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t nr = (source->len + page - 1) / page;
	unsigned char *map = malloc(nr);
	long resident = -1;
	void *base;
	size_t i;

	base = mmap(NULL, source->len, PROT_READ, MAP_SHARED, source->fd, 0);
	if (base != MAP_FAILED) {
		if (map && !mincore(base, source->len, map)) {
			resident = 0;
			for (i = 0; i < nr; i++)
				resident += map[i] & 1;
		}
		munmap(base, source->len);
	}
	free(map);
	return resident;
}

double bench_resident(const struct sources *sources)
{
	long page = sysconf(_SC_PAGESIZE);
	const struct source *source;
	double resident = 0, all = 0;
	unsigned int i;
	long pages;

	for (i = 0; i < sources->nr; i++) {
		source = &sources->list[i];
		if (source->fd < 0 || !source->len)
			continue;
		pages = may_know(source->fd) ? resident_pages(source) : -1;
		if (pages < 0)
			return -1;
		resident += pages;
		all += (source->len + page - 1) / page;
	}
	return all > 0 ? resident / all : 1;
}
