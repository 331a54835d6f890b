// SPDX-License-Identifier: GPL-2.0
/* A run of the suite for people, out of the report for programs. */
#include <string.h>

#include "suite_tables.h"

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

double median_of(const json_t *object, const char *key)
{
	return number_of(json_object_get(object, key), "median");
}

bool is_measured(const json_t *row)
{
	return !strcmp(text_of(row, "outcome"), "measured");
}

const json_t *ratio_of(const json_t *ratios, const json_t *run,
		       const char *label)
{
	const json_t *first = json_array_get(json_object_get(run, "rows"), 0);
	char name[200];

	snprintf(name, sizeof(name), "%s.%s_vs_%s", text_of(run, "name"),
		 text_of(first, "label"), label);
	return json_object_get(ratios, name);
}

static void ratio_cell(struct page *page, const json_t *ratio)
{
	if (!ratio) {
		page_cell(page, "-");
		return;
	}
	page_cell(page, "%.2f (%.2f-%.2f)", number_of(ratio, "median"),
		  number_of(ratio, "q1"), number_of(ratio, "q3"));
}

static void time_cell(struct page *page, const json_t *run, const json_t *row)
{
	double microseconds = 1e6 * median_of(row, "seconds");

	if (*text_of(run, "unit"))
		microseconds /= number_of(row, "units");
	page_cell(page, microseconds < 100 ? "%.2f" : "%.0f", microseconds);
}

static void row_cells(struct page *page, const json_t *ratios,
		      const json_t *run, const json_t *row)
{
	const json_t *speed = json_object_get(row, "bytes_per_second");
	const json_t *cpu = json_object_get(row, "cpu_seconds_per_gib");
	const json_t *copies = json_object_get(row, "copies");

	page_cell(page, "%s", text_of(row, "label"));
	page_cell(page, "%.2f", number_of(speed, "median") / 1e9);
	page_cell(page, "%.2f-%.2f", number_of(speed, "q1") / 1e9,
		  number_of(speed, "q3") / 1e9);
	time_cell(page, run, row);
	page_cell(page, "%.0f", 1e3 * number_of(cpu, "sender"));
	page_cell(page, "%.0f", 1e3 * number_of(cpu, "machine"));
	page_cell(page, "%.6g", number_of(row, "system_calls"));
	ratio_cell(page, ratio_of(ratios, run, text_of(row, "label")));
	page_cell(page, "%s", text_of(copies, "words"));
}

static void print_absent(struct page *page, const json_t *rows)
{
	const json_t *row;
	bool failed;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (is_measured(row))
			continue;
		failed = !strcmp(text_of(row, "outcome"), "failed");
		page_paragraph(page, "%s: %s: %s.", text_of(row, "label"),
			       failed ? "FAILED" : "not here",
			       text_of(row, "reason"));
	}
}

static void print_conditions(struct page *page, const json_t *run)
{
	const json_t *before = json_object_get(run, "resident_before");
	const json_t *after = json_object_get(run, "resident_after");

	if (json_is_number(before) && json_is_number(after))
		page_paragraph(
			page,
			"%.0f rounds. In the page cache: %.4g %% before, %.4g %% after.",
			number_of(run, "rounds"),
			100 * json_number_value(before),
			100 * json_number_value(after));
}

/* Cycles and instructions a byte, where they were counted. */
static void print_counts(struct page *page, const json_t *rows)
{
	static const char *const columns[] = { "<method", ">cycles a byte",
					       ">instructions a byte", NULL };
	const json_t *row, *counts;
	size_t i;

	if (!json_is_object(
		    json_object_get(json_array_get(rows, 0), "per_byte")))
		return;
	page_table(page, columns);
	json_array_foreach(rows, i, row)
	{
		counts = json_object_get(row, "per_byte");
		if (!counts)
			continue;
		page_cell(page, "%s", text_of(row, "label"));
		page_cell(page, "%.3f", number_of(counts, "cycles"));
		page_cell(page, "%.3f", number_of(counts, "instructions"));
	}
	page_table_end(page);
}

void print_run(struct page *page, const json_t *ratios, const json_t *run)
{
	const json_t *rows = json_object_get(run, "rows");
	const char *unit = text_of(run, "unit");
	char time[32], faster[64], heading[256];
	const char *const columns[] = { "<method", ">GB/s", ">quartiles",
					time,	   ">CPU",  ">machine",
					">calls",  faster,  "<zero copy",
					NULL };
	const json_t *row;
	size_t i;

	snprintf(time, sizeof(time), ">us%s%s", *unit ? "/" : "", unit);
	row = json_array_get(rows, 1);
	snprintf(faster, sizeof(faster), ">%s is",
		 ratio_of(ratios, run, text_of(row, "label"))
			 ? text_of(json_array_get(rows, 0), "label")
			 : "-");
	snprintf(heading, sizeof(heading), "%s: %s", text_of(run, "name"),
		 text_of(run, "title"));
	page_heading(page, 3, heading);
	page_table(page, columns);
	json_array_foreach(rows, i, row)
	{
		if (is_measured(row))
			row_cells(page, ratios, run, row);
	}
	page_table_end(page);
	print_counts(page, rows);
	print_absent(page, rows);
	print_conditions(page, run);
}

void print_line(FILE *stream, const json_t *ratios, const json_t *run)
{
	const json_t *rows = json_object_get(run, "rows");
	const json_t *row, *ratio;
	size_t i;

	fprintf(stream, "%-18s", text_of(run, "name"));
	json_array_foreach(rows, i, row)
	{
		ratio = ratio_of(ratios, run, text_of(row, "label"));
		if (!is_measured(row))
			fprintf(stream, "  %s %s", text_of(row, "label"),
				text_of(row, "outcome"));
		else if (ratio)
			fprintf(stream, "  %s %.2fx", text_of(row, "label"),
				number_of(ratio, "median"));
		else
			fprintf(stream, "  %s %.1f GB/s", text_of(row, "label"),
				median_of(row, "bytes_per_second") / 1e9);
	}
	fputc('\n', stream);
}
