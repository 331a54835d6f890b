/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The benchmark. A case is one set of files sent over one kind of connection;
 * it has a row for each method. First each method's bytes are verified at the
 * receiver, then each is timed once a round, round after round.
 */
#ifndef BENCH_H
#define BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench_sink.h"
#include "digest.h"
#include "machine.h"
#include "method.h"
#include "method_util.h"
#include "sources.h"
#include "tool.h"

#define BENCH_MOST_ROUNDS 1000

/* A sample of the fastest method lasts this long at least, in seconds... */
#define BENCH_LEAST_SECONDS 0.1
/* ...unless one of the slowest would then last longer than this. */
#define BENCH_MOST_SECONDS 1.5

/**
 * struct bench_sample - one method in one round
 * @seconds: from the first send until the receiver had it all
 * @sender_cpu: seconds of CPU that the sending process used
 */
struct bench_sample {
	double seconds;
	double sender_cpu;
};

enum bench_outcome {
	OUTCOME_MEASURED,
	OUTCOME_UNAVAILABLE, /* this machine cannot do it: reason says why */
	OUTCOME_FAILED,	     /* it broke, or the data was wrong */
};

/**
 * struct bench_row - one method
 * @transfer: open while @outcome is OUTCOME_MEASURED; its figures are the sums
 *	over all samples
 * @outcome: what became of it
 * @reason: a phrase, where that was not to be measured
 * @samples: one for each round
 * @warm_seconds: how long the warm-up took
 * @system_cpu: seconds of CPU that the whole machine used, in all samples
 */
struct bench_row {
	struct transfer transfer;
	enum bench_outcome outcome;
	char reason[256];
	struct bench_sample *samples;
	double warm_seconds;
	double system_cpu;
};

/**
 * struct bench - a case
 * @sources: what is sent
 * @family: AF_INET, AF_INET6 or AF_UNIX
 * @call_bytes: bytes a call, 0 for each method's best
 * @rounds: samples of each method
 * @repeat: how often a sample sends the files; 0: found out by the warm-up
 * @quiet: no progress
 * @wanted: methods to compare; a NULL ends the list
 * @rows: one for each, in their order
 * @nr_rows: how many
 * @sink: the receiver
 * @resident_before: the part of the files in the page cache, before; -1: the
 *	kernel does not tell
 * @resident_after: the same, afterwards
 * @digest: keyed checksum of the sources
 * @zeros_digest: the same of as many zeros
 * @progress: on stderr
 */
struct bench {
	struct sources sources;
	int family;
	uint64_t call_bytes;
	unsigned int rounds;
	unsigned int repeat;
	bool quiet;
	const struct method *const *wanted;
	struct bench_row *rows;
	unsigned int nr_rows;
	struct sink sink;
	double resident_before;
	double resident_after;
	unsigned char digest[DIGEST_BYTES];
	unsigned char zeros_digest[DIGEST_BYTES];
	struct progress progress;
};

/* bench_run.c: runs the case. Returns an exit status. */
int bench_run(struct bench *bench);
void bench_free(struct bench *bench);

/*
 * Send the sources @repeat times over one new connection. @sample may be NULL.
 * Returns 0, or -1 after the row has been given up.
 */
int bench_send(struct bench *bench, struct bench_row *row,
	       enum sink_order order, unsigned int repeat,
	       struct bench_sample *sample, struct sink_report *report);
/* The row will not be measured, because its transfer says why. */
void bench_give_up(struct bench_row *row);

/* bench_verify.c: what the receiver has to get. Returns an exit status. */
int bench_digest(struct bench *bench);
/* Send by this method, compare; the row is given up where that fails. */
void bench_verify(struct bench *bench, struct bench_row *row);

/**
 * struct spread - a median with its quartiles
 * @median: the middle
 * @low: a quarter of the values is below it
 * @high: a quarter of them is above it
 */
struct spread {
	double median;
	double low;
	double high;
};

/* bench_stats.c */
struct spread bench_spread(double *values, unsigned int nr);
/* Bytes a second. */
struct spread bench_throughput(const struct bench *bench,
			       const struct bench_row *row);
/*
 * By how much method zcopy is faster, round by round. Returns false where one
 * of the two was not measured.
 */
bool bench_ratio(const struct bench *bench, const struct bench_row *row,
		 struct spread *ratio);
/* Seconds of CPU per GiB. */
double bench_sender_cpu(const struct bench *bench, const struct bench_row *row);
double bench_system_cpu(const struct bench_row *row);
/* System calls to send the sources once. */
double bench_calls(const struct bench *bench, const struct bench_row *row);

/* bench_cache.c: read the files into the page cache. */
int bench_warm(const struct sources *sources);
/* The part of the files' bytes that is in the page cache, or -1. */
double bench_resident(const struct sources *sources);

/* bench_cpu.c: seconds of CPU since some fixed time. */
double cpu_of_process(void);
double cpu_of_machine(void);

/* bench_table.c, bench_json.c: the report. */
void bench_print_table(const struct bench *bench,
		       const struct machine *machine);
/* A new object, the caller's. */
json_t *bench_json(const struct bench *bench, const struct machine *machine);

/* "yes, measured", "no: 2 copies, by design", ... Returns @text. */
char *bench_copies_text(const struct transfer *transfer, char *text,
			size_t size);
/* One of "yes", "no", "late" and "unknown". */
const char *bench_zero_copy(const struct transfer *transfer);

#endif /* BENCH_H */
