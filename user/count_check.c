// SPDX-License-Identifier: GPL-2.0
/* Is this a kernel, and are we somebody, that can count? If not: a sentence. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "count.h"
#include "tool.h"

/* Of the first PID namespace, since namespaces have numbers. */
#define FIRST_PID_NAMESPACE 0xeffffffc

/* Not in the C library; CAP_BPF and CAP_PERFMON are in the second half. */
static bool has_capability(int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[capability / 32].effective >> (capability % 32) & 1;
}

static bool may_count(void)
{
	return has_capability(CAP_SYS_ADMIN) ||
	       (has_capability(CAP_BPF) && has_capability(CAP_PERFMON));
}

/* The kernel says "none [integrity] confidentiality", the choice in brackets. */
static bool is_locked_down(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[80] = "";
	bool locked;

	if (!file)
		return false;
	locked = fgets(line, sizeof(line), file) &&
		 strstr(line, "[confidentiality]");
	fclose(file);
	return locked;
}

static bool in_first_pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) ||
	       status.st_ino == FIRST_PID_NAMESPACE;
}

int count_check(void)
{
	if (!may_count()) {
		say_error(
			"counting takes root's rights (or CAP_BPF and CAP_PERFMON): use sudo");
		return STATUS_MISSING;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		say_error(
			"this kernel has no type information for its probes (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF): it cannot count");
		return STATUS_MISSING;
	}
	if (is_locked_down()) {
		say_error(
			"the kernel is locked down (confidentiality): it lets nobody count");
		return STATUS_MISSING;
	}
	if (!in_first_pid_namespace()) {
		say_error(
			"this is a container with process numbers of its own: count from outside of it");
		return STATUS_MISSING;
	}
	return STATUS_OK;
}
