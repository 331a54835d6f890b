// SPDX-License-Identifier: GPL-2.0
/* What this runs on: kernel, processor, hypervisor, the module. */
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "machine.h"
#include "tool.h"

/* The value of the first line of /proc/cpuinfo that begins with @key. */
static bool cpuinfo(const char *key, char *value, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool found = false;
	char line[512];
	char *colon;

	while (file && !found && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (!colon || strncmp(line, key, strlen(key)))
			continue;
		colon++;
		colon += strspn(colon, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, size, "%s", colon);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

double machine_system_call(void)
{
	const unsigned int calls = 1000;
	double start, took, least = 0;
	unsigned int i, round;

	for (round = 0; round < 5; round++) {
		start = now();
		for (i = 0; i < calls; i++)
			syscall(SYS_getppid);
		took = (now() - start) / calls;
		if (!round || took < least)
			least = took;
	}
	return least;
}

/* The twelve letters by which a hypervisor makes itself known, or "". */
static void hypervisor_signature(char signature[13])
{
	memset(signature, 0, 13);
#if defined(__x86_64__) || defined(__i386__)
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1U << 31)))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(signature, &b, 4);
	memcpy(signature + 4, &c, 4);
	memcpy(signature + 8, &d, 4);
#endif
}

/* The processor's own name: user-mode Linux calls every one of them UML. */
static void processor_brand(char *text, size_t size)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned int words[13] = { 0 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!__get_cpuid(0x80000002 + i, &words[4 * i],
				 &words[4 * i + 1], &words[4 * i + 2],
				 &words[4 * i + 3]))
			return;
	}
	snprintf(text, size, "%s", (const char *)words);
#else
	(void)text;
	(void)size;
#endif
}

static void look_for_hypervisor(struct machine *machine)
{
	static const struct {
		const char *signature;
		const char *name;
		enum machine_kind kind;
	} known[] = {
		{ "KVMKVMKVM", "KVM", MACHINE_VIRTUAL },
		{ "TCGTCGTCGTCG", "QEMU TCG", MACHINE_TCG },
		{ "Microsoft Hv", "Hyper-V", MACHINE_VIRTUAL },
		{ "VMwareVMware", "VMware", MACHINE_VIRTUAL },
		{ "XenVMMXenVMM", "Xen", MACHINE_VIRTUAL },
		{ "bhyve bhyve ", "bhyve", MACHINE_VIRTUAL },
	};
	char signature[13], vendor[64];
	size_t i;

	/* There the instruction would tell about the host. */
	if (cpuinfo("vendor_id", vendor, sizeof(vendor)) &&
	    !strcmp(vendor, "User Mode Linux")) {
		machine->kind = MACHINE_UML;
		strcpy(machine->hypervisor, "user-mode Linux");
		return;
	}
	hypervisor_signature(signature);
	machine->kind = signature[0] ? MACHINE_VIRTUAL : MACHINE_BARE;
	snprintf(machine->hypervisor, sizeof(machine->hypervisor), "%s",
		 signature[0] ? signature : "none");
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(signature, known[i].signature))
			continue;
		machine->kind = known[i].kind;
		strcpy(machine->hypervisor, known[i].name);
	}
	/* A QEMU that was told to hide its signature. */
	if (strstr(machine->cpu, "QEMU TCG")) {
		machine->kind = MACHINE_TCG;
		strcpy(machine->hypervisor, "QEMU TCG");
	}
}

void machine_look(struct machine *machine)
{
	struct utsname names;
	int fd;

	memset(machine, 0, sizeof(*machine));
	uname(&names);
	snprintf(machine->kernel, sizeof(machine->kernel), "%s", names.release);
	snprintf(machine->architecture, sizeof(machine->architecture), "%s",
		 names.machine);
	if (!cpuinfo("model name", machine->cpu, sizeof(machine->cpu)))
		strcpy(machine->cpu, "unknown");
	look_for_hypervisor(machine);
	if (machine->kind == MACHINE_UML)
		processor_brand(machine->cpu, sizeof(machine->cpu));
	machine->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	machine->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			  (uint64_t)sysconf(_SC_PAGESIZE);
	fd = zcopy_open();
	if (fd < 0)
		return;
	machine->has_module = !zcopy_get_info(fd, &machine->info);
	close(fd);
}

const char *machine_warning(const struct machine *machine)
{
	switch (machine->kind) {
	case MACHINE_TCG:
		return "QEMU's TCG emulates this processor, its memory copies too: ratios between methods that copy and methods that do not mean nothing here. Compare zero-copy with zero-copy, or measure on real hardware or user-mode Linux";
	case MACHINE_UML:
		return "user-mode Linux runs native code, but on one CPU, and a system call costs some microseconds: methods that make many calls look worse than on real hardware";
	default:
		return NULL;
	}
}

json_t *machine_json(const struct machine *machine)
{
	static const char *const kinds[] = {
		[MACHINE_BARE] = "bare",
		[MACHINE_VIRTUAL] = "virtual",
		[MACHINE_TCG] = "tcg",
		[MACHINE_UML] = "uml",
	};
	const char *warning = machine_warning(machine);
	json_t *module = json_null();

	if (machine->has_module)
		module = json_pack(
			"{s:i, s:s, s:I}", "abi_version",
			(int)machine->info.out_abi_version, "backend",
			zcopy_backend_name(machine->info.out_backend),
			"batch_bytes",
			(json_int_t)machine->info.out_batch_bytes);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:s?, s:o}",
			 "kernel", machine->kernel, "architecture",
			 machine->architecture, "cpu", machine->cpu,
			 "hypervisor", machine->hypervisor, "kind",
			 kinds[machine->kind], "cpus", (int)machine->cpus,
			 "memory", (json_int_t)machine->memory, "warning",
			 warning, "module", module);
}

char *filesystem_name(int fd, char *text, size_t size)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} known[] = {
		{ EXT4_SUPER_MAGIC, "ext4" },
		{ TMPFS_MAGIC, "tmpfs" },
		{ XFS_SUPER_MAGIC, "xfs" },
		{ BTRFS_SUPER_MAGIC, "btrfs" },
		{ OVERLAYFS_SUPER_MAGIC, "overlayfs" },
		{ V9FS_MAGIC, "9p" },
		{ NFS_SUPER_MAGIC, "nfs" },
		{ FUSE_SUPER_MAGIC, "fuse" },
		{ F2FS_SUPER_MAGIC, "f2fs" },
		{ SQUASHFS_MAGIC, "squashfs" },
		{ EROFS_SUPER_MAGIC_V1, "erofs" },
		{ HOSTFS_SUPER_MAGIC, "hostfs" },
		{ RAMFS_MAGIC, "ramfs" },
	};
	struct statfs status;
	size_t i;

	if (fstatfs(fd, &status)) {
		snprintf(text, size, "unknown");
		return text;
	}
	snprintf(text, size, "0x%lx", (unsigned long)status.f_type);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if ((unsigned long)status.f_type == known[i].magic)
			snprintf(text, size, "%s", known[i].name);
	}
	return text;
}
