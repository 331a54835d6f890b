// SPDX-License-Identifier: GPL-2.0
/* One run of the suite: verify each row, tune, warm up, round after round. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* A run's rounds end after so many seconds, but not before so many rounds. */
#define MOST_SECONDS 12
#define LEAST_ROUNDS 7

void suite_begin(struct suite *suite, struct suite_run *run, const char *title,
		 const char *format, ...)
{
	va_list args;

	memset(run, 0, sizeof(*run));
	run->suite = suite;
	run->bench.family = AF_INET;
	run->bench.rounds = suite->rounds;
	run->tune = true;
	run->ratios = true;
	run->resident_before = 1;
	run->resident_after = 1;
	snprintf(run->title, sizeof(run->title), "%s", title);
	va_start(args, format);
	vsnprintf(run->name, sizeof(run->name), format, args);
	va_end(args);
}

struct suite_row *suite_add(struct suite_run *run, const char *label,
			    const struct method *method,
			    const struct sources *sources)
{
	struct suite_row *row = &run->rows[run->nr_rows++];

	row->label = label;
	row->sources = sources;
	transfer_init(&row->row.transfer, method, sources->list, sources->nr);
	return row;
}

bool suite_measurable(const struct suite_row *row)
{
	return row->row.outcome == OUTCOME_MEASURED && !tool_stopped;
}

/* Send by @row's method; @sample may be NULL. Returns 0, or -1: given up. */
static int send_row(struct suite_run *run, struct suite_row *row,
		    enum sink_order order, unsigned int repeat,
		    struct bench_sample *sample)
{
	struct sink_report report;

	if (run->before && run->before(run, row)) {
		bench_give_up(&row->row);
		return -1;
	}
	if (run->send)
		return run->send(run, row, order, repeat, sample);
	return bench_send(&run->bench, &row->row, order, repeat, sample,
			  &report);
}

static int open_rows(struct suite_run *run)
{
	struct suite_row *row;

	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		row->row.samples = calloc(run->bench.rounds,
					  sizeof(struct bench_sample));
		if (!row->row.samples)
			return -1;
		if (transfer_open(&row->row.transfer))
			bench_give_up(&row->row);
	}
	return 0;
}

/* The digests are those of the sources: made again only for others. */
static int verify_rows(struct suite_run *run)
{
	const struct method *wanted[] = { &method_zcopy_zero, NULL };
	struct bench *bench = &run->bench;
	struct suite_row *row;

	bench->wanted = wanted;
	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		if (!suite_measurable(row))
			continue;
		progress_text(&run->suite->progress, "%s: verifying %s",
			      run->name, row->label);
		if (bench->sources.list != row->sources->list) {
			bench->sources = *row->sources;
			if (bench_digest(bench))
				return -1;
		}
		if (run->send)
			send_row(run, row, SINK_DIGEST, 1, NULL);
		else
			bench_verify(bench, &row->row);
	}
	return 0;
}

double suite_time(struct suite_run *run, struct suite_row *row,
		  unsigned int repeat)
{
	struct bench_sample sample;

	if (send_row(run, row, SINK_DISCARD, repeat, &sample))
		return -1;
	return sample.seconds / repeat;
}

/* Each row sends so often that a sample of it is long enough. */
static void warm_rows(struct suite_run *run)
{
	double wanted = run->suite->sample_seconds;
	struct suite_row *row;
	double seconds;

	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		if (!suite_measurable(row))
			continue;
		progress_text(&run->suite->progress, "%s: warming up %s",
			      run->name, row->label);
		row->repeat = 1;
		seconds = suite_time(run, row, 1);
		/* What is short is not yet known well. */
		if (seconds > 0 && seconds < wanted && !run->before) {
			row->repeat = ceil(wanted / 4 / seconds);
			seconds = suite_time(run, row, row->repeat);
		}
		if (seconds > 0 && seconds < wanted && !run->before)
			row->repeat = ceil(wanted / seconds);
	}
}

static void take_sample(struct suite_run *run, struct suite_row *row,
			unsigned int round)
{
	struct counters *counters = &run->suite->counters;

	if (!suite_measurable(row))
		return;
	counters_start(counters);
	send_row(run, row, SINK_DISCARD, row->repeat, &row->row.samples[round]);
	counters_stop(counters, &row->counts);
}

/* A busy or slow machine gets fewer rounds, rather than no end. */
static bool enough(unsigned int rounds, double start)
{
	return rounds >= LEAST_ROUNDS && now() - start > MOST_SECONDS;
}

static void measure_rows(struct suite_run *run)
{
	double start = now();
	unsigned int round, i;

	for (i = 0; i < run->nr_rows; i++) {
		transfer_rewind(&run->rows[i].row.transfer);
		run->rows[i].row.system_cpu = 0;
	}
	for (round = 0; round < run->bench.rounds && !tool_stopped; round++) {
		progress_text(&run->suite->progress, "%s: round %u of %u",
			      run->name, round + 1, run->bench.rounds);
		/* Each round begins with another row. */
		for (i = 0; i < run->nr_rows; i++)
			take_sample(run, &run->rows[(i + round) % run->nr_rows],
				    round);
		if (enough(round + 1, start))
			run->bench.rounds = round + 1;
	}
}

/* The least part of any row's sources that is in the page cache. */
static double resident(const struct suite_run *run)
{
	double least = 1;
	unsigned int i;

	for (i = 0; i < run->nr_rows; i++) {
		/* Many rows share theirs. */
		if (!i || run->rows[i].sources != run->rows[i - 1].sources)
			least = fmin(least,
				     bench_resident(run->rows[i].sources));
	}
	return least;
}

static int run_with_sink(struct suite_run *run)
{
	if (open_rows(run) || verify_rows(run))
		return -1;
	if (run->tune)
		suite_tune(run);
	warm_rows(run);
	if (!run->before)
		run->resident_before = resident(run);
	measure_rows(run);
	run->resident_after = resident(run);
	return 0;
}

/* A row that failed is a fault of the suite; one that cannot be is not. */
static void look_for_faults(struct suite_run *run)
{
	struct suite_row *row;

	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		if (row->row.outcome != OUTCOME_FAILED)
			continue;
		say_error("%s: %s: %s", run->name, row->label, row->row.reason);
		run->suite->broken = true;
	}
}

static void keep_ratios(struct suite_run *run)
{
	char name[64];
	unsigned int i;

	for (i = 1; i < run->nr_rows; i++) {
		snprintf(name, sizeof(name), "%s_vs_%s", run->rows[0].label,
			 run->rows[i].label);
		suite_ratio(run, name, &run->rows[0], &run->rows[i]);
	}
}

int suite_measure(struct suite_run *run)
{
	struct bench *bench = &run->bench;
	int ret = run->serve ? sink_start_serving(&bench->sink, bench->family,
						  run->serve)
			     : sink_start(&bench->sink, bench->family);

	if (ret) {
		say_error("cannot start the receiver: %s", strerror(errno));
		return -1;
	}
	ret = run_with_sink(run);
	sink_stop(&run->bench.sink);
	if (ret || tool_stopped)
		return -1;
	look_for_faults(run);
	if (run->ratios)
		keep_ratios(run);
	return 0;
}

void suite_end(struct suite_run *run)
{
	struct suite_row *row;

	if (!tool_stopped)
		suite_keep(run);
	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		if (row->row.outcome == OUTCOME_MEASURED)
			transfer_close(&row->row.transfer);
		free(row->row.samples);
	}
}
