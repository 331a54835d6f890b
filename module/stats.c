// SPDX-License-Identifier: GPL-2.0
/*
 * Counters. A call counts for itself, without any sharing, and adds the sums to
 * its file's and to the module's when it ends.
 */

#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>

#include "stats.h"

static ssize_t zc_stats_sysfs_show(struct device *dev,
				   struct device_attribute *attr, char *page);

/* Names in fdinfo and in sysfs are part of the ABI. */
#define ZC_STATS_ATTRIBUTE(_stat, _name)                     \
	[_stat] = { .attr = { .name = _name, .mode = 0444 }, \
		    .show = zc_stats_sysfs_show }
#define ZC_STATS_STOP(_stop, _name) \
	ZC_STATS_ATTRIBUTE(ZC_STAT_STOPS + (_stop), "stop_" _name)

static struct device_attribute zc_stats_attributes[ZC_STAT_COUNT] = {
	ZC_STATS_ATTRIBUTE(ZC_STAT_CALLS, "calls"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_BATCHES, "batches"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_FILE_BYTES, "file_bytes"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_BUFFER_BYTES, "buffer_bytes"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_USER_BYTES, "user_bytes"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_ZERO_BYTES, "zero_bytes"),
	ZC_STATS_ATTRIBUTE(ZC_STAT_COPIED_BYTES, "copied_bytes"),
	ZC_STATS_STOP(ZCOPY_STOP_NONE, "none"),
	ZC_STATS_STOP(ZCOPY_STOP_COMPLETE, "complete"),
	ZC_STATS_STOP(ZCOPY_STOP_SOCKET_FULL, "socket_full"),
	ZC_STATS_STOP(ZCOPY_STOP_NOT_CACHED, "not_cached"),
	ZC_STATS_STOP(ZCOPY_STOP_SHORT, "short"),
	ZC_STATS_STOP(ZCOPY_STOP_INTERRUPTED, "interrupted"),
	ZC_STATS_STOP(ZCOPY_STOP_SOCKET_ERROR, "socket_error"),
	ZC_STATS_STOP(ZCOPY_STOP_SOURCE_ERROR, "source_error"),
};

static const char *zc_stats_name(unsigned int i)
{
	return zc_stats_attributes[i].attr.name;
}

/* The module's: each CPU adds to its own, a reader sums them up. */
static DEFINE_PER_CPU(struct zc_tally, zc_stats_module);

/**
 * zc_stats_add() - book a call that has ended
 * @stats: its open file's counters
 * @tally: what it counted
 */
void zc_stats_add(struct zc_stats *stats, const struct zc_tally *tally)
{
	unsigned int i;

	for (i = 0; i < ZC_STAT_COUNT; i++) {
		if (!tally->value[i])
			continue;
		atomic64_add(tally->value[i], &stats->value[i]);
		this_cpu_add(zc_stats_module.value[i], tally->value[i]);
	}
}

static u64 zc_stats_get(const struct zc_stats *stats, unsigned int i)
{
	return atomic64_read(&stats->value[i]);
}

/**
 * zc_stats_report() - an open file's counters for user space
 * @stats: the counters
 * @out: where to; its outputs are all written
 */
void zc_stats_report(const struct zc_stats *stats, struct zcopy_stats *out)
{
	unsigned int i;

	BUILD_BUG_ON(ZC_STAT_COUNT - ZC_STAT_STOPS > ZCOPY_STATS_STOPS);

	out->out_calls = zc_stats_get(stats, ZC_STAT_CALLS);
	out->out_batches = zc_stats_get(stats, ZC_STAT_BATCHES);
	out->out_file_bytes = zc_stats_get(stats, ZC_STAT_FILE_BYTES);
	out->out_buffer_bytes = zc_stats_get(stats, ZC_STAT_BUFFER_BYTES);
	out->out_user_bytes = zc_stats_get(stats, ZC_STAT_USER_BYTES);
	out->out_zero_bytes = zc_stats_get(stats, ZC_STAT_ZERO_BYTES);
	out->out_copied_bytes = zc_stats_get(stats, ZC_STAT_COPIED_BYTES);
	for (i = ZC_STAT_STOPS; i < ZC_STAT_COUNT; i++)
		out->out_stops[i - ZC_STAT_STOPS] = zc_stats_get(stats, i);
}

/**
 * zc_stats_show() - an open file's counters in /proc/PID/fdinfo/FD
 * @stats: the counters
 * @m: the file in proc
 */
void zc_stats_show(const struct zc_stats *stats, struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < ZC_STAT_COUNT; i++)
		seq_printf(m, "zcopy-%s:\t%llu\n", zc_stats_name(i),
			   zc_stats_get(stats, i));
}

static ssize_t zc_stats_sysfs_show(struct device *dev,
				   struct device_attribute *attr, char *page)
{
	unsigned int i = attr - zc_stats_attributes;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(zc_stats_module, cpu).value[i]);
	return sysfs_emit(page, "%llu\n", sum);
}

static struct attribute *zc_stats_list[ZC_STAT_COUNT + 1];

static const struct attribute_group zc_stats_group = {
	.name = "stats",
	.attrs = zc_stats_list,
};

/* For the device: a directory stats/ in sysfs. */
const struct attribute_group *zc_stats_groups[] = {
	&zc_stats_group,
	NULL,
};

/**
 * zc_stats_init() - make zc_stats_groups ready for use
 *
 * Context: before the device is registered.
 */
void __init zc_stats_init(void)
{
	unsigned int i;

	for (i = 0; i < ZC_STAT_COUNT; i++)
		zc_stats_list[i] = &zc_stats_attributes[i].attr;
}
