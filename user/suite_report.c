// SPDX-License-Identifier: GPL-2.0
/* The suite's report as files: for programs, as Markdown, for docutils. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "suite_tables.h"

static const struct {
	const char *name;
	const char *words;
} pictures[] = {
	{ "throughput", "A large file from the page cache: GB/s by method" },
	{ "sweep", "GB/s over bytes a call" },
	{ "small", "512 small files: microseconds a file by size" },
	{ "cpu", "CPU time for a GiB by method" },
	{ "growth", "Time a byte over the bytes of a call" },
};

static void print_pictures(struct page *page, const char *directory)
{
	char file[64], path[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pictures); i++) {
		snprintf(file, sizeof(file), "%s.svg", pictures[i].name);
		snprintf(path, sizeof(path), "%s/%s", directory, file);
		if (!access(path, R_OK))
			page_picture(page, file, pictures[i].words);
	}
}

static void print_runs(struct page *page, const json_t *report)
{
	const json_t *runs = json_object_get(report, "runs");
	json_t *said = json_object();
	const json_t *run;
	size_t i;

	page_heading(page, 2, "All runs");
	page_paragraph(
		page,
		"GB/s are 10^9 bytes a second. us: microseconds for all that a transfer sends, or for one of its units. CPU and machine: milliseconds of CPU for a GiB, of the sender and of all processes and interrupts. calls: system calls for a transfer. The quartiles are those of the rounds; a ratio's are those of the ratios round by round.");
	json_array_foreach(runs, i, run)
	{
		print_run(page, json_object_get(report, "ratios"), run);
		print_settings(page, run, said);
	}
	json_decref(said);
}

static int write_page(const json_t *report, const char *directory,
		      const char *name, enum page_dialect dialect)
{
	struct page page = { .dialect = dialect };
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	page.stream = fopen(path, "we");
	if (!page.stream) {
		say_error("cannot write %s: %s", path, strerror(errno));
		return -1;
	}
	if (dialect == PAGE_MARKDOWN)
		page_heading(&page, 1, "zcopy: benchmark");
	print_meta(&page, report);
	print_targets(&page, report);
	print_overview(&page, report);
	print_pictures(&page, directory);
	print_runs(&page, report);
	if (!fclose(page.stream))
		return 0;
	say_error("cannot write %s: %s", path, strerror(errno));
	return -1;
}

static int write_json(const json_t *report, const char *directory)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/report.json", directory);
	if (!json_dump_file(report, path,
			    JSON_INDENT(1) | JSON_REAL_PRECISION(6)))
		return 0;
	say_error("cannot write %s", path);
	return -1;
}

int suite_write(const json_t *report, const char *directory)
{
	int ret;

	if (mkdir(directory, 0777) && errno != EEXIST) {
		say_error("cannot make %s: %s", directory, strerror(errno));
		return -1;
	}
	/* The figures come first: nothing that follows may lose them. */
	ret = write_json(report, directory);
	if (suite_plot(report, directory))
		ret = -1;
	if (write_page(report, directory, "report.md", PAGE_MARKDOWN))
		ret = -1;
	if (write_page(report, directory, "report.rst", PAGE_RST))
		ret = -1;
	return ret;
}

void suite_print(const json_t *report)
{
	struct page page = { .stream = stdout, .dialect = PAGE_TEXT };

	putchar('\n');
	print_meta(&page, report);
	print_overview(&page, report);
	print_targets(&page, report);
}
