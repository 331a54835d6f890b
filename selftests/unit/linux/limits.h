/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel limits in user space, for the pure files of the module. */
#ifndef ZT_UNIT_LIMITS_H
#define ZT_UNIT_LIMITS_H

#include_next <linux/limits.h>
#include <stdint.h>

#define S64_MAX INT64_MAX

#endif /* ZT_UNIT_LIMITS_H */
