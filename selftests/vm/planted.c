// SPDX-License-Identifier: GPL-2.0
/*
 * A module of faults, to see whether a debug kernel and the rig notice them. It is
 * built under the name zcopy, since what is looked for is that module's. To commit
 * a fault, write its name to the parameter "fault".
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

/* Whatever the compiler knows of it, it forgets. */
static volatile int number;

static noinline void use_after_free(void)
{
	char *memory = kmalloc(64, GFP_KERNEL);

	kfree(memory);
	OPTIMIZER_HIDE_VAR(memory);
	number = READ_ONCE(memory[8]);
}

static noinline void out_of_bounds(void)
{
	char *memory = kmalloc(60, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(memory);
	number = READ_ONCE(memory[60]);
	kfree(memory);
}

static noinline void shift(void)
{
	number = 64;
	number = 1 << number;
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static noinline void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static DEFINE_SPINLOCK(spinlock);

static noinline void sleep_in_atomic(void)
{
	spin_lock(&spinlock);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock(&spinlock);
}

/* Some of them, because old pointers lie about on stacks. */
static noinline void lost_object(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		char *memory = kmalloc(3000, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(memory);
	}
}

static noinline void lost_page(void)
{
	number = !alloc_page(GFP_KERNEL);
}

/* By code that KASAN does not watch, as a device would. */
static noinline __no_sanitize_address void scribble(char *memory)
{
	WRITE_ONCE(memory[1000], 1);
}

/* A processor hands out first what it was given back last. */
static noinline void freed_page(void)
{
	struct page *page;

	preempt_disable();
	page = alloc_page(GFP_ATOMIC);
	if (page) {
		__free_page(page);
		scribble(page_address(page));
		page = alloc_page(GFP_ATOMIC);
	}
	preempt_enable();
	if (page)
		__free_page(page);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "none", NULL },
	{ "use_after_free", use_after_free },
	{ "out_of_bounds", out_of_bounds },
	{ "shift", shift },
	{ "lock_order", lock_order },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "lost_object", lost_object },
	{ "lost_page", lost_page },
	{ "freed_page", freed_page },
};

static int commit(const char *name, const struct kernel_param *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(name, faults[i].name))
			continue;
		if (faults[i].commit)
			faults[i].commit();
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = commit };

module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "commit this one");
MODULE_LICENSE("GPL");
