// SPDX-License-Identifier: GPL-2.0
/* The suite's report for programs. Members are added to it, never changed. */
#include <stdlib.h>
#include <time.h>

#include "suite.h"

#define GIB (1024.0 * 1024 * 1024)

json_t *suite_spread_json(const struct spread *spread)
{
	return json_pack("{s:f, s:f, s:f}", "median", spread->median, "q1",
			 spread->low, "q3", spread->high);
}

static double row_bytes(const struct suite_run *run,
			const struct suite_row *row)
{
	return (double)row->row.transfer.bytes * row->repeat *
	       run->bench.rounds;
}

/* Clocks that tick every 10 ms are of use over all the samples only. */
static json_t *cpu_json(const struct suite_run *run,
			const struct suite_row *row)
{
	double gib = row_bytes(run, row) / GIB;
	double sender = 0;
	unsigned int i;

	for (i = 0; i < run->bench.rounds; i++)
		sender += row->row.samples[i].sender_cpu;
	return json_pack("{s:f, s:f}", "sender", sender / gib, "machine",
			 row->row.system_cpu / gib);
}

static json_t *counts_json(const struct suite_run *run,
			   const struct suite_row *row)
{
	double bytes = row_bytes(run, row);

	if (!run->suite->counters.nr)
		return json_null();
	return json_pack("{s:f, s:f}", "cycles", row->counts.cycles / bytes,
			 "instructions", row->counts.instructions / bytes);
}

static json_t *samples_json(const struct suite_run *run,
			    const struct suite_row *row)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < run->bench.rounds; i++)
		json_array_append_new(list,
				      json_real(row->row.samples[i].seconds));
	return list;
}

static json_t *copies_json(const struct transfer *transfer)
{
	char text[64];

	return json_pack("{s:s, s:s, s:s?, s:I, s:I}", "zero_copy",
			 bench_zero_copy(transfer), "words",
			 bench_copies_text(transfer, text, sizeof(text)),
			 "evidence", transfer->method->evidence,
			 "confirmed_bytes", (json_int_t)transfer->confirmed,
			 "copied_bytes", (json_int_t)transfer->copied);
}

static json_t *speed_json(const struct suite_row *row,
			  const struct spread *seconds)
{
	double bytes = row->row.transfer.bytes;
	struct spread speed = { .median = bytes / seconds->median,
				.low = bytes / seconds->high,
				.high = bytes / seconds->low };

	return suite_spread_json(&speed);
}

static void add_figures(json_t *object, const struct suite_run *run,
			const struct suite_row *row)
{
	const struct transfer *transfer = &row->row.transfer;
	struct spread seconds = suite_seconds(run, row);
	char settings[256];

	snprintf(settings, sizeof(settings), "%s%s", transfer->settings,
		 row->trials);
	json_object_set_new(object, "settings", json_string(settings));
	json_object_set_new(object, "call_bytes",
			    json_integer((json_int_t)transfer->call_bytes));
	json_object_set_new(object, "repeat", json_integer(row->repeat));
	json_object_set_new(object, "seconds", suite_spread_json(&seconds));
	json_object_set_new(object, "bytes_per_second",
			    speed_json(row, &seconds));
	json_object_set_new(object, "cpu_seconds_per_gib", cpu_json(run, row));
	json_object_set_new(object, "per_byte", counts_json(run, row));
	json_object_set_new(object, "system_calls",
			    json_real((double)transfer->calls / row->repeat /
				      run->bench.rounds));
	json_object_set_new(object, "copies", copies_json(transfer));
	json_object_set_new(object, "sample_seconds", samples_json(run, row));
}

static json_t *row_json(const struct suite_run *run,
			const struct suite_row *row)
{
	static const char *const outcomes[] = {
		[OUTCOME_MEASURED] = "measured",
		[OUTCOME_UNAVAILABLE] = "unavailable",
		[OUTCOME_FAILED] = "failed",
	};
	const struct transfer *transfer = &row->row.transfer;
	bool measured = row->row.outcome == OUTCOME_MEASURED;
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s?, s:b, s:I, s:I}", "label",
		row->label, "method", transfer->method->name, "summary",
		transfer->method->summary, "outcome",
		outcomes[row->row.outcome], "reason",
		measured ? NULL : row->row.reason, "verified", measured,
		"bytes", (json_int_t)transfer->bytes, "units",
		(json_int_t)row->units);

	if (measured)
		add_figures(object, run, row);
	return object;
}

static json_t *resident_json(double part)
{
	return part < 0 ? json_null() : json_real(part);
}

json_t *suite_run_json(const struct suite_run *run)
{
	static const char *const families[] = {
		[AF_INET] = "ipv4",
		[AF_INET6] = "ipv6",
		[AF_UNIX] = "unix",
	};
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < run->nr_rows; i++)
		json_array_append_new(rows, row_json(run, &run->rows[i]));
	return json_pack("{s:s, s:s, s:s, s:s?, s:i, s:o, s:o, s:o}", "name",
			 run->name, "title", run->title, "connection",
			 families[run->bench.family], "unit", run->unit,
			 "rounds", (int)run->bench.rounds, "resident_before",
			 resident_json(run->resident_before), "resident_after",
			 resident_json(run->resident_after), "rows", rows);
}

/* How far apart a row's quartiles are, in terms of its median. */
static double width(const json_t *seconds)
{
	return (json_real_value(json_object_get(seconds, "q3")) -
		json_real_value(json_object_get(seconds, "q1"))) /
	       json_real_value(json_object_get(seconds, "median"));
}

static size_t add_widths(const json_t *run, double *widths)
{
	const json_t *rows = json_object_get(run, "rows");
	const json_t *row, *seconds;
	size_t i, nr = 0;

	json_array_foreach(rows, i, row)
	{
		seconds = json_object_get(row, "seconds");
		if (seconds &&
		    json_real_value(json_object_get(seconds, "median")) > 0)
			widths[nr++] = width(seconds);
	}
	return nr;
}

/* The median of that over all rows: what else was the machine doing? */
static double noise(const json_t *runs)
{
	size_t most = SUITE_MOST_ROWS * json_array_size(runs);
	double *widths = calloc(most, sizeof(*widths));
	double median = 0;
	const json_t *run;
	size_t i, nr = 0;

	if (!widths)
		return 0;
	json_array_foreach(runs, i, run)
	{
		nr += add_widths(run, widths + nr);
	}
	if (nr)
		median = bench_spread(widths, nr).median;
	free(widths);
	return median;
}

static json_t *meta_json(const struct suite *suite)
{
	const char *words = getenv("ZCOPY_RIG_WORDS");
	const char *rig = getenv("ZCOPY_RIG");
	time_t seconds = time(NULL);
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
	return json_pack(
		"{s:s, s:f, s:f, s:s?, s:s?, s:o, s:f, s:b, s:i, s:f, s:s, s:s}",
		"date", date, "noise", noise(suite->runs), "seconds",
		now() - suite->start, "rig", rig, "rig_words", words, "machine",
		machine_json(&suite->machine), "system_call_seconds",
		machine_system_call(), "quick", suite->quick, "rounds",
		(int)suite->rounds, "least_sample_seconds",
		suite->sample_seconds, "tool", TOOL_VERSION, "verification",
		"SipHash, random key");
}

json_t *suite_report(const struct suite *suite)
{
	return json_pack("{s:i, s:o, s:b, s:o, s:O, s:O}", "format",
			 SUITE_FORMAT, "meta", meta_json(suite), "broken",
			 suite->broken, "targets", suite_targets(suite),
			 "ratios", suite->ratios, "runs", suite->runs);
}
