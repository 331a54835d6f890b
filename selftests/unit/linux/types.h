/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel types in user space, for the pure files of the module. */
#ifndef ZT_UNIT_TYPES_H
#define ZT_UNIT_TYPES_H

#include <stdbool.h>
#include_next <linux/types.h>

typedef __u32 u32;
typedef __u64 u64;

#endif /* ZT_UNIT_TYPES_H */
