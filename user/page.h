/* SPDX-License-Identifier: GPL-2.0 */
/* A text with headings and tables: for a terminal, Markdown, or docutils. */
#ifndef PAGE_H
#define PAGE_H

#include <stdio.h>

enum page_dialect {
	PAGE_TEXT,
	PAGE_MARKDOWN,
	PAGE_RST,
};

/**
 * struct page - a text that is being written
 * @stream: where to; the caller's
 * @dialect: how
 * @columns: headings of the table that is open; see page_table()
 * @nr_columns: how many
 * @cells: of the rows so far, ours
 * @nr_cells: how many
 */
struct page {
	FILE *stream;
	enum page_dialect dialect;
	const char *const *columns;
	unsigned int nr_columns;
	char **cells;
	unsigned int nr_cells;
};

/* @level is 1 for the whole, 2 for a part, 3 for a part of that. */
void page_heading(struct page *page, unsigned int level, const char *text);
void page_paragraph(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void page_picture(struct page *page, const char *file, const char *words);

/*
 * A table: headings, whose first letter says if the column is flush left (<) or
 * right (>), before a NULL; then page_cell() for each cell, row after row; then
 * page_table_end(), which writes it.
 */
void page_table(struct page *page, const char *const *columns);
void page_cell(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void page_table_end(struct page *page);

#endif /* PAGE_H */
