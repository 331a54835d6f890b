// SPDX-License-Identifier: GPL-2.0
/* Take the figures out of the probes' maps, and add them up. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "count_probes.h"
#include "tool.h"

/* Waiting for packets that are on their way. */
#define SETTLE_STEP_MS 25
#define SETTLE_MOST_MS 2000

/* A value of a map, all of whose members are 64-bit, over all CPUs. */
static int read_sum(const struct bpf_map *map, const void *key,
		    unsigned long long *sum)
{
	size_t numbers = bpf_map__value_size(map) / 8;
	int cpus = libbpf_num_possible_cpus();
	unsigned long long *all;
	size_t i;
	int ret;

	memset(sum, 0, numbers * 8);
	all = calloc(cpus, numbers * 8);
	if (!all)
		return -1;
	ret = bpf_map_lookup_elem(bpf_map__fd(map), key, all);
	for (i = 0; !ret && i < cpus * numbers; i++)
		sum[i % numbers] += all[i];
	free(all);
	return ret;
}

/*
 * The elements of a hash map, at most @most, of @stride bytes each: the key,
 * then the value. Returns how many, or -1.
 */
static int read_hash(const struct bpf_map *map, void *elements, size_t stride,
		     size_t value_at, unsigned int most)
{
	char *element = elements;
	const void *last = NULL;
	unsigned int nr = 0;

	while (nr < most &&
	       !bpf_map_get_next_key(bpf_map__fd(map), last, element)) {
		if (read_sum(map, element, (void *)(element + value_at)))
			return -1;
		last = element;
		element += stride;
		nr++;
	}
	return nr;
}

static int by_bytes(const void *left, const void *right)
{
	const struct count_copied *a = left, *b = right;

	return (a->value.bytes < b->value.bytes) -
	       (a->value.bytes > b->value.bytes);
}

static int read_syscalls(const struct bpf_map *map, struct figures *figures)
{
	struct count_syscalls all;
	unsigned int zero = 0, i;

	if (read_sum(map, &zero, (void *)&all))
		return -1;
	for (i = 0; i < ARRAY_SIZE(figures->syscalls); i++)
		figures->syscalls[i] = all.times[i];
	return 0;
}

struct named_cipher {
	uint64_t address;
	struct count_copy value;
};

/* The name of the kernel function at @address. */
static void name_function(uint64_t address, char *name, size_t size)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long at;
	char line[256], found[160];

	snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %159s", &at, found) == 2 &&
		    at == address) {
			snprintf(name, size, "%.*s", (int)size - 1, found);
			break;
		}
	}
	if (file)
		fclose(file);
}

static int read_ciphers(const struct bpf_map *map, struct figures *figures)
{
	struct named_cipher ciphers[COUNT_MOST_CIPHERS];
	struct count_cipher *cipher;
	int nr, i;

	nr = read_hash(map, ciphers, sizeof(ciphers[0]),
		       offsetof(struct named_cipher, value),
		       COUNT_MOST_CIPHERS);
	for (i = 0; i < nr; i++) {
		cipher = &figures->ciphers[i];
		cipher->value = ciphers[i].value;
		name_function(ciphers[i].address, cipher->name,
			      sizeof(cipher->name));
	}
	return nr;
}

/* How much work the probes themselves were. */
static void read_probes(const struct probes *probes, struct figures *figures)
{
	struct bpf_program *program;
	struct bpf_prog_info info;
	__u32 size;

	bpf_object__for_each_program(program, probes->skeleton->obj) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (!bpf_program__autoload(program) ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info,
					   &size))
			continue;
		figures->probe_runs += info.run_cnt;
		figures->probe_seconds += info.run_time_ns / 1e9;
		figures->probe_misses += info.recursion_misses;
	}
}

static int read_totals(const struct probes *probes, struct count_totals *totals)
{
	__u32 zero = 0;

	return read_sum(probes->skeleton->maps.totals, &zero, (void *)totals);
}

static int read_nets(const struct probes *probes, struct count_net *nets)
{
	return read_hash(probes->skeleton->maps.devices, nets, sizeof(*nets),
			 offsetof(struct count_net, value), COUNT_MOST_DEVICES);
}

int probes_read(const struct probes *probes, struct figures *figures)
{
	int copies, nets, ciphers;

	memset(figures, 0, sizeof(*figures));
	copies = read_hash(probes->skeleton->maps.copies, figures->copies,
			   sizeof(figures->copies[0]),
			   offsetof(struct count_copied, value),
			   COUNT_MOST_COPIES);
	nets = read_nets(probes, figures->nets);
	ciphers = read_ciphers(probes->skeleton->maps.encrypted, figures);
	if (copies < 0 || nets < 0 || ciphers < 0 ||
	    read_totals(probes, &figures->totals) ||
	    read_syscalls(probes->skeleton->maps.syscalls, figures))
		return -1;
	figures->nr_copies = copies;
	figures->nr_nets = nets;
	figures->nr_ciphers = ciphers;
	qsort(figures->copies, copies, sizeof(figures->copies[0]), by_bytes);
	read_probes(probes, figures);
	return 0;
}

/* Bytes handed to devices so far. */
static uint64_t sent_so_far(const struct probes *probes)
{
	struct count_net nets[COUNT_MOST_DEVICES];
	uint64_t bytes = 0;
	int nr = read_nets(probes, nets);
	int i;

	for (i = 0; i < nr; i++)
		bytes += nets[i].value.header + nets[i].value.linear +
			 nets[i].value.fragments;
	return bytes;
}

int probes_settle(const struct probes *probes, struct figures *figures)
{
	const struct timespec step = { .tv_nsec = SETTLE_STEP_MS * 1000000L };
	uint64_t before = sent_so_far(probes), bytes;
	int waited, quiet = 0;

	for (waited = 0; waited < SETTLE_MOST_MS && quiet < 4 && !tool_stopped;
	     waited += SETTLE_STEP_MS) {
		nanosleep(&step, NULL);
		bytes = sent_so_far(probes);
		quiet = bytes == before ? quiet + 1 : 0;
		before = bytes;
	}
	return probes_read(probes, figures);
}

static void clear_hash(const struct bpf_map *map)
{
	char key[32];

	while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key) &&
	       !bpf_map_delete_elem(bpf_map__fd(map), key))
		;
}

/* All of the values of an array with one value for each CPU. */
static int clear_array(const struct bpf_map *map)
{
	int cpus = libbpf_num_possible_cpus();
	void *zeros = calloc(cpus, bpf_map__value_size(map));
	unsigned int i;
	int ret = zeros ? 0 : -1;

	for (i = 0; !ret && i < bpf_map__max_entries(map); i++)
		ret = bpf_map_update_elem(bpf_map__fd(map), &i, zeros, BPF_ANY);
	free(zeros);
	return ret;
}

int probes_reset(const struct probes *probes)
{
	clear_hash(probes->skeleton->maps.copies);
	clear_hash(probes->skeleton->maps.devices);
	clear_hash(probes->skeleton->maps.encrypted);
	if (clear_array(probes->skeleton->maps.syscalls))
		return -1;
	return clear_array(probes->skeleton->maps.totals);
}
