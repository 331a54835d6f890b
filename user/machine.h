/* SPDX-License-Identifier: GPL-2.0 */
/* What this runs on: figures mean nothing without it. */
#ifndef MACHINE_H
#define MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "libzcopy.h"

/* Whose clock and copies a measurement shows. */
enum machine_kind {
	MACHINE_BARE,	 /* no hypervisor says that it is there */
	MACHINE_VIRTUAL, /* a hypervisor: native code */
	MACHINE_TCG,	 /* QEMU's TCG: every instruction is translated */
	MACHINE_UML,	 /* user-mode Linux: native code, dear system calls */
};

/**
 * struct machine - what this runs on
 * @kernel: release
 * @architecture: as uname(2) has it
 * @cpu: model name
 * @hypervisor: its name, "none" or "unknown"
 * @kind: what that means for measurements
 * @cpus: online
 * @memory: bytes
 * @has_module: the device opened and answered INFO
 * @info: what it answered
 */
struct machine {
	char kernel[65];
	char architecture[65];
	char cpu[80];
	char hypervisor[32];
	enum machine_kind kind;
	long cpus;
	uint64_t memory;
	bool has_module;
	struct zcopy_info info;
};

void machine_look(struct machine *machine);

/* Seconds that a system call takes which does nothing; measured, some ms. */
double machine_system_call(void);

/* What to keep in mind when reading figures from it, or NULL. */
const char *machine_warning(const struct machine *machine);

/* A new object, the caller's; NULL without memory. */
json_t *machine_json(const struct machine *machine);

/* The file system that holds @fd, such as "ext4"; unknown ones in hex. */
char *filesystem_name(int fd, char *text, size_t size);

#endif /* MACHINE_H */
