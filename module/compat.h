/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions.
 *
 * Each entry says which release changed what. A difference in shape is hidden
 * behind the newer kernel's name; a difference in behaviour (how pages reach a
 * socket) is a whole file, which Kbuild picks: sink_splice.c or
 * sink_sendpage.c.
 */
#ifndef ZC_COMPAT_H
#define ZC_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

/* 6.3: vma->vm_flags may only be changed through accessors. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/*
 * 6.5: sendmsg() takes a reference to each page of a bio_vec. ->sendpage()
 * takes one for all of it, so it must lie in one folio.
 */
#define ZC_BVEC_SPANS_FOLIOS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0))

#endif /* ZC_COMPAT_H */
