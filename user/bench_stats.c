// SPDX-License-Identifier: GPL-2.0
/* Samples to medians, quartiles and ratios. */
#include <stdlib.h>

#include "bench.h"

#define GIB (1024.0 * 1024 * 1024)

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between the two neighbours, by how near it is to each. */
static double quantile(const double *sorted, unsigned int nr, double part)
{
	double place = part * (nr - 1);
	unsigned int below = (unsigned int)place;

	if (below + 1 >= nr)
		return sorted[nr - 1];
	return sorted[below] +
	       (place - below) * (sorted[below + 1] - sorted[below]);
}

struct spread bench_spread(double *values, unsigned int nr)
{
	struct spread spread;

	qsort(values, nr, sizeof(*values), compare);
	spread.median = quantile(values, nr, 0.5);
	spread.low = quantile(values, nr, 0.25);
	spread.high = quantile(values, nr, 0.75);
	return spread;
}

static double sample_bytes(const struct bench *bench,
			   const struct bench_row *row)
{
	return (double)row->transfer.bytes * bench->repeat;
}

struct spread bench_throughput(const struct bench *bench,
			       const struct bench_row *row)
{
	double values[BENCH_MOST_ROUNDS];
	unsigned int i;

	for (i = 0; i < bench->rounds; i++)
		values[i] = sample_bytes(bench, row) / row->samples[i].seconds;
	return bench_spread(values, bench->rounds);
}

static const struct bench_row *zcopy_row(const struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr_rows; i++) {
		if (bench->rows[i].transfer.method == &method_zcopy)
			return &bench->rows[i];
	}
	return NULL;
}

bool bench_ratio(const struct bench *bench, const struct bench_row *row,
		 struct spread *ratio)
{
	const struct bench_row *zcopy = zcopy_row(bench);
	double values[BENCH_MOST_ROUNDS];
	unsigned int i;

	if (!zcopy || zcopy->outcome != OUTCOME_MEASURED ||
	    row->outcome != OUTCOME_MEASURED)
		return false;
	for (i = 0; i < bench->rounds; i++)
		values[i] = row->samples[i].seconds / zcopy->samples[i].seconds;
	*ratio = bench_spread(values, bench->rounds);
	return true;
}

double bench_sender_cpu(const struct bench *bench, const struct bench_row *row)
{
	double values[BENCH_MOST_ROUNDS];
	unsigned int i;

	for (i = 0; i < bench->rounds; i++)
		values[i] = row->samples[i].sender_cpu /
			    (sample_bytes(bench, row) / GIB);
	return bench_spread(values, bench->rounds).median;
}

double bench_system_cpu(const struct bench_row *row)
{
	return row->system_cpu / (row->transfer.sent / GIB);
}

double bench_calls(const struct bench *bench, const struct bench_row *row)
{
	return (double)row->transfer.calls / bench->rounds / bench->repeat;
}
