/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that deal with libbpf share. */
#ifndef COUNT_PROBES_H
#define COUNT_PROBES_H

#include <bpf/libbpf.h>

#include "count.h"
#include "count.skel.h"

#define MOST_PROBES 128
#define MOST_NOTES 32

/**
 * struct probes - the probes in the kernel
 * @skeleton: programs and maps
 * @links: what keeps the programs attached
 * @nr_links: how many
 * @stats: keeps the kernel taking the programs' times, or -1
 * @notes: what cannot be seen
 * @nr_notes: how many
 */
struct probes {
	struct count_bpf *skeleton;
	struct bpf_link *links[MOST_PROBES];
	unsigned int nr_links;
	int stats;
	const char *notes[MOST_NOTES];
	unsigned int nr_notes;
};

#endif /* COUNT_PROBES_H */
