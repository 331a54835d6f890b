// SPDX-License-Identifier: GPL-2.0
/* A large file on a disk that is not in the page cache, before each sample. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suite.h"

/* What else the kernel keeps of the disk; for root only. */
static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		say_error("cannot drop the caches: %s", strerror(errno));
	close(fd);
}

/*
 * A processor keeps what another one is done with until it next receives a
 * packet (skb_attempt_defer_free()): pages of the last file sent, for one.
 * A datagram to ourselves makes it let go.
 */
static void poke_processor(int fd, int cpu)
{
	char byte = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* It fails for processors that are not ours, or off. */
	if (sched_setaffinity(0, sizeof(set), &set))
		return;
	if (send(fd, &byte, sizeof(byte), 0) == sizeof(byte))
		recv(fd, &byte, sizeof(byte), 0);
}

static void poke_processors(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cpu_set_t before;
	int cpu;

	if (fd < 0)
		return;
	if (!bind(fd, (struct sockaddr *)&address, len) &&
	    !getsockname(fd, (struct sockaddr *)&address, &len) &&
	    !connect(fd, (struct sockaddr *)&address, len) &&
	    !sched_getaffinity(0, sizeof(before), &before)) {
		for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
			poke_processor(fd, cpu);
		sched_setaffinity(0, sizeof(before), &before);
	}
	close(fd);
}

static int make_cold(struct suite_run *run, struct suite_row *row)
{
	const struct source *file = row->sources->list;
	double part;

	poke_processors();
	if (posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED))
		say_error("the kernel does not take advice on its cache");
	drop_caches();
	part = bench_resident(row->sources);
	run->resident_before = fmax(run->resident_before, part);
	if (part == 0)
		return 0;
	return transfer_lacks(
		&row->row.transfer,
		"the file does not leave the page cache: %.0f %% of it stay",
		100 * part);
}

static void add_rows(struct suite_run *run, const struct sources *sources)
{
	suite_add(run, "zcopy", &method_zcopy, sources);
	suite_add(run, "sendfile", &method_sendfile, sources);
	suite_add(run, "splice", &method_splice, sources);
	suite_add(run, "read", &method_read, sources);
	suite_add(run, "mmap", &method_mmap, sources);
	suite_add(run, "direct", &method_direct, sources);
}

int suite_cold(struct suite *suite)
{
	const char *place = suite_place_name(suite, PLACE_DISK);
	struct sources sources;
	struct suite_run run;
	int ret;

	if (!suite_wants(suite, "cold.%s", place))
		return 0;
	if (!strcmp(place, "tmpfs")) {
		say_note("cold: tmpfs has no disk: name one with --disk");
		return 0;
	}
	if (suite_files(suite, PLACE_DISK, 1, suite->large_bytes, &sources))
		return -1;
	suite_begin(suite, &run, "a large file that is on the disk only",
		    "cold.%s", place);
	run.before = make_cold;
	run.resident_before = 0;
	/* One sample is one reading of the disk: no time for trials. */
	run.tune = false;
	add_rows(&run, &sources);
	ret = suite_measure(&run);
	suite_end(&run);
	sources_close(&sources);
	return ret;
}
