// SPDX-License-Identifier: GPL-2.0
/* What a report comes to: its machine, its targets, a line for each run. */
#include <string.h>

#include "format.h"
#include "suite_tables.h"

/* On a quiet machine, it is a few hundredths. */
#define NOISY 0.12

static void machine_rows(struct page *page, const json_t *meta)
{
	const json_t *machine = json_object_get(meta, "machine");
	const json_t *module = json_object_get(machine, "module");
	char memory[32];

	page_cell(page, "kernel");
	page_cell(page, "Linux %s %s", text_of(machine, "kernel"),
		  text_of(machine, "architecture"));
	page_cell(page, "processor");
	page_cell(page, "%s, %.0f in use, %s of memory",
		  text_of(machine, "cpu"), number_of(machine, "cpus"),
		  format_bytes(memory, sizeof(memory),
			       (uint64_t)number_of(machine, "memory")));
	page_cell(page, "hypervisor");
	page_cell(page, "%s", text_of(machine, "hypervisor"));
	page_cell(page, "module");
	page_cell(page, "ABI %.0f, back end %s, batches of %.0f KiB",
		  number_of(module, "abi_version"), text_of(module, "backend"),
		  number_of(module, "batch_bytes") / 1024);
}

void print_meta(struct page *page, const json_t *report)
{
	static const char *const columns[] = { "<what", "<which", NULL };
	const json_t *meta = json_object_get(report, "meta");
	const char *warning = text_of(json_object_get(meta, "machine"),
				      "warning");

	page_table(page, columns);
	machine_rows(page, meta);
	page_cell(page, "a system call");
	page_cell(page, "%.2f us, one that does nothing",
		  1e6 * number_of(meta, "system_call_seconds"));
	page_cell(page, "date");
	page_cell(page, "%s, %.0f s for all of it", text_of(meta, "date"),
		  number_of(meta, "seconds"));
	page_cell(page, "samples");
	page_cell(
		page,
		"%.0f rounds, fewer where a run would take long, interleaved, of at least %.0f ms a sample, after a warm-up",
		number_of(meta, "rounds"),
		1e3 * number_of(meta, "least_sample_seconds"));
	page_cell(page, "verification");
	page_cell(page, "every method, once, at the receiver: %s",
		  text_of(meta, "verification"));
	page_table_end(page);
	if (*warning)
		page_paragraph(page, "Mind: %s.", warning);
	if (number_of(meta, "noise") > NOISY)
		page_paragraph(
			page,
			"Mind: the machine was busy with other things, too: the middle one of all rows has quartiles that are %.0f %% of its median apart. Run it again when the machine is quiet.",
			100 * number_of(meta, "noise"));
	if (json_is_true(json_object_get(meta, "quick")))
		page_paragraph(page,
			       "This was a quick run: not one to be quoted.");
	if (json_is_true(json_object_get(report, "broken")))
		page_paragraph(page,
			       "SOMETHING FAILED: see the rows marked FAILED.");
}

static void target_cells(struct page *page, const json_t *target,
			 const json_t *ratios)
{
	const char *name = text_of(target, "name");
	const json_t *ratio = json_object_get(ratios, name);
	bool met = json_is_true(json_object_get(target, "met"));

	page_cell(page, "%s", name);
	page_cell(page, "%s %.2f", text_of(target, "relation"),
		  number_of(target, "bound"));
	if (ratio)
		page_cell(page, "%.2f", number_of(ratio, "median"));
	else
		page_cell(page, "not measured");
	page_cell(page, ratio ? "%.2f-%.2f" : "-", number_of(ratio, "q1"),
		  number_of(ratio, "q3"));
	page_cell(page, met ? "met" : "MISSED");
}

void print_targets(struct page *page, const json_t *report)
{
	static const char *const columns[] = { "<ratio",    ">target",
					       ">measured", ">quartiles",
					       "<and so",   NULL };
	const json_t *targets = json_object_get(report, "targets");
	const json_t *target;
	unsigned int met = 0;
	size_t i;

	if (!json_array_size(targets))
		return;
	page_heading(page, 2, "Targets");
	page_table(page, columns);
	json_array_foreach(targets, i, target)
	{
		target_cells(page, target, json_object_get(report, "ratios"));
		met += json_is_true(json_object_get(target, "met"));
	}
	page_table_end(page);
	page_paragraph(page, "%u of %zu met.", met, json_array_size(targets));
}

static const char *const compared[] = { "floor", "sendfile", "splice", "mmap",
					"read" };
#define NR_COMPARED (sizeof(compared) / sizeof(compared[0]))

/* Is it something that a program without zcopy could do? */
static bool is_peer(const char *label)
{
	return strncmp(label, "zcopy", 5) && strcmp(label, "floor");
}

/* The fastest of the peers, or NULL. */
static const char *best_peer(const json_t *ratios, const json_t *run)
{
	const json_t *rows = json_object_get(run, "rows");
	const char *label, *best = NULL;
	const json_t *row, *ratio;
	double least = 0, value;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		label = text_of(row, "label");
		ratio = is_peer(label) ? ratio_of(ratios, run, label) : NULL;
		value = number_of(ratio, "median");
		if (!ratio || (best && value >= least))
			continue;
		best = label;
		least = value;
	}
	return best;
}

static void overview_cell(struct page *page, const json_t *ratio)
{
	if (ratio)
		page_cell(page, "%.2f", number_of(ratio, "median"));
	else
		page_cell(page, "-");
}

static void overview_row(struct page *page, const json_t *ratios,
			 const json_t *run)
{
	const json_t *first = json_array_get(json_object_get(run, "rows"), 0);
	const char *best = best_peer(ratios, run);
	size_t i;

	/* A run that is not about others. */
	if (!best)
		return;
	page_cell(page, "%s", text_of(run, "name"));
	page_cell(page, "%s", text_of(first, "label"));
	page_cell(page, "%.2f", median_of(first, "bytes_per_second") / 1e9);
	for (i = 0; i < NR_COMPARED; i++)
		overview_cell(page, ratio_of(ratios, run, compared[i]));
	overview_cell(page, ratio_of(ratios, run, best));
	page_cell(page, "%s", best);
}

void print_overview(struct page *page, const json_t *report)
{
	static const char *const columns[] = {
		"<run",	     "<method",	  ">GB/s", ">floor",
		">sendfile", ">splice",	  ">mmap", ">read",
		">best",     "<which is", NULL
	};
	const json_t *runs = json_object_get(report, "runs");
	const json_t *run;
	size_t i;

	page_heading(page, 2, "Overview");
	page_paragraph(
		page,
		"How many times as fast as each of the others the method is: medians.");
	page_table(page, columns);
	json_array_foreach(runs, i, run)
	{
		overview_row(page, json_object_get(report, "ratios"), run);
	}
	page_table_end(page);
}

void print_settings(struct page *page, const json_t *run, json_t *said)
{
	const json_t *rows = json_object_get(run, "rows");
	const char *label, *settings;
	const json_t *row;
	char text[512];
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!is_measured(row))
			continue;
		label = text_of(row, "label");
		settings = text_of(row, "settings");
		snprintf(text, sizeof(text), "%s: %s", text_of(row, "summary"),
			 settings);
		if (!strcmp(text_of(said, label), text))
			continue;
		json_object_set_new(said, label, json_string(text));
		page_paragraph(page, "%s%s: %s.",
			       page->dialect == PAGE_TEXT ? "" : "* ", label,
			       text);
	}
}
