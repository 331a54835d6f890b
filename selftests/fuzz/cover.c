// SPDX-License-Identifier: GPL-2.0
/*
 * What of the module's code threads have run through. KCOV gives each thread a
 * list of the blocks that it enters, in order; the module is built with it on
 * kernels that have it (see Kbuild). A block is known by its place in the module,
 * an edge by the two blocks that came one after the other.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"
#include "util.h"

/* What a thread can enter between two looks; the rest is not seen. */
#define ROOM (128 * KIB)
/* More than the module's code has bytes. */
#define CODE_LOG 20
#define CODE (1u << CODE_LOG)

static uint64_t code; /* where the module begins */
static atomic_bool blocks[CODE], edges[CODE];
static atomic_uint nr_blocks, nr_edges;

/* From the lines "zcopy 65536 0 - Live 0x0123456789abcdef" of /proc/modules. */
static uint64_t find_module(void)
{
	FILE *file = fopen("/proc/modules", "re");
	uint64_t address = 0;
	char line[256];

	while (file && !address && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "zcopy %*s %*s %*s %*s %" SCNx64, &address) <
		    1)
			address = 0;
	}
	if (file)
		fclose(file);
	return address;
}

const char *fz_cover_open(struct fz_cover *cover)
{
	cover->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (cover->fd < 0)
		return "the kernel has no KCOV";
	code = find_module();
	if (!code || ioctl(cover->fd, KCOV_INIT_TRACE, ROOM))
		zt_die("KCOV_INIT_TRACE");
	cover->list = mmap(NULL, ROOM * sizeof(*cover->list),
			   PROT_READ | PROT_WRITE, MAP_SHARED, cover->fd, 0);
	if (cover->list == MAP_FAILED)
		zt_die("mmap of KCOV's list");
	return NULL;
}

void fz_cover_begin(struct fz_cover *cover)
{
	if (!cover->list)
		return;
	if (ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		zt_die("KCOV_ENABLE");
	cover->list[0] = 0;
}

void fz_cover_end(struct fz_cover *cover)
{
	if (cover->list && ioctl(cover->fd, KCOV_DISABLE, 0))
		zt_die("KCOV_DISABLE");
}

/* Whether nobody has been here before. */
static bool enter(atomic_bool *place, atomic_uint *nr)
{
	if (atomic_load_explicit(place, memory_order_relaxed) ||
	    atomic_exchange(place, true))
		return false;
	atomic_fetch_add(nr, 1);
	return true;
}

unsigned int fz_cover_take(struct fz_cover *cover)
{
	uint32_t before = 0, edge;
	unsigned int found = 0;
	uint64_t i, nr;

	if (!cover->list)
		return 0;
	nr = __atomic_load_n(cover->list, __ATOMIC_RELAXED);
	for (i = 1; i <= nr; i++) {
		uint64_t block = cover->list[i] - code;

		if (block >= CODE)
			continue;
		enter(&blocks[block], &nr_blocks);
		edge = (31 * before + (uint32_t)block) * 2654435761u;
		found += enter(&edges[edge >> (32 - CODE_LOG)], &nr_edges);
		before = (uint32_t)block;
	}
	__atomic_store_n(cover->list, 0, __ATOMIC_RELAXED);
	return found;
}

unsigned int fz_cover_blocks(void)
{
	return nr_blocks;
}

unsigned int fz_cover_edges(void)
{
	return nr_edges;
}
