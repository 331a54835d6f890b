// SPDX-License-Identifier: GPL-2.0
/* CPU time, of this process with its kernel threads and of the machine. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

double cpu_of_process(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* All but idle, waiting for disks, and what a hypervisor took away. */
double cpu_of_machine(void)
{
	unsigned long long user = 0, nice = 0, system = 0, idle, wait;
	unsigned long long irq = 0, softirq = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
		   &system, &idle, &wait, &irq, &softirq) != 7) {
		fclose(file);
		return 0;
	}
	fclose(file);
	return (double)(user + nice + system + irq + softirq) /
	       sysconf(_SC_CLK_TCK);
}
