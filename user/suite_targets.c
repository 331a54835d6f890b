// SPDX-License-Identifier: GPL-2.0
/* What zcopy has to show on the rigs that everybody has. */
#include <string.h>

#include "suite.h"

/* Where a target applies. */
enum rig {
	RIG_UML,
	RIG_QEMU,
	RIG_QEMU_6_1,
};

/**
 * struct target - a bound on a ratio
 * @ratio: its name
 * @relation: ">=", ">" or "<="
 * @bound: the ratio's median has to be so in relation to this
 * @rig: where
 */
struct target {
	const char *ratio;
	const char *relation;
	double bound;
	enum rig rig;
};

static const struct target targets[] = {
	{ "large.tmpfs.whole.zcopy_vs_sendfile", ">=", 1.5, RIG_UML },
	{ "large.tmpfs.whole.zcopy_vs_read", ">=", 2.5, RIG_UML },
	{ "large.tmpfs.whole.zcopy_vs_mmap", ">=", 2.5, RIG_UML },
	{ "large.tmpfs.whole.zcopy_vs_splice", ">=", 1.2, RIG_UML },
	{ "large.tmpfs.whole.zcopy_vs_floor", ">=", 0.90, RIG_UML },
	{ "large.ext4.whole.zcopy_vs_sendfile", ">=", 1.5, RIG_UML },
	{ "large.ext4.whole.zcopy_vs_read", ">=", 2.5, RIG_UML },
	{ "large.ext4.whole.zcopy_vs_mmap", ">=", 2.5, RIG_UML },
	{ "large.ext4.whole.zcopy_vs_splice", ">=", 1.2, RIG_UML },
	{ "large.ext4.whole.zcopy_vs_floor", ">=", 0.90, RIG_UML },
	{ "large.tmpfs.1m.zcopy_vs_sendfile", ">=", 2.0, RIG_UML },
	{ "large.ext4.1m.zcopy_vs_sendfile", ">=", 2.0, RIG_UML },
	{ "gather.4k.zcopy_vs_best_sendfile", ">=", 4.0, RIG_UML },
	{ "gather.16k.zcopy_vs_best_sendfile", ">=", 3.0, RIG_UML },
	{ "gather.64k.zcopy_vs_best_sendfile", ">=", 1.5, RIG_UML },
	{ "buffer.1m.zcopy-buffer_vs_send", ">=", 2.0, RIG_UML },
	{ "buffer.1m.zcopy-buffer_vs_best", ">", 1.0, RIG_UML },
	{ "small.4k.zcopy_vs_sendfile", ">=", 0.95, RIG_UML },
	{ "cold.ext4.zcopy_vs_sendfile", ">=", 0.95, RIG_UML },
	{ "connections.64.zcopy_vs_sendfile", ">=", 1.3, RIG_UML },
	{ "growth.bytes.time_per_byte_4g_vs_64m", "<=", 1.10, RIG_UML },
	{ "growth.segments.time_per_segment_16384_vs_64", "<=", 1.20, RIG_UML },
	{ "gather.4k.zcopy_vs_best_sendfile", ">=", 2.0, RIG_QEMU },
	{ "large.tmpfs.whole.zcopy_vs_sendfile", ">=", 1.5, RIG_QEMU_6_1 },
	{ "large.ext4.whole.zcopy_vs_sendfile", ">=", 1.5, RIG_QEMU_6_1 },
};

static bool applies(const struct target *target, const struct machine *machine)
{
	switch (target->rig) {
	case RIG_UML:
		return machine->kind == MACHINE_UML;
	case RIG_QEMU:
		return machine->kind == MACHINE_TCG;
	case RIG_QEMU_6_1:
		return machine->kind == MACHINE_TCG &&
		       !strncmp(machine->kernel, "6.1.", 4);
	}
	return false;
}

static bool is_met(const struct target *target, double value)
{
	if (target->relation[0] == '<')
		return value <= target->bound;
	if (target->relation[1] == '=')
		return value >= target->bound;
	return value > target->bound;
}

/* Was the run made that this ratio is of? */
static bool was_run(const struct target *target, const json_t *runs)
{
	const char *name;
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		name = json_string_value(json_object_get(run, "name"));
		if (!strncmp(target->ratio, name, strlen(name)) &&
		    target->ratio[strlen(name)] == '.')
			return true;
	}
	return false;
}

static json_t *judge(const struct target *target, const json_t *ratios)
{
	const json_t *value = json_object_get(
		json_object_get(ratios, target->ratio), "median");
	bool met = value && is_met(target, json_real_value(value));

	return json_pack("{s:s, s:s, s:f, s:O?, s:b}", "name", target->ratio,
			 "relation", target->relation, "bound", target->bound,
			 "value", value, "met", met);
}

json_t *suite_targets(const struct suite *suite)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		if (applies(&targets[i], &suite->machine) &&
		    was_run(&targets[i], suite->runs))
			json_array_append_new(
				list, judge(&targets[i], suite->ratios));
	}
	return list;
}
