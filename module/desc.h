/* SPDX-License-Identifier: GPL-2.0 */
/* The rules for a user's descriptors. Pure: no locks, no I/O, no memory. */
#ifndef ZC_DESC_H
#define ZC_DESC_H

#include <linux/types.h>

#include <linux/zcopy.h>

/* Offsets and lengths are loff_t inside the kernel. */
#define ZC_DESC_MAX ((u64)S64_MAX)

int zc_desc_check_send(const struct zcopy_send *send);
int zc_desc_check_segment(const struct zcopy_segment *segment,
			  u64 buffer_length);
int zc_desc_place(struct zcopy_segment *segment, u64 *cursor, u64 *total);

#endif /* ZC_DESC_H */
