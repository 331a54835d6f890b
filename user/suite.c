// SPDX-License-Identifier: GPL-2.0
/* The suite: its options, its scenarios one after the other, its report. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "format.h"
#include "suite.h"
#include "suite_tables.h"

enum {
	OPTION_SUITE = 0x200,
	OPTION_OUTPUT,
	OPTION_QUICK,
	OPTION_SCENARIO,
	OPTION_DISK,
	OPTION_RENDER
};

static const struct argp_option options[] = {
	{ "suite", OPTION_SUITE, NULL, 0,
	  "Measure many scenarios instead of FILEs, with files of its own, in some minutes",
	  0 },
	{ "output", OPTION_OUTPUT, "DIR", 0,
	  "Write report.json, report.md, report.rst and pictures there", 0 },
	{ "quick", OPTION_QUICK, NULL, 0,
	  "Fewer rounds and smaller files: to see the trend, not to quote", 0 },
	{ "scenario", OPTION_SCENARIO, "NAME[,NAME...]", 0,
	  "Only the runs whose names begin so, such as 'gather' or 'large.tmpfs'",
	  0 },
	{ "disk", OPTION_DISK, "DIR", 0,
	  "Where files on a disk go; otherwise /mnt/scratch or /var/tmp", 0 },
	{ "render", OPTION_RENDER, "FILE", 0,
	  "Measure nothing: write all the rest again from a report.json", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct suite *suite = state->input;

	switch (key) {
	case OPTION_SUITE:
		suite->on = true;
		return 0;
	case OPTION_OUTPUT:
		suite->output = arg;
		return 0;
	case OPTION_QUICK:
		suite->quick = true;
		return 0;
	case OPTION_SCENARIO:
		suite->wanted = arg;
		return 0;
	case OPTION_DISK:
		suite->disk = arg;
		return 0;
	case OPTION_RENDER:
		suite->render = arg;
		suite->on = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp suite_argp = { .options = options, .parser = parse };

/* The scenarios, in the order of the report. */
static int (*const scenarios[])(struct suite *suite) = {
	suite_large, suite_sweep,  suite_small, suite_gather,
	suite_web,   suite_buffer, suite_cold,	suite_connections,
	suite_unix,  suite_growth,
};

static bool begins(const char *text, const char *with, size_t len)
{
	return strlen(text) >= len && !memcmp(text, with, len);
}

/* A word asks for the names that begin with it, and for the word's own start:
 * "large.tmpfs.whole" wants what is in "large.tmpfs." as well.
 */
bool suite_wants(const struct suite *suite, const char *format, ...)
{
	const char *word = suite->wanted;
	char name[64];
	va_list args;
	size_t len;

	if (!word)
		return true;
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	for (;; word += len + 1) {
		len = strcspn(word, ",");
		if (begins(name, word, len) ||
		    (name[strlen(name) - 1] == '.' &&
		     !strncmp(word, name, strlen(name))))
			return true;
		if (!word[len])
			return false;
	}
}

/* A run is over. Those who asked for it by name want to see all of it. */
void suite_keep(struct suite_run *run)
{
	struct page page = { .stream = stdout, .dialect = PAGE_TEXT };
	struct suite *suite = run->suite;
	json_t *object = suite_run_json(run);
	char time[32];

	json_array_append_new(suite->runs, object);
	progress_end(&suite->progress);
	if (suite->wanted) {
		print_run(&page, suite->ratios, object);
		fflush(stdout);
	} else {
		fprintf(stderr, "%8s  ",
			format_seconds(time, sizeof(time),
				       now() - suite->start));
		print_line(stderr, suite->ratios, object);
	}
	progress_begin(&suite->progress, 0, false);
}

static int run_scenarios(struct suite *suite)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (scenarios[i](suite) && !tool_stopped)
			suite->broken = true;
		if (tool_stopped)
			return STATUS_INTERRUPTED;
	}
	if (!json_array_size(suite->runs)) {
		say_error("no run has a name that begins with %s",
			  suite->wanted);
		return STATUS_USAGE;
	}
	return suite->broken ? STATUS_FAILED : STATUS_OK;
}

static void choose_amounts(struct suite *suite)
{
	suite->slow = suite->machine.kind == MACHINE_TCG;
	suite->rounds = suite->quick ? 5 : suite->slow ? 9 : 21;
	suite->sample_seconds = 0.02;
	suite->large_bytes = suite->slow    ? 32UL << 20
			     : suite->quick ? 64UL << 20
					    : 256UL << 20;
}

static int report_it(const struct suite *suite)
{
	json_t *report = suite_report(suite);
	int ret = 0;

	if (suite->output)
		ret = suite_write(report, suite->output);
	suite_print(report);
	json_decref(report);
	return ret;
}

static int measure(struct suite *suite)
{
	int status;

	machine_look(&suite->machine);
	if (!suite->machine.has_module) {
		say_error("%s: %s", zcopy_device_path(),
			  zcopy_strerror(0, errno));
		return STATUS_MISSING;
	}
	if (digest_choose_key()) {
		say_error("no random numbers for a key");
		return STATUS_FAILED;
	}
	choose_amounts(suite);
	suite->start = now();
	suite->runs = json_array();
	suite->ratios = json_object();
	counters_open(&suite->counters);
	progress_begin(&suite->progress, 0, false);
	status = run_scenarios(suite);
	progress_end(&suite->progress);
	counters_close(&suite->counters);
	if (status == STATUS_INTERRUPTED)
		say_error("interrupted: no report");
	else if (json_array_size(suite->runs) && report_it(suite))
		status = STATUS_FAILED;
	json_decref(suite->runs);
	json_decref(suite->ratios);
	return status;
}

/* Write everything again from an earlier report.json. */
static int render(const struct suite *suite)
{
	json_error_t error;
	json_t *report = json_load_file(suite->render, 0, &error);
	int ret;

	if (!report) {
		say_error("cannot read %s: %s", suite->render, error.text);
		return STATUS_FAILED;
	}
	ret = suite->output ? suite_write(report, suite->output) : 0;
	suite_print(report);
	json_decref(report);
	return ret ? STATUS_FAILED : STATUS_OK;
}

int suite_main(struct suite *suite)
{
	return suite->render ? render(suite) : measure(suite);
}
