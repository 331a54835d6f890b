/* SPDX-License-Identifier: GPL-2.0 */
/* The suite's report for people, out of the one for programs. */
#ifndef SUITE_TABLES_H
#define SUITE_TABLES_H

#include <jansson.h>
#include <stdbool.h>

#include "page.h"

/* Members of JSON objects, "" and 0 where there is none. */
const char *text_of(const json_t *object, const char *key);
double number_of(const json_t *object, const char *key);
double median_of(const json_t *object, const char *key);

bool is_measured(const json_t *row);
/* The ratio of @run's first row to @label, or NULL. */
const json_t *ratio_of(const json_t *ratios, const json_t *run,
		       const char *label);

/* One of the report's "runs": all rows in a table; or a line of it. */
void print_run(struct page *page, const json_t *ratios, const json_t *run);
void print_line(FILE *stream, const json_t *ratios, const json_t *run);

/* suite_summary.c: the targets, and a line for each run. */
void print_targets(struct page *page, const json_t *report);
void print_overview(struct page *page, const json_t *report);
/* What it ran on, and how. */
void print_meta(struct page *page, const json_t *report);
/* What each method was set to, as far as it was not yet said. */
void print_settings(struct page *page, const json_t *run, json_t *said);

#endif /* SUITE_TABLES_H */
