// SPDX-License-Identifier: GPL-2.0
/* A text with headings and tables: for a terminal, Markdown, or docutils. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "tool.h"

static void repeat(FILE *stream, char letter, size_t times)
{
	while (times--)
		fputc(letter, stream);
}

void page_heading(struct page *page, unsigned int level, const char *text)
{
	static const char underlines[] = "?=-~";

	switch (page->dialect) {
	case PAGE_TEXT:
		fprintf(page->stream, "\n%s%s%s\n", colour_bold(page->stream),
			text, colour_off(page->stream));
		break;
	case PAGE_MARKDOWN:
		repeat(page->stream, '#', level);
		fprintf(page->stream, " %s\n\n", text);
		break;
	case PAGE_RST:
		fprintf(page->stream, "%s\n", text);
		repeat(page->stream, underlines[level], strlen(text));
		fputs("\n\n", page->stream);
		break;
	}
}

void page_paragraph(struct page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(page->stream, format, args);
	va_end(args);
	fputs(page->dialect == PAGE_TEXT ? "\n" : "\n\n", page->stream);
}

void page_picture(struct page *page, const char *file, const char *words)
{
	switch (page->dialect) {
	case PAGE_TEXT:
		break;
	case PAGE_MARKDOWN:
		fprintf(page->stream, "![%s](%s)\n\n", words, file);
		break;
	case PAGE_RST:
		fprintf(page->stream, ".. image:: %s\n   :alt: %s\n\n", file,
			words);
		break;
	}
}

void page_table(struct page *page, const char *const *columns)
{
	page->columns = columns;
	for (page->nr_columns = 0; columns[page->nr_columns];)
		page->nr_columns++;
	page->cells = NULL;
	page->nr_cells = 0;
}

void page_cell(struct page *page, const char *format, ...)
{
	char **cells = reallocarray(page->cells, page->nr_cells + 1,
				    sizeof(*cells));
	va_list args;

	/* A table that lacks cells would be wrong; there is no way on. */
	if (!cells)
		abort();
	page->cells = cells;
	va_start(args, format);
	if (vasprintf(&cells[page->nr_cells++], format, args) < 0)
		abort();
	va_end(args);
}

static size_t column_width(const struct page *page, unsigned int column)
{
	size_t width = strlen(page->columns[column] + 1);
	unsigned int i;

	for (i = column; i < page->nr_cells; i += page->nr_columns) {
		if (strlen(page->cells[i]) > width)
			width = strlen(page->cells[i]);
	}
	return width;
}

static void text_row(const struct page *page, const char *const *cells,
		     unsigned int skip)
{
	unsigned int i;
	int width;

	for (i = 0; i < page->nr_columns; i++) {
		width = (int)column_width(page, i);
		if (page->columns[i][0] == '>')
			fprintf(page->stream, "%*s", width, cells[i] + skip);
		else if (i + 1 < page->nr_columns)
			fprintf(page->stream, "%-*s", width, cells[i] + skip);
		else
			fputs(cells[i] + skip, page->stream);
		fputs(i + 1 < page->nr_columns ? "  " : "\n", page->stream);
	}
}

static void markdown_row(const struct page *page, const char *const *cells,
			 unsigned int skip)
{
	unsigned int i;

	for (i = 0; i < page->nr_columns; i++)
		fprintf(page->stream, "| %s ", cells[i] + skip);
	fputs("|\n", page->stream);
}

static void rst_row(const struct page *page, const char *const *cells,
		    unsigned int skip)
{
	unsigned int i;

	fputs("   ", page->stream);
	for (i = 0; i < page->nr_columns; i++)
		fprintf(page->stream, "%s\"%s\"", i ? ", " : "",
			cells[i] + skip);
	fputc('\n', page->stream);
}

static void write_row(const struct page *page, const char *const *cells,
		      unsigned int skip)
{
	switch (page->dialect) {
	case PAGE_TEXT:
		text_row(page, cells, skip);
		break;
	case PAGE_MARKDOWN:
		markdown_row(page, cells, skip);
		break;
	case PAGE_RST:
		rst_row(page, cells, skip);
		break;
	}
}

/* What follows the headings, and how docutils knows that they are some. */
static void write_headings(const struct page *page)
{
	unsigned int i;

	if (page->dialect == PAGE_RST)
		fputs(".. csv-table::\n   :header-rows: 1\n\n", page->stream);
	write_row(page, page->columns, 1);
	if (page->dialect != PAGE_MARKDOWN)
		return;
	for (i = 0; i < page->nr_columns; i++)
		fputs(page->columns[i][0] == '>' ? "|---:" : "|---",
		      page->stream);
	fputs("|\n", page->stream);
}

void page_table_end(struct page *page)
{
	unsigned int i;

	write_headings(page);
	for (i = 0; i + page->nr_columns <= page->nr_cells;
	     i += page->nr_columns)
		write_row(page, (const char *const *)page->cells + i, 0);
	for (i = 0; i < page->nr_cells; i++)
		free(page->cells[i]);
	free(page->cells);
	if (page->dialect != PAGE_TEXT)
		fputc('\n', page->stream);
}
