// SPDX-License-Identifier: GPL-2.0
/* What the tests ask of the machine that they run on. See util.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

_Noreturn void zt_die(const char *what)
{
	fprintf(stderr, "# cannot test: %s: %s\n", what, strerror(errno));
	abort();
}

void *zt_alloc(size_t len)
{
	void *memory = malloc(len ? len : 1);

	if (!memory)
		zt_die("malloc");
	return memory;
}

size_t zt_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value && strcmp(value, "0") != 0;
}

bool zt_strict(void)
{
	return is_set("ZCOPY_TEST_STRICT");
}

bool zt_user_mode_linux(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];
	bool found = false;

	if (!file)
		zt_die("/proc/cpuinfo");
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "User Mode Linux");
	fclose(file);
	return found;
}

bool zt_less(void)
{
	return getenv("ZCOPY_TEST_LESS");
}

void zt_stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		zt_die("sched_setaffinity");
}

double zt_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		zt_die("clock_gettime");
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int zt_slack(void)
{
	const char *text = getenv("ZCOPY_TEST_SLACK");
	int slack = text ? atoi(text) : 1;

	return slack > 0 ? slack : 1;
}

bool zt_wait_until(bool (*test)(void *arg), void *arg, double seconds)
{
	double end = zt_now() + seconds * zt_slack();

	while (!test(arg)) {
		if (zt_now() > end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

const char *zt_read_line(const char *path)
{
	static char line[4096];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	got = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (got < 0)
		return NULL;
	line[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return line;
}

bool zt_write_line(const char *path, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, (size_t)len) == len;
	close(fd);
	return written;
}

uint64_t zt_meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[256];

	if (!file)
		zt_die("/proc/meminfo");
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':') {
			kib = strtoull(line + strlen(name) + 1, NULL, 10);
			break;
		}
	}
	fclose(file);
	return kib * KIB;
}

int zt_module_references(void)
{
	const char *line = zt_read_line("/sys/module/zcopy/refcnt");

	return line ? atoi(line) : -1;
}

bool zt_together(void)
{
	return is_set("ZCOPY_TEST_TOGETHER");
}

static bool has_no_more_users(void *arg)
{
	return zt_module_references() <= *(int *)arg;
}

bool zt_module_is_left(int references, double seconds)
{
	return zt_together() ||
	       zt_wait_until(has_no_more_users, &references, seconds);
}

long zt_open_files(void)
{
	const char *line = zt_read_line("/proc/sys/fs/file-nr");

	if (!line)
		zt_die("/proc/sys/fs/file-nr");
	return strtol(line, NULL, 10);
}

unsigned int zt_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!dir)
		zt_die("/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
