// SPDX-License-Identifier: GPL-2.0
/* Running a case: verify each method, warm up, then round after round. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

void bench_give_up(struct bench_row *row)
{
	row->outcome = row->transfer.failure == FAILURE_LACKING
			       ? OUTCOME_UNAVAILABLE
			       : OUTCOME_FAILED;
	transfer_explain(&row->transfer, row->reason, sizeof(row->reason));
	transfer_close(&row->transfer);
}

/* The timed part, and what has to follow it. */
static int pump(struct transfer *transfer, unsigned int repeat)
{
	int ret = 0;

	while (!ret && repeat--)
		ret = transfer_send(transfer);
	/* The end of the stream, which the receiver waits for. */
	shutdown(transfer->socket, SHUT_WR);
	return ret ? ret : transfer_finish(transfer);
}

/* The receiver's view of a transfer that the sender thinks went well. */
static int check_report(struct transfer *transfer, unsigned int repeat,
			const struct sink_report *report)
{
	if (report->error)
		return transfer_fail(transfer, FAILURE_SOCKET, report->error);
	if (report->bytes != transfer->bytes * repeat)
		return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
	return 0;
}

static int send_on(struct bench *bench, struct bench_row *row, int socket,
		   unsigned int repeat, struct bench_sample *sample,
		   struct sink_report *report)
{
	struct transfer *transfer = &row->transfer;
	double machine, process, start;
	int ret = transfer_attach(transfer, socket);

	machine = cpu_of_machine();
	process = cpu_of_process();
	start = now();
	if (ret)
		shutdown(socket, SHUT_WR);
	else
		ret = pump(transfer, repeat);
	if (sink_result(&bench->sink, report) && !ret)
		ret = transfer_fail(transfer, FAILURE_SOCKET, errno);
	if (sample) {
		sample->seconds = report->end - start;
		sample->sender_cpu = cpu_of_process() - process;
		row->system_cpu += cpu_of_machine() - machine;
	}
	return ret ? ret : check_report(transfer, repeat, report);
}

int bench_send(struct bench *bench, struct bench_row *row,
	       enum sink_order order, unsigned int repeat,
	       struct bench_sample *sample, struct sink_report *report)
{
	int socket = sink_connect(&bench->sink, order);
	int ret;

	if (socket < 0) {
		ret = transfer_fail(&row->transfer, FAILURE_SOCKET, errno);
	} else {
		ret = send_on(bench, row, socket, repeat, sample, report);
		close(socket);
	}
	if (ret && !tool_stopped)
		bench_give_up(row);
	return ret;
}

static void prepare_row(struct bench *bench, struct bench_row *row,
			const struct method *method)
{
	transfer_init(&row->transfer, method, bench->sources.list,
		      bench->sources.nr);
	row->transfer.call_bytes = bench->call_bytes;
	progress_text(&bench->progress, "preparing %s", method->name);
	if (transfer_open(&row->transfer))
		bench_give_up(row);
}

static int prepare(struct bench *bench)
{
	unsigned int i;

	for (bench->nr_rows = 0; bench->wanted[bench->nr_rows];)
		bench->nr_rows++;
	bench->rows = calloc(bench->nr_rows, sizeof(*bench->rows));
	if (!bench->rows)
		return STATUS_FAILED;
	for (i = 0; i < bench->nr_rows && !tool_stopped; i++) {
		bench->rows[i].samples = calloc(bench->rounds,
						sizeof(struct bench_sample));
		if (!bench->rows[i].samples)
			return STATUS_FAILED;
		prepare_row(bench, &bench->rows[i], bench->wanted[i]);
	}
	return STATUS_OK;
}

static void verify(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr_rows && !tool_stopped; i++) {
		if (bench->rows[i].outcome != OUTCOME_MEASURED)
			continue;
		progress_text(&bench->progress, "verifying %s (%u of %u)",
			      bench->wanted[i]->name, i + 1, bench->nr_rows);
		bench_verify(bench, &bench->rows[i]);
	}
}

