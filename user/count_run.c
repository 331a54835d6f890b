// SPDX-License-Identifier: GPL-2.0
/* Start a program, or find a process, and have it counted until it ends. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "count_probes.h"
#include "tool.h"

static int add(const struct probes *probes, pid_t thread, bool waiting)
{
	struct count_task task = {
		.waiting = waiting,
		.syscall = COUNT_IO_WORKER,
	};

	return bpf_map_update_elem(bpf_map__fd(probes->skeleton->maps.tasks),
				   &thread, &task, BPF_ANY);
}

int probes_add(const struct probes *probes, pid_t thread)
{
	return add(probes, thread, false);
}

int probes_remove(const struct probes *probes, pid_t thread)
{
	return bpf_map_delete_elem(bpf_map__fd(probes->skeleton->maps.tasks),
				   &thread);
}

/* Processes that a thread has started, and theirs. */
static unsigned int add_children(const struct probes *probes, pid_t pid,
				 const char *thread)
{
	unsigned int added = 0;
	char path[64];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", pid,
		 thread);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		added += probes_add_tree(probes, child);
	if (file)
		fclose(file);
	return added;
}

static bool is_counted(const struct probes *probes, pid_t thread)
{
	struct count_task task;

	return !bpf_map_lookup_elem(bpf_map__fd(probes->skeleton->maps.tasks),
				    &thread, &task);
}

static unsigned int add_threads(const struct probes *probes, pid_t pid)
{
	unsigned int added = 0;
	struct dirent *entry;
	char path[32];
	pid_t thread;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		thread = atoi(entry->d_name);
		if (thread <= 0)
			continue;
		if (!is_counted(probes, thread) && !probes_add(probes, thread))
			added++;
		added += add_children(probes, pid, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return added;
}

unsigned int probes_add_tree(const struct probes *probes, pid_t pid)
{
	unsigned int added = 0, more;

	/*
	 * What a thread starts before it is counted itself may come too late
	 * for the first look.
	 */
	do {
		more = add_threads(probes, pid);
		added += more;
	} while (more);
	return added;
}

/* The file that a command's name stands for; the caller's. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *list, *dir, *rest, *found = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : strdup(name);
	list = strdup(path ? path : "/usr/bin:/bin");
	for (rest = list; rest && (dir = strsep(&rest, ":"));) {
		if (asprintf(&found, "%s/%s", *dir ? dir : ".", name) < 0)
			found = NULL;
		if (!found || !access(found, X_OK))
			break;
		free(found);
		found = NULL;
	}
	free(list);
	return found;
}

/* The child waits until it will be counted, from execve(2) on. */
static void become_program(const char *file, char *const *command,
			   const int go[2], int report)
{
	char byte;
	int error;

	close(go[1]);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (read(go[0], &byte, 1) != 1)
		_exit(127);
	execv(file, command);
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

/* Ctrl-C reaches the program as well; a signal to this process does not. */
static int wait_for(pid_t child, int *wait_status)
{
	bool passed_on = false;

	while (waitpid(child, wait_status, 0) < 0) {
		if (errno != EINTR)
			return -1;
		if (tool_stopped && !passed_on)
			kill(child, SIGTERM);
		passed_on = tool_stopped;
	}
	return 0;
}

/**
 * struct start - a child that is about to become a program
 * @child: its number
 * @go: what is written here lets it go on
 * @report: where it says the errno of a failure; it is closed by execve(2)
 */
struct start {
	pid_t child;
	int go;
	int report;
};

static int start_child(const char *file, char *const *command,
		       struct start *start)
{
	int go[2], report[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(report, O_CLOEXEC)) {
		say_error("no pipe: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	start->child = fork();
	if (!start->child)
		become_program(file, command, go, report[1]);
	close(go[0]);
	close(report[1]);
	start->go = go[1];
	start->report = report[0];
	if (start->child > 0)
		return 0;
	say_error("cannot start a process: %s", strerror(errno));
	return -1;
}

static int let_go(const struct probes *probes, const struct start *start,
		  const char *file)
{
	int error = 0, wait_status;

	if (add(probes, start->child, true) || write(start->go, "", 1) != 1)
		error = errno;
	else if (read(start->report, &error, sizeof(error)) <= 0)
		return 0;
	say_error("cannot run %s: %s", file, strerror(error));
	close(start->go);
	waitpid(start->child, &wait_status, 0);
	return -1;
}

/* The process, or -1 after a sentence. */
static int open_process(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0)
		return pidfd;
	if (errno == EINVAL)
		say_error("%d is a thread: give its process", pid);
	else
		say_error("there is no process %d", pid);
	return -1;
}

int count_find(const struct subject *subject)
{
	char *file;
	int pidfd;

	if (subject->command) {
		file = find_program(subject->command[0]);
		free(file);
		if (file)
			return STATUS_OK;
		say_error("%s: there is no such command", subject->command[0]);
		return STATUS_USAGE;
	}
	pidfd = open_process(subject->pid);
	if (pidfd < 0)
		return STATUS_USAGE;
	close(pidfd);
	return STATUS_OK;
}

int count_run(const struct probes *probes, struct subject *subject)
{
	char *file = find_program(subject->command[0]);
	struct start start;
	int status = STATUS_FAILED;
	double begin;

	if (!file)
		return STATUS_FAILED;
	tool_catch_signals();
	if (!start_child(file, subject->command, &start)) {
		begin = now();
		if (!let_go(probes, &start, file)) {
			subject->ended = !wait_for(start.child,
						   &subject->wait_status);
			status = STATUS_OK;
		}
		subject->pid = start.child;
		subject->seconds = now() - begin;
		close(start.report);
	}
	free(file);
	return status;
}

/* Until the process has ended, or @limit seconds have passed, or a signal. */
static bool wait_until(int pidfd, double limit)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	double end = now() + limit, left = 1e6;
	int ret = 0;

	while (!tool_stopped && ret <= 0) {
		if (limit > 0)
			left = end - now();
		if (left <= 0)
			return false;
		ret = poll(&pollfd, 1, left < 1 ? left * 1000 + 1 : 1000);
	}
	return ret > 0;
}

int count_attach(const struct probes *probes, struct subject *subject,
		 double limit)
{
	int pidfd = open_process(subject->pid);
	double begin = now();
	unsigned int threads;

	if (pidfd < 0)
		return STATUS_FAILED;
	tool_catch_signals();
	threads = probes_add_tree(probes, subject->pid);
	say_note(
		"counting %u threads of process %d and its descendants; Ctrl-C ends it",
		threads, subject->pid);
	subject->ended = wait_until(pidfd, limit);
	subject->seconds = now() - begin;
	close(pidfd);
	return STATUS_OK;
}
