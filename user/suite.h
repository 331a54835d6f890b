/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zcopy bench --suite: scenarios, each of some runs. A run is a set of rows,
 * each a method with what it sends, that take turns. Every run ends up in the
 * report, and its ratios under names that last.
 */
#ifndef SUITE_H
#define SUITE_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench.h"
#include "counters.h"

#define SUITE_MOST_ROWS 20
#define SUITE_FORMAT 1

/**
 * struct suite - all of it
 * @on: --suite was given
 * @quick: less of everything: for those who tune
 * @output: directory for the report, or NULL: none is written
 * @render: a report.json of an earlier run, to be written out again
 * @disk: directory on a disk for files, or NULL: chosen
 * @wanted: prefixes of the names of the runs to make, separated by commas; or
 *	NULL: all
 * @slow: an emulated machine: an order of magnitude, or two
 * @broken: something failed, or data was wrong
 * @rounds: samples of each row
 * @large_bytes: size of a large file
 * @sample_seconds: how long a sample lasts at least
 * @start: when it began, seconds of CLOCK_MONOTONIC
 * @progress: on stderr
 * @counters: of the processors
 * @machine: where it runs
 * @runs: for the report
 * @ratios: for the report: name to median and quartiles
 */
struct suite {
	bool on;
	bool quick;
	const char *output;
	const char *render;
	const char *disk;
	const char *wanted;
	bool slow;
	bool broken;
	unsigned int rounds;
	uint64_t large_bytes;
	double sample_seconds;
	double start;
	struct progress progress;
	struct counters counters;
	struct machine machine;
	json_t *runs;
	json_t *ratios;
};

struct suite_run;

/**
 * struct suite_row - a method with what it sends
 * @label: its part of the names of ratios
 * @row: the method, the connection's transfer, the samples
 * @sources: what it sends; the scenario's
 * @repeat: how often a sample sends them
 * @units: files or segments (see suite_run.unit) in the sources
 * @trials: words on what was tried, or ""
 * @counts: what the processors did in all samples
 */
struct suite_row {
	const char *label;
	struct bench_row row;
	const struct sources *sources;
	unsigned int repeat;
	unsigned int units;
	char trials[120];
	struct counts counts;
};

/**
 * struct suite_run - rows that take turns
 * @suite: it belongs to
 * @name: what it is called for good, such as "large.tmpfs.whole"
 * @title: a phrase for people
 * @unit: what "units" of a row are, or NULL
 * @bench: the receiver, the connection, the digests
 * @rows: in the order of the report; the first is the one that ratios compare
 * @nr_rows: how many
 * @tune: try what a method leaves open
 * @ratios: keep those of the first row to each other one
 * @before: called before each sample, to make the cache cold; may be NULL.
 *	Returns 0, or -1 if the row cannot be measured. A sample sends the
 *	sources once then
 * @serve: the receiver, if not that of sink_start()
 * @send: instead of one connection by bench_send(); may be NULL
 * @data: for @send
 * @resident_before: the least part of any row's files in the page cache
 * @resident_after: the same, afterwards
 */
struct suite_run {
	struct suite *suite;
	char name[64];
	char title[160];
	const char *unit;
	struct bench bench;
	struct suite_row rows[SUITE_MOST_ROWS];
	unsigned int nr_rows;
	bool tune;
	bool ratios;
	int (*before)(struct suite_run *run, struct suite_row *row);
	void (*serve)(int listener, int control);
	int (*send)(struct suite_run *run, struct suite_row *row,
		    enum sink_order order, unsigned int repeat,
		    struct bench_sample *sample);
	void *data;
	double resident_before;
	double resident_after;
};

/* suite.c */
extern const struct argp suite_argp;
/* Returns an exit status. */
int suite_main(struct suite *suite);
/* Has the person asked for runs whose names begin so? */
bool suite_wants(const struct suite *suite, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A run is over. */
void suite_keep(struct suite_run *run);

/*
 * suite_run.c: suite_begin(), suite_add() for each row, suite_measure(),
 * suite_ratio() where more than the usual ones are wanted, suite_end().
 */
void suite_begin(struct suite *suite, struct suite_run *run, const char *title,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
struct suite_row *suite_add(struct suite_run *run, const char *label,
			    const struct method *method,
			    const struct sources *sources);
/* Returns 0, or -1 after a sentence, or without one where it was stopped. */
int suite_measure(struct suite_run *run);
/* Has @row not been given up? */
bool suite_measurable(const struct suite_row *row);
/* Seconds to send its sources once, out of @repeat; negative: given up. */
double suite_time(struct suite_run *run, struct suite_row *row,
		  unsigned int repeat);
/* Puts it into the report. */
void suite_end(struct suite_run *run);

/* suite_tune.c: where a method leaves something open, the fastest is taken. */
void suite_tune(struct suite_run *run);

/* suite_ratio.c */
struct suite_row *suite_row(struct suite_run *run, const char *label);
/*
 * Keeps the seconds a byte of @slow in terms of those of @fast, round by
 * round, under "RUN.NAME"; or nothing, where one of them was not measured.
 */
void suite_ratio(struct suite_run *run, const char *name,
		 const struct suite_row *fast, const struct suite_row *slow);
/* The same, but the seconds a unit. */
void suite_ratio_units(struct suite_run *run, const char *name,
		       const struct suite_row *fast,
		       const struct suite_row *slow);
/* The same against the fastest of @labels, which a NULL ends. */
void suite_ratio_best(struct suite_run *run, const char *name,
		      const char *const *labels);
/* To send the sources once. */
struct spread suite_seconds(const struct suite_run *run,
			    const struct suite_row *row);

/* suite_json.c: new objects, the caller's. */
json_t *suite_run_json(const struct suite_run *run);
json_t *suite_spread_json(const struct spread *spread);
json_t *suite_report(const struct suite *suite);

/* suite_targets.c: those of this rig whose runs were made; the caller's. */
json_t *suite_targets(const struct suite *suite);

/* suite_report.c, suite_plot.c: into @directory. Return 0, or -1 and say why. */
int suite_write(const json_t *report, const char *directory);
int suite_plot(const json_t *report, const char *directory);
/* On the screen, in short. */
void suite_print(const json_t *report);

/* suite_files.c: files of random bytes, without names, in the page cache. */
enum suite_place {
	PLACE_MEMORY, /* tmpfs */
	PLACE_DISK,
};

/* Returns 0, or -1 after a sentence. */
int suite_files(const struct suite *suite, enum suite_place place,
		unsigned int nr, uint64_t bytes, struct sources *sources);
/* Memory of random bytes; sources_free_memory() takes it back. */
int suite_memory(uint64_t bytes, struct sources *sources);
void suite_free_memory(struct sources *sources);
/* "ext4", "tmpfs", ...: the file system's name. */
const char *suite_place_name(const struct suite *suite, enum suite_place place);

/* The scenarios: suite_NAME.c. Each returns 0, or -1 after a sentence. */
int suite_large(struct suite *suite);
int suite_sweep(struct suite *suite);
int suite_small(struct suite *suite);
int suite_gather(struct suite *suite);
int suite_web(struct suite *suite);
int suite_buffer(struct suite *suite);
int suite_cold(struct suite *suite);
int suite_connections(struct suite *suite);
int suite_unix(struct suite *suite);
int suite_growth(struct suite *suite);

#endif /* SUITE_H */
