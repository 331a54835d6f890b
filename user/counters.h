/* SPDX-License-Identifier: GPL-2.0 */
/* Cycles and instructions of all CPUs, where perf events count them. */
#ifndef COUNTERS_H
#define COUNTERS_H

/**
 * struct counts - what the processors did, in kernel and user mode
 * @cycles: not those in which they were idle
 * @instructions: retired
 */
struct counts {
	double cycles;
	double instructions;
};

struct counter;

/**
 * struct counters - perf events of all CPUs
 * @list: for each CPU
 * @nr: CPUs; 0: nothing is counted here
 */
struct counters {
	struct counter *list;
	unsigned int nr;
};

/* Leaves @nr 0 where there are no such events, or none for us. */
void counters_open(struct counters *counters);
void counters_start(struct counters *counters);
/* Adds what there was since counters_start() to @counts. */
void counters_stop(struct counters *counters, struct counts *counts);
void counters_close(struct counters *counters);

#endif /* COUNTERS_H */
