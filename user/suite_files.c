// SPDX-License-Identifier: GPL-2.0
/*
 * What the suite sends: random bytes, in files that lose their names as soon as
 * they are open, so that nothing is left behind whatever happens; or in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "suite.h"

#define BLOCK_BYTES (1UL << 20)
#define HUGE_PAGE (2UL << 20)

/* Fast, and no two blocks alike: this need not be unpredictable. */
static void fill_random(uint64_t *words, size_t bytes)
{
	static uint64_t state;
	uint64_t value;
	size_t i;

	if (!state && getrandom(&state, sizeof(state), 0) != sizeof(state))
		state = getpid();
	for (i = 0; i < bytes / sizeof(*words); i++) {
		state += 0x9e3779b97f4a7c15;
		value = (state ^ (state >> 32)) * 0xd6e8feb86659fd93;
		words[i] = value ^ (value >> 32);
	}
}

static const char *place_path(const struct suite *suite, enum suite_place place)
{
	static const char *const disks[] = { "/mnt/scratch", "/var/tmp" };
	size_t i;

	if (place == PLACE_MEMORY)
		return "/dev/shm";
	if (suite->disk)
		return suite->disk;
	for (i = 0; i < ARRAY_SIZE(disks); i++) {
		if (!access(disks[i], W_OK))
			return disks[i];
	}
	return ".";
}

const char *suite_place_name(const struct suite *suite, enum suite_place place)
{
	static char names[2][32];
	int fd = open(place_path(suite, place), O_PATH | O_CLOEXEC);

	strcpy(names[place], "unknown");
	if (fd >= 0) {
		filesystem_name(fd, names[place], sizeof(names[place]));
		close(fd);
	}
	return names[place];
}

static int open_unnamed(const char *directory)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/zcopy-bench-XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		say_error("cannot make a file in %s: %s", directory,
			  strerror(errno));
	else
		unlink(path);
	return fd;
}

/* Random bytes, on the disk: nothing shall be written back later on. */
static int fill_file(int fd, uint64_t *block, uint64_t bytes)
{
	uint64_t left = bytes;
	size_t chunk;
	ssize_t ret;

	while (left) {
		if (tool_stopped)
			return -1;
		chunk = left < BLOCK_BYTES ? left : BLOCK_BYTES;
		fill_random(block, chunk);
		ret = write(fd, block, chunk);
		if (ret < 0) {
			say_error("cannot write a file for the benchmark: %s",
				  strerror(errno));
			return -1;
		}
		left -= ret;
	}
	return fsync(fd);
}

static int make_file(const char *directory, uint64_t *block, uint64_t bytes,
		     struct source *source)
{
	source->name = "a file of the suite";
	source->len = bytes;
	source->fd = open_unnamed(directory);
	if (source->fd < 0)
		return -1;
	return fill_file(source->fd, block, bytes);
}

int suite_files(const struct suite *suite, enum suite_place place,
		unsigned int nr, uint64_t bytes, struct sources *sources)
{
	uint64_t *block = malloc(BLOCK_BYTES);
	int ret = -1;

	sources->nr = 0;
	sources->list = calloc(nr, sizeof(*sources->list));
	if (!sources->list || !block) {
		say_error("no memory");
		goto out;
	}
	while (sources->nr < nr) {
		if (make_file(place_path(suite, place), block, bytes,
			      &sources->list[sources->nr++])) {
			sources_close(sources);
			goto out;
		}
	}
	ret = bench_warm(sources);
out:
	free(block);
	return ret;
}

int suite_memory(uint64_t bytes, struct sources *sources)
{
	uint64_t room = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *base = aligned_alloc(HUGE_PAGE, room);

	sources->list = calloc(1, sizeof(*sources->list));
	sources->nr = 1;
	if (!base || !sources->list) {
		free(base);
		free(sources->list);
		say_error("no memory");
		return -1;
	}
	/* Fewer pieces for those who pin it. */
	madvise(base, room, MADV_HUGEPAGE);
	fill_random(base, bytes);
	sources->list->name = "memory";
	sources->list->fd = -1;
	sources->list->base = base;
	sources->list->len = bytes;
	return 0;
}

void suite_free_memory(struct sources *sources)
{
	free((void *)sources->list->base);
	sources_close(sources);
}
