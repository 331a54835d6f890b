// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of zeros that lie side by side, where the kernel has but one.
 *
 * They live as long as the module. A socket that still holds them when the
 * module goes has references of its own. Nobody ever writes to them.
 */

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mm.h>

#include "zero.h"

static struct page *zc_zero_pages;

/**
 * zc_zero_init() - allocate the zeros
 *
 * Return: 0 or -ENOMEM.
 */
int __init zc_zero_init(void)
{
	zc_zero_pages = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP,
				    ZC_ZERO_ORDER);
	return zc_zero_pages ? 0 : -ENOMEM;
}

/** zc_zero_exit() - undo zc_zero_init() */
void zc_zero_exit(void)
{
	put_page(zc_zero_pages);
}

/**
 * zc_zero_page() - a page of zeros that needs no reference
 * @index: of the page that it stands for
 *
 * Return: ZC_ZERO_PAGES of them, from a multiple of that on, are neighbours.
 */
struct page *zc_zero_page(pgoff_t index)
{
	return zc_zero_pages + index % ZC_ZERO_PAGES;
}
