// SPDX-License-Identifier: GPL-2.0
/* The suite's report for people, out of the one for programs. */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "suite_tables.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static double median_of(const json_t *object, const char *key)
{
	return number_of(json_object_get(object, key), "median");
}

/* The ratio of @run's first row to @label, or NULL. */
static const json_t *ratio_of(const json_t *ratios, const json_t *run,
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
	double units = number_of(row, "units");

	if (json_is_string(json_object_get(run, "unit")) && units > 0)
		page_cell(page, "%.3g",
			  1e6 * median_of(row, "seconds") / units);
	else
		page_cell(page, "%.4g", 1e6 * median_of(row, "seconds"));
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

static bool is_measured(const json_t *row)
{
	return !strcmp(text_of(row, "outcome"), "measured");
}

static void print_absent(struct page *page, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!is_measured(row))
			page_paragraph(page, "%s: %s: %s.",
				       text_of(row, "label"),
				       strcmp(text_of(row, "outcome"), "failed")
					       ? "not here"
					       : "FAILED",
				       text_of(row, "reason"));
	}
}

void print_run(struct page *page, const json_t *ratios, const json_t *run)
{
	const json_t *rows = json_object_get(run, "rows");
	const char *unit = text_of(run, "unit");
	char time[32], heading[256];
	const char *columns[] = {
		"<method",  ">GB/s",	     ">quartiles", time,	 ">CPU",
		">machine", ">system calls", ">faster",	   "<zero copy", NULL
	};
	const json_t *row;
	size_t i;

	snprintf(time, sizeof(time), ">us%s%s", *unit ? "/" : "", unit);
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
	print_absent(page, rows);
}
