/* SPDX-License-Identifier: GPL-2.0 */
/* Reading ahead for a caller that must not wait for a disk. */
#ifndef ZC_PREFETCH_H
#define ZC_PREFETCH_H

#include <linux/types.h>

struct file;

int zc_prefetch_init(void);
void zc_prefetch_exit(void);
void zc_prefetch_start(struct file *file, loff_t pos, u64 len);

#endif /* ZC_PREFETCH_H */
