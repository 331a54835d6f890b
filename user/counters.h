/* SPDX-License-Identifier: GPL-2.0 */
/* Cycles and instructions of all CPUs, where perf events count them. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>

/**
 * struct counts - what the processors did, in kernel and user mode
 * @cycles: not those in which they were idle
 * @instructions: retired
 */
struct counts {
	double cycles;
	double instructions;
};

/**
 * struct counters - perf events, a group for each CPU
 * @fds: the groups' leaders, then as many for the instructions
 * @nr: CPUs; 0: nothing is counted here
 */
struct counters {
	int *fds;
	unsigned int nr;
};

/* Leaves @nr 0 where there are no such events, or none for us. */
void counters_open(struct counters *counters);
void counters_start(const struct counters *counters);
/* Adds what there was since counters_start() to @counts. */
void counters_stop(const struct counters *counters, struct counts *counts);
void counters_close(struct counters *counters);

#endif /* COUNTERS_H */
