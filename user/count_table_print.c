// SPDX-License-Identifier: GPL-2.0
/* The table for people, and for programs. */
#include <inttypes.h>
#include <string.h>

#include "count_table.h"
#include "format.h"
#include "machine.h"
#include "tool.h"

static bool is_measured(const struct row *row)
{
	return !row->result.failed && row->result.sent;
}

static void print_heading(FILE *stream, const struct table *table,
			  const struct row *row)
{
	fprintf(stream, "\n%s%s%s", colour_bold(stream), route_name(row->route),
		colour_off(stream));
	if (row->cold)
		fprintf(stream, ", the file not in the page cache (%s)",
			table->filesystem);
	else
		fprintf(stream,
			", the file in the page cache: one copy less, from the disk, unless said otherwise");
	fprintf(stream, "\n%-16s %-45s  %s\n", "", "measured", "textbook");
	fprintf(stream, "%-16s %9s %6s %6s %6s %6s %7s  %9s %5s %5s\n",
		"method", "crossings", "CPU", "disk", "net", "all", "gather",
		"crossings", "CPU", "all");
}

/* The share of the payload that the device took out of pages. */
static double gathered(const struct row *row)
{
	double all = row->sums.linear + row->sums.fragments;

	return all > 0 ? 100 * row->sums.fragments / all : 0;
}

static void print_row(FILE *stream, const struct row *row)
{
	unsigned int i;

	if (!is_measured(row)) {
		fprintf(stream, "%-16s not measured: %s\n", row->method->name,
			row->result.text);
		return;
	}
	fprintf(stream, "%-16s %9.2f %6.2f %6.2f %6.2f %6.2f %6.0f%%",
		row->method->name, row->crossings, row->cpu, row->disk,
		row->network, row->cpu + row->disk + row->network,
		gathered(row));
	if (row->textbook)
		fprintf(stream, "  %9u %5u %5u", row->textbook->crossings,
			row->textbook->cpu, row->textbook->copies);
	fputc('\n', stream);
	/* That nothing came from the disk, the last reason, is in the heading. */
	for (i = 0; i + row->from_cache < row->nr_reasons; i++)
		fprintf(stream, "%s    %s%s\n",
			row->unexplained ? colour_bad(stream)
					 : colour_dim(stream),
			row->reasons[i], colour_off(stream));
}

static void print_foot(FILE *stream, const struct table *table,
		       const struct probes *probes)
{
	const char *note;
	unsigned int i;

	fprintf(stream,
		"\ncrossings: into the kernel and out of it, for each chunk.\n"
		"CPU: times that the CPU copied each byte for the sender.\n"
		"disk, net: times that each byte came from the disk, and was handed to a network device.\n"
		"all: these copies together. gather: how much the device took out of pages.\n"
		"The probes ran %" PRIu64 " times and took %.3f s.\n",
		table->probe_runs, table->probe_seconds);
	for (i = 0; (note = probes_note(probes, i)); i++)
		fprintf(stream,
			"This kernel gives no way to see %s: they are missing here.\n",
			note);
}

void table_print(FILE *stream, const struct table *table,
		 const struct probes *probes)
{
	const struct row *row = table->rows, *end = row + table->nr_rows;
	char bytes[32], chunk[32];
	struct machine machine;

	machine_look(&machine);
	fprintf(stream, "%s, %s in chunks of %s, on Linux %s\n", table->path,
		format_bytes(bytes, sizeof(bytes), table->bytes),
		format_bytes(chunk, sizeof(chunk), table->chunk),
		machine.kernel);
	if (!table->disk_backed)
		fprintf(stream,
			"It is on %s, not on a disk: there are no rows for a cold file.\n",
			table->filesystem);
	for (; row < end; row++) {
		if (row == table->rows || row->route != row[-1].route ||
		    row->cold != row[-1].cold)
			print_heading(stream, table, row);
		print_row(stream, row);
	}
	print_foot(stream, table, probes);
}

static json_t *json_textbook(const struct textbook *textbook)
{
	if (!textbook)
		return json_null();
	return json_pack("{s:s, s:i, s:i, s:i}", "title", textbook->title,
			 "crossings", textbook->crossings, "cpu_copies",
			 textbook->cpu, "copies", textbook->copies);
}

static json_t *json_reasons(const struct row *row)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < row->nr_reasons; i++)
		json_array_append_new(list, json_string(row->reasons[i]));
	return list;
}

/* How often the kernel said that it copied, where it says that at all. */
static json_t *json_reported(const struct row *row)
{
	if (!row->result.confirmed)
		return json_null();
	return json_pack("{s:s, s:f}", "by", row->method->evidence, "copies",
			 (double)row->result.copied / row->result.confirmed);
}

static void add_measured(json_t *object, const struct row *row)
{
	json_object_update_new(
		object, json_pack("{s:f, s:f, s:f, s:f, s:f}", "crossings",
				  row->crossings, "cpu_copies", row->cpu,
				  "device_copies", row->disk + row->network,
				  "disk", row->disk, "network", row->network));
	json_object_update_new(
		object,
		json_pack("{s:f, s:o, s:o, s:o, s:I, s:I}", "gathered",
			  gathered(row) / 100, "calls",
			  count_json_syscalls(&row->figures), "functions",
			  count_json_copies(&row->figures), "reported",
			  json_reported(row), "faults",
			  (json_int_t)row->figures.totals.faults_user,
			  "faults_in_kernel",
			  (json_int_t)row->figures.totals.faults_kernel));
}

static json_t *json_row(const struct row *row)
{
	json_t *object;

	object = json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "method",
			   row->method->name, "route", route_name(row->route),
			   "cold", row->cold, "measured", is_measured(row),
			   "unexplained", row->unexplained, "textbook",
			   json_textbook(row->textbook), "reasons",
			   json_reasons(row));
	if (is_measured(row))
		add_measured(object, row);
	return object;
}

json_t *table_json(const struct table *table, const struct probes *probes)
{
	const struct row *row = table->rows, *end = row + table->nr_rows;
	json_t *rows = json_array(), *notes = json_array();
	struct machine machine;
	unsigned int i;

	machine_look(&machine);
	for (; row < end; row++)
		json_array_append_new(rows, json_row(row));
	for (i = 0; probes_note(probes, i); i++)
		json_array_append_new(notes,
				      json_string(probes_note(probes, i)));
	return json_pack("{s:o, s:s, s:I, s:I, s:o, s:{s:I, s:f, s:o}}",
			 "machine", machine_json(&machine), "filesystem",
			 table->filesystem, "bytes", (json_int_t)table->bytes,
			 "chunk", (json_int_t)table->chunk, "rows", rows,
			 "probes", "runs", (json_int_t)table->probe_runs,
			 "seconds", table->probe_seconds, "not_seen", notes);
}
