/* SPDX-License-Identifier: GPL-2.0 */
/* Where the figures go: one set for each CPU, added up by user space. */
#ifndef COUNT_MAPS_H
#define COUNT_MAPS_H

#include "count_scope.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct count_totals);
} totals SEC(".maps");

/* All in one value: user space gets it in one go. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct count_syscalls);
} syscalls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct count_copy_key);
	__type(value, struct count_copy);
} copies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 256);
	__type(key, struct count_device_key);
	__type(value, struct count_device);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, u64);
	__type(value, struct count_copy);
} encrypted SEC(".maps");

/* Softirqs interrupt threads on the same CPU: that is why it is atomic. */
static __always_inline void add(void *counter, u64 value)
{
	__sync_fetch_and_add((u64 *)counter, value);
}

static __always_inline struct count_totals *get_totals(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&totals, &zero);
}

#define add_total(member, value)                         \
	do {                                             \
		struct count_totals *__t = get_totals(); \
		if (__t)                                 \
			add(&__t->member, value);        \
	} while (0)

/* Look @key up in @map, whose values are of @type; make it if need be. */
#define GETTER(name, map, key_type, value_type)                     \
	static __always_inline value_type *name(key_type *key)      \
	{                                                           \
		value_type *found = bpf_map_lookup_elem(&map, key); \
		value_type zero = {};                               \
                                                                    \
		if (found)                                          \
			return found;                               \
		bpf_map_update_elem(&map, key, &zero, BPF_NOEXIST); \
		return bpf_map_lookup_elem(&map, key);              \
	}

GETTER(get_copy, copies, struct count_copy_key, struct count_copy)
GETTER(get_device, devices, struct count_device_key, struct count_device)
GETTER(get_encrypted, encrypted, u64, struct count_copy)

#endif /* COUNT_MAPS_H */
