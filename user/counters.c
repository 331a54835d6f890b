// SPDX-License-Identifier: GPL-2.0
/* Cycles and instructions of all CPUs, where perf events count them. */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counters.h"

/**
 * struct reading - what read(2) gives for a group of two
 * @nr: two
 * @enabled: nanoseconds since it was made
 * @running: how many of them it had the processor's counters for itself
 * @cycles: in that time
 * @instructions: in that time
 */
struct reading {
	uint64_t nr;
	uint64_t enabled;
	uint64_t running;
	uint64_t cycles;
	uint64_t instructions;
};

/**
 * struct counter - of a CPU
 * @leader: the group, which counts cycles
 * @member: of the group: instructions
 * @before: at counters_start()
 */
struct counter {
	int leader;
	int member;
	struct reading before;
};

static int open_event(uint64_t event, int cpu, int group)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = event,
		.read_format = PERF_FORMAT_GROUP |
			       PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return syscall(SYS_perf_event_open, &attr, -1, cpu, group,
		       PERF_FLAG_FD_CLOEXEC);
}

static void open_counter(struct counters *counters, int cpu)
{
	struct counter *counter = &counters->list[counters->nr];

	counter->leader = open_event(PERF_COUNT_HW_CPU_CYCLES, cpu, -1);
	if (counter->leader < 0)
		return;
	counter->member = open_event(PERF_COUNT_HW_INSTRUCTIONS, cpu,
				     counter->leader);
	if (counter->member < 0)
		close(counter->leader);
	else
		counters->nr++;
}

void counters_open(struct counters *counters)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int cpu;

	counters->nr = 0;
	counters->list = calloc(cpus, sizeof(*counters->list));
	if (!counters->list)
		return;
	/* A CPU that is offline has none, and does nothing either. */
	for (cpu = 0; cpu < cpus; cpu++)
		open_counter(counters, cpu);
	if (counters->nr < sysconf(_SC_NPROCESSORS_ONLN))
		counters_close(counters);
}

static void take_reading(const struct counter *counter, struct reading *reading)
{
	if (read(counter->leader, reading, sizeof(*reading)) !=
	    sizeof(*reading))
		*reading = counter->before;
}

void counters_start(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < counters->nr; i++)
		take_reading(&counters->list[i], &counters->list[i].before);
}

/* Others may use the same counters: then each has them part of the time. */
static void add_counts(const struct reading *before,
		       const struct reading *after, struct counts *counts)
{
	double running = after->running - before->running;
	double scale;

	if (running <= 0)
		return;
	scale = (after->enabled - before->enabled) / running;
	counts->cycles += scale * (after->cycles - before->cycles);
	counts->instructions += scale *
				(after->instructions - before->instructions);
}

void counters_stop(struct counters *counters, struct counts *counts)
{
	struct reading after;
	unsigned int i;

	for (i = 0; i < counters->nr; i++) {
		take_reading(&counters->list[i], &after);
		add_counts(&counters->list[i].before, &after, counts);
	}
}

void counters_close(struct counters *counters)
{
	unsigned int i;

	for (i = 0; i < counters->nr; i++) {
		close(counters->list[i].member);
		close(counters->list[i].leader);
	}
	free(counters->list);
	counters->list = NULL;
	counters->nr = 0;
}
