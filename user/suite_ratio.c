// SPDX-License-Identifier: GPL-2.0
/* The suite's ratios: round by round, then the median with its quartiles. */
#include <string.h>

#include "suite.h"

struct suite_row *suite_row(struct suite_run *run, const char *label)
{
	unsigned int i;

	for (i = 0; i < run->nr_rows; i++) {
		if (!strcmp(run->rows[i].label, label))
			return &run->rows[i];
	}
	return NULL;
}

/* Seconds to send one unit in @round: the sources, or a byte, or a segment. */
static double seconds(const struct suite_row *row, unsigned int round,
		      double units)
{
	return row->row.samples[round].seconds / row->repeat / units;
}

struct spread suite_seconds(const struct suite_run *run,
			    const struct suite_row *row)
{
	double values[BENCH_MOST_ROUNDS];
	unsigned int i;

	for (i = 0; i < run->bench.rounds; i++)
		values[i] = seconds(row, i, 1);
	return bench_spread(values, run->bench.rounds);
}

static bool compare(const struct suite_run *run, const struct suite_row *fast,
		    double fast_units, const struct suite_row *slow,
		    double slow_units, struct spread *ratio)
{
	double values[BENCH_MOST_ROUNDS];
	unsigned int i;

	if (!fast || !slow || fast->row.outcome != OUTCOME_MEASURED ||
	    slow->row.outcome != OUTCOME_MEASURED)
		return false;
	for (i = 0; i < run->bench.rounds; i++)
		values[i] = seconds(slow, i, slow_units) /
			    seconds(fast, i, fast_units);
	*ratio = bench_spread(values, run->bench.rounds);
	return true;
}

static void keep(struct suite_run *run, const char *name,
		 const struct spread *ratio)
{
	char full[160];

	snprintf(full, sizeof(full), "%s.%s", run->name, name);
	json_object_set_new(run->suite->ratios, full, suite_spread_json(ratio));
}

void suite_ratio(struct suite_run *run, const char *name,
		 const struct suite_row *fast, const struct suite_row *slow)
{
	struct spread ratio;

	if (compare(run, fast, fast ? fast->row.transfer.bytes : 1, slow,
		    slow ? slow->row.transfer.bytes : 1, &ratio))
		keep(run, name, &ratio);
}

void suite_ratio_units(struct suite_run *run, const char *name,
		       const struct suite_row *fast,
		       const struct suite_row *slow)
{
	struct spread ratio;

	if (compare(run, fast, fast ? fast->units : 1, slow,
		    slow ? slow->units : 1, &ratio))
		keep(run, name, &ratio);
}

void suite_ratio_best(struct suite_run *run, const char *name,
		      const char *const *labels)
{
	struct suite_row *row, *best = NULL;

	for (; *labels; labels++) {
		row = suite_row(run, *labels);
		if (!row || row->row.outcome != OUTCOME_MEASURED)
			continue;
		if (!best || suite_seconds(run, row).median <
				     suite_seconds(run, best).median)
			best = row;
	}
	if (best)
		suite_ratio(run, name, &run->rows[0], best);
}
