// SPDX-License-Identifier: GPL-2.0
/* Cycles and instructions of all CPUs, where perf events count them. */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counters.h"

static int open_event(uint64_t event, int cpu, int group)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = event,
		.read_format = PERF_FORMAT_GROUP,
		.disabled = group < 0,
	};

	return syscall(SYS_perf_event_open, &attr, -1, cpu, group,
		       PERF_FLAG_FD_CLOEXEC);
}

static int open_group(struct counters *counters, int cpu)
{
	int leader = open_event(PERF_COUNT_HW_CPU_CYCLES, cpu, -1);
	int second;

	if (leader < 0)
		return -1;
	second = open_event(PERF_COUNT_HW_INSTRUCTIONS, cpu, leader);
	if (second < 0) {
		close(leader);
		return -1;
	}
	counters->fds[2 * counters->nr] = leader;
	counters->fds[2 * counters->nr + 1] = second;
	counters->nr++;
	return 0;
}

void counters_open(struct counters *counters)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int cpu;

	counters->nr = 0;
	counters->fds = calloc(2 * cpus, sizeof(*counters->fds));
	if (!counters->fds)
		return;
	/* A CPU that is offline has none, and does nothing either. */
	for (cpu = 0; cpu < cpus; cpu++)
		open_group(counters, cpu);
	if (counters->nr < sysconf(_SC_NPROCESSORS_ONLN))
		counters_close(counters);
}

static void all_groups(const struct counters *counters, unsigned long request)
{
	unsigned int i;

	for (i = 0; i < counters->nr; i++)
		ioctl(counters->fds[2 * i], request, PERF_IOC_FLAG_GROUP);
}

void counters_start(const struct counters *counters)
{
	all_groups(counters, PERF_EVENT_IOC_RESET);
	all_groups(counters, PERF_EVENT_IOC_ENABLE);
}

void counters_stop(const struct counters *counters, struct counts *counts)
{
	/* As PERF_FORMAT_GROUP has it: how many, then each. */
	uint64_t values[3];
	unsigned int i;

	all_groups(counters, PERF_EVENT_IOC_DISABLE);
	for (i = 0; i < counters->nr; i++) {
		if (read(counters->fds[2 * i], values, sizeof(values)) !=
		    sizeof(values))
			continue;
		counts->cycles += values[1];
		counts->instructions += values[2];
	}
}

void counters_close(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < 2 * counters->nr; i++)
		close(counters->fds[i]);
	free(counters->fds);
	counters->fds = NULL;
	counters->nr = 0;
}
