/* SPDX-License-Identifier: GPL-2.0 */
/* Counters: of one call, of one open file and of the whole module. */
#ifndef ZC_STATS_H
#define ZC_STATS_H

#include <linux/atomic.h>
#include <linux/types.h>

#include <linux/zcopy.h>

struct attribute_group;
struct seq_file;

enum zc_stat {
	ZC_STAT_CALLS,
	ZC_STAT_BATCHES,
	ZC_STAT_FILE_BYTES,
	ZC_STAT_BUFFER_BYTES,
	ZC_STAT_USER_BYTES,
	ZC_STAT_ZERO_BYTES,
	ZC_STAT_COPIED_BYTES,
	ZC_STAT_STOPS,
	ZC_STAT_COUNT = ZC_STAT_STOPS + ZCOPY_STOP_SOURCE_ERROR + 1,
};

/**
 * struct zc_tally - the counters of one call
 * @value: indexed by enum zc_stat; the call's thread alone writes them
 */
struct zc_tally {
	u64 value[ZC_STAT_COUNT];
};

/**
 * struct zc_stats - the counters of one open file
 * @value: indexed by enum zc_stat; each is atomic, all of them together are not
 */
struct zc_stats {
	atomic64_t value[ZC_STAT_COUNT];
};

extern const struct attribute_group *zc_stats_groups[];

void zc_stats_init(void);
void zc_stats_add(struct zc_stats *stats, const struct zc_tally *tally);
void zc_stats_report(const struct zc_stats *stats, struct zcopy_stats *out);
void zc_stats_show(const struct zc_stats *stats, struct seq_file *m);

#endif /* ZC_STATS_H */