static void warm_up(struct bench *bench)
{
	struct bench_sample sample;
	struct sink_report report;
	struct bench_row *row;

	for (row = bench->rows; row < bench->rows + bench->nr_rows; row++) {
		if (row->outcome != OUTCOME_MEASURED || tool_stopped)
			continue;
		progress_text(&bench->progress, "warming up %s",
			      row->transfer.method->name);
		if (!bench_send(bench, row, SINK_DISCARD, 1, &sample, &report))
			row->warm_seconds = sample.seconds;
	}
}

/* Samples long enough to measure, and short enough to wait for. */
static void choose_repeat(struct bench *bench)
{
	double fastest = INFINITY, slowest = 0;
	const struct bench_row *row;
	double repeat;

	if (bench->repeat)
		return;
	for (row = bench->rows; row < bench->rows + bench->nr_rows; row++) {
		if (row->outcome != OUTCOME_MEASURED)
			continue;
		fastest = fmin(fastest, row->warm_seconds);
		slowest = fmax(slowest, row->warm_seconds);
	}
	repeat = fmin(ceil(BENCH_LEAST_SECONDS / fastest),
		      floor(BENCH_MOST_SECONDS / slowest));
	bench->repeat = repeat > 1 ? (unsigned int)fmin(repeat, 100000) : 1;
}

static void run_round(struct bench *bench, unsigned int round)
{
	struct sink_report report;
	struct bench_row *row;
	unsigned int i;

	for (i = 0; i < bench->nr_rows && !tool_stopped; i++) {
		/* Each round begins with another method. */
		row = &bench->rows[(i + round) % bench->nr_rows];
		if (row->outcome != OUTCOME_MEASURED)
			continue;
		progress_text(&bench->progress, "round %u of %u: %s", round + 1,
			      bench->rounds, row->transfer.method->name);
		bench_send(bench, row, SINK_DISCARD, bench->repeat,
			   &row->samples[round], &report);
	}
}

static void measure(struct bench *bench)
{
	unsigned int round, i;

	for (i = 0; i < bench->nr_rows; i++) {
		transfer_rewind(&bench->rows[i].transfer);
		bench->rows[i].system_cpu = 0;
	}
	for (round = 0; round < bench->rounds && !tool_stopped; round++)
		run_round(bench, round);
}

/* The worst that happened to any row. */
static int status_of(const struct bench *bench)
{
	const struct bench_row *row;
	unsigned int measured = 0;

	if (tool_stopped)
		return STATUS_INTERRUPTED;
	for (row = bench->rows; row < bench->rows + bench->nr_rows; row++) {
		if (row->outcome == OUTCOME_FAILED)
			return STATUS_FAILED;
		measured += row->outcome == OUTCOME_MEASURED;
	}
	return measured ? STATUS_OK : STATUS_MISSING;
}

static int run_with_sink(struct bench *bench)
{
	int status = bench_digest(bench);

	if (status)
		return status;
	if (bench_warm(&bench->sources))
		return STATUS_FAILED;
	status = prepare(bench);
	if (status)
		return status;
	verify(bench);
	warm_up(bench);
	choose_repeat(bench);
	bench->resident_before = bench_resident(&bench->sources);
	measure(bench);
	bench->resident_after = bench_resident(&bench->sources);
	return status_of(bench);
}

int bench_run(struct bench *bench)
{
	int status;

	if (digest_choose_key()) {
		say_error("no random numbers for a key");
		return STATUS_FAILED;
	}
	progress_begin(&bench->progress, 0, bench->quiet);
	if (sink_start(&bench->sink, bench->family)) {
		say_error("cannot start the receiver: %s", strerror(errno));
		return STATUS_FAILED;
	}
	status = run_with_sink(bench);
	sink_stop(&bench->sink);
	progress_end(&bench->progress);
	return tool_stopped ? STATUS_INTERRUPTED : status;
}

void bench_free(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr_rows; i++) {
		if (bench->rows[i].transfer.method)
			transfer_close(&bench->rows[i].transfer);
		free(bench->rows[i].samples);
	}
	free(bench->rows);
	bench->rows = NULL;
	bench->nr_rows = 0;
}
