/* SPDX-License-Identifier: GPL-2.0 */
/* Letting a worker's memory and I/O be charged to the thread that wanted it. */
#ifndef ZC_PAYER_H
#define ZC_PAYER_H

#include <linux/cgroup.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

/**
 * struct zc_payer - the cgroups of a thread
 * @memory: of the memory controller, one reference; NULL without it
 * @io: of the block I/O controller, one reference; NULL without it
 */
struct zc_payer {
	struct cgroup_subsys_state *memory;
	struct cgroup_subsys_state *io;
};

/* The calling thread pays. */
static inline void zc_payer_get(struct zc_payer *payer)
{
	*payer = (struct zc_payer){};
#ifdef CONFIG_MEMCG
	payer->memory = task_get_css(current, memory_cgrp_id);
#endif
#ifdef CONFIG_BLK_CGROUP
	payer->io = task_get_css(current, io_cgrp_id);
#endif
}

static inline void zc_payer_put(struct zc_payer *payer)
{
	if (payer->memory)
		css_put(payer->memory);
	if (payer->io)
		css_put(payer->io);
}

/* From here on the calling worker is on the payer's account. */
static inline struct mem_cgroup *zc_payer_enter(const struct zc_payer *payer)
{
	kthread_associate_blkcg(payer->io);
	return set_active_memcg(mem_cgroup_from_css(payer->memory));
}

/* And here it is not any more; @saved is what zc_payer_enter() returned. */
static inline void zc_payer_leave(struct mem_cgroup *saved)
{
	set_active_memcg(saved);
	kthread_associate_blkcg(NULL);
}

#endif /* ZC_PAYER_H */
