// SPDX-License-Identifier: GPL-2.0
/* zcopy count: the copies and crossings of any program, measured. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "count.h"
#include "count_table.h"
#include "format.h"
#include "options.h"
#include "tool.h"

/* Options without a letter. */
enum { OPTION_TABLE = 0x100, OPTION_CHUNK };

/**
 * struct count_options - the command line
 * @subject: what is to be counted
 * @limit: seconds, or 0
 * @table: the file to send by every method, if it has a path
 * @chosen: the table's methods asked for by name
 * @output: the file that the report goes to, or NULL
 * @json: the report is for a program
 * @verbose: let libbpf speak
 */
struct count_options {
	struct subject subject;
	double limit;
	struct table table;
	struct choice chosen;
	const char *output;
	bool json;
	bool verbose;
};

static const struct argp_option argp_options[] = {
	{ "pid", 'p', "PID", 0,
	  "Count this process and its descendants, until it ends or Ctrl-C",
	  0 },
	{ "time", 't', "SECONDS", 0, "With --pid: for that long at most", 0 },
	{ "payload", 'P', "BYTES", 0,
	  "Divide by BYTES (K, M, G) instead of what sockets took", 0 },
	{ "table", OPTION_TABLE, "FILE", 0,
	  "Send FILE by every method and set what is measured beside the textbook",
	  0 },
	{ "method", 'm', "NAME[,NAME...]", 0,
	  "With --table: these methods only", 0 },
	{ "chunk", OPTION_CHUNK, "BYTES", 0,
	  "With --table: so many bytes a call, not 1 MiB", 0 },
	{ "output", 'o', "FILE", 0,
	  "Write the report, or the JSON object, to FILE", 0 },
	{ "json", 'j', NULL, 0,
	  "A JSON object on stdout instead of the report; with --output, besides it",
	  0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf has to say", 0 },
	{ 0 },
};

static void parse_subject(int key, char *arg, struct argp_state *state)
{
	struct count_options *options = state->input;
	uint64_t number = 0;
	char *end;

	if (key == 'p') {
		if (parse_number(arg, 1, 1 << 30, &number))
			argp_error(state, "'%s' is not a process number", arg);
		options->subject.pid = number;
		return;
	}
	options->limit = strtod(arg, &end);
	if (*end || end == arg || !(options->limit > 0))
		argp_error(state, "'%s' is not a time in seconds", arg);
}

static error_t parse_table(int key, char *arg, struct argp_state *state)
{
	struct count_options *options = state->input;

	switch (key) {
	case OPTION_TABLE:
		options->table.path = arg;
		return 0;
	case OPTION_CHUNK:
		if (parse_size(arg, &options->table.chunk) ||
		    !options->table.chunk)
			argp_error(state, "'%s' is not a size", arg);
		return 0;
	case 'm':
		choose_methods(&options->chosen, arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check_words(struct argp_state *state)
{
	struct count_options *options = state->input;
	const struct subject *subject = &options->subject;

	if (!!subject->command + !!subject->pid + !!options->table.path != 1)
		argp_error(state, "give one of COMMAND, --pid and --table");
	if (options->limit > 0 && !subject->pid)
		argp_error(state, "--time goes with --pid");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct count_options *options = state->input;

	switch (key) {
	case 'p':
	case 't':
		parse_subject(key, arg, state);
		return 0;
	case 'P':
		if (parse_size(arg, &options->subject.payload) ||
		    !options->subject.payload)
			argp_error(state, "'%s' is not a size", arg);
		return 0;
	case 'o':
		options->output = arg;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->subject.command = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		check_words(state);
		return 0;
	default:
		return parse_table(key, arg, state);
	}
}

static json_t *make_json(const struct count_options *options,
			 const struct probes *probes,
			 const struct figures *figures)
{
	if (options->table.path)
		return table_json(&options->table, probes);
	return count_json(probes, figures, &options->subject);
}

static void write_json(const struct count_options *options,
		       const struct probes *probes,
		       const struct figures *figures, FILE *stream)
{
	json_t *object = make_json(options, probes, figures);

	json_dumpf(object, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(object);
}

/* People read a program's report behind what it wrote itself. */
static void write_text(const struct count_options *options,
		       const struct probes *probes,
		       const struct figures *figures, FILE *file)
{
	FILE *stream = file ? file : options->table.path ? stdout : stderr;

	if (options->table.path) {
		table_print(stream, &options->table, probes);
		return;
	}
	if (stream == stderr)
		fputc('\n', stream);
	count_print(stream, probes, figures, &options->subject);
}

/* @file: where --output says, or NULL. */
static int write_report(const struct count_options *options,
			const struct probes *probes,
			const struct figures *figures, FILE *file)
{
	FILE *stream = file ? file : stdout;

	if (options->json)
		write_json(options, probes, figures, stream);
	if (!options->json || file)
		write_text(options, probes, figures,
			   options->json ? NULL : file);
	if (!fflush(stream) && !ferror(stream))
		return STATUS_OK;
	say_error("cannot write the report: %s", strerror(errno));
	return STATUS_FAILED;
}

/* A row of the table for which there is no explanation is a failure. */
static int judge_table(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr_rows; i++) {
		if (table->rows[i].unexplained)
			return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* What the exit status says about what was counted. */
static int judge(const struct count_options *options)
{
	int status = options->subject.wait_status;

	if (options->table.path)
		return judge_table(&options->table);
	/* Ctrl-C is how to end --pid. */
	if (!options->subject.command)
		return STATUS_OK;
	if (tool_stopped)
		return STATUS_INTERRUPTED;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? STATUS_OK
							 : STATUS_FAILED;
}

static int count_subject(struct count_options *options,
			 const struct probes *probes, struct figures *figures)
{
	int status;

	if (options->subject.command)
		status = count_run(probes, &options->subject);
	else
		status = count_attach(probes, &options->subject,
				      options->limit);
	if (status == STATUS_OK && probes_settle(probes, figures)) {
		say_error("cannot read the counters: %s", strerror(errno));
		status = STATUS_FAILED;
	}
	return status;
}

static int count_table(struct count_options *options,
		       const struct probes *probes)
{
	struct table *table = &options->table;

	table->wanted = chosen_methods(&options->chosen);
	if (!table->chunk)
		table->chunk = METHOD_CHUNK;
	return table_run(table, probes);
}

static int count(struct count_options *options, const struct probes *probes,
		 struct figures *figures)
{
	FILE *file = NULL;
	int status;

	if (options->output) {
		file = fopen(options->output, "we");
		if (!file) {
			say_error("cannot write %s: %s", options->output,
				  strerror(errno));
			return STATUS_FAILED;
		}
	}
	if (options->table.path)
		status = count_table(options, probes);
	else
		status = count_subject(options, probes, figures);
	if (status == STATUS_OK)
		status = write_report(options, probes, figures, file);
	if (file)
		fclose(file);
	return status == STATUS_OK ? judge(options) : status;
}

int cmd_count(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "-- COMMAND [ARGUMENT...]\n--pid PID\n--table FILE",
		.doc = "Count copies and crossings of a program.",
	};
	static struct figures figures;
	struct count_options options = { 0 };
	struct probes *probes;
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	status = options.table.path ? table_find(&options.table)
				    : count_find(&options.subject);
	if (status == STATUS_OK)
		status = count_check();
	if (status == STATUS_OK)
		status = probes_open(&probes, options.verbose);
	if (status != STATUS_OK)
		return status;
	status = count(&options, probes, &figures);
	table_free(&options.table);
	probes_close(probes);
	return status;
}
