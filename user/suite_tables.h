/* SPDX-License-Identifier: GPL-2.0 */
/* The suite's report for people, out of the one for programs. */
#ifndef SUITE_TABLES_H
#define SUITE_TABLES_H

#include <jansson.h>

#include "page.h"

/* The table of one of the report's "runs". */
void print_run(struct page *page, const json_t *ratios, const json_t *run);

#endif /* SUITE_TABLES_H */
