/* SPDX-License-Identifier: GPL-2.0 */
/* Zeros to send: for ZERO segments and for holes. */
#ifndef ZC_ZERO_H
#define ZC_ZERO_H

#include <linux/bits.h>
#include <linux/mm_types.h>
#include <linux/sizes.h>

/* As many pages as the network stack takes out of one bio_vec at a time. */
#define ZC_ZERO_ORDER 3
#define ZC_ZERO_PAGES BIT(ZC_ZERO_ORDER)
#define ZC_ZERO_BYTES (PAGE_SIZE << ZC_ZERO_ORDER)

int zc_zero_init(void);
void zc_zero_exit(void);
struct page *zc_zero_page(pgoff_t index);

#endif /* ZC_ZERO_H */
