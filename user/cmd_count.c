// SPDX-License-Identifier: GPL-2.0
/* zcopy count: the copies and crossings of any program, measured. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "count.h"
#include "format.h"
#include "tool.h"

/* Options without a letter. */
enum { OPTION_TABLE = 0x100, OPTION_CHUNK };

/**
 * struct count_options - the command line
 * @subject: what is to be counted
 * @limit: seconds, or 0
 * @table: the file to send by every method, or NULL
 * @chunk: bytes a call, for the table
 * @output: the file that the report goes to, or NULL
 * @json: the report is for a program
 * @verbose: let libbpf speak
 */
struct count_options {
	struct subject subject;
	double limit;
	const char *table;
	uint64_t chunk;
	const char *output;
	bool json;
	bool verbose;
};

static const struct argp_option argp_options[] = {
	{ "pid", 'p', "PID", 0,
	  "Count this process and its descendants, until it ends or Ctrl-C", 0 },
	{ "time", 't', "SECONDS", 0, "With --pid: for that long at most", 0 },
	{ "payload", 'P', "BYTES", 0,
	  "Divide by BYTES (K, M, G) instead of what sockets took", 0 },
	{ "output", 'o', "FILE", 0, "Write the report to FILE", 0 },
	{ "json", 'j', NULL, 0, "Make the report a JSON object, on stdout", 0 },
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

static void check_words(struct argp_state *state)
{
	struct count_options *options = state->input;
	const struct subject *subject = &options->subject;

	if (!!subject->command + !!subject->pid != 1)
		argp_error(state, "give either a COMMAND or --pid");
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
		return ARGP_ERR_UNKNOWN;
	}
}

/* People read it behind what the program itself wrote; programs take stdout. */
static FILE *open_output(const struct count_options *options)
{
	FILE *stream = options->json ? stdout : stderr;

	if (options->output)
		stream = fopen(options->output, "we");
	if (!stream)
		say_error("cannot write %s: %s", options->output,
			  strerror(errno));
	return stream;
}

static int write_report(const struct count_options *options,
			const struct probes *probes,
			const struct figures *figures, FILE *stream)
{
	json_t *object;

	if (options->json) {
		object = count_json(probes, figures, &options->subject);
		json_dumpf(object, stream, JSON_INDENT(2));
		fputc('\n', stream);
		json_decref(object);
	} else {
		if (!options->output)
			fputc('\n', stream);
		count_print(stream, probes, figures, &options->subject);
	}
	if (!fflush(stream) && !ferror(stream))
		return STATUS_OK;
	say_error("cannot write the report: %s", strerror(errno));
	return STATUS_FAILED;
}

/* What the exit status says about the program that was counted. */
static int judge(const struct subject *subject)
{
	int status = subject->wait_status;

	if (tool_stopped && !(subject->pid && !subject->command))
		return STATUS_INTERRUPTED;
	if (subject->command && (!WIFEXITED(status) || WEXITSTATUS(status)))
		return STATUS_FAILED;
	return STATUS_OK;
}

static int count(struct count_options *options, const struct probes *probes,
		 struct figures *figures)
{
	FILE *stream = open_output(options);
	int status;

	if (!stream)
		return STATUS_FAILED;
	if (options->subject.command)
		status = count_run(probes, &options->subject);
	else
		status = count_attach(probes, &options->subject,
				      options->limit);
	if (status == STATUS_OK && probes_settle(probes, figures)) {
		say_error("cannot read the counters: %s", strerror(errno));
		status = STATUS_FAILED;
	}
	if (status == STATUS_OK)
		status = write_report(options, probes, figures, stream);
	if (options->output)
		fclose(stream);
	return status == STATUS_OK ? judge(&options->subject) : status;
}

int cmd_count(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "-- COMMAND [ARGUMENT...]\n--pid PID",
		.doc = "Count copies and crossings of a program.",
	};
	static struct figures figures;
	struct count_options options = { 0 };
	struct probes *probes;
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	status = count_check();
	if (status == STATUS_OK)
		status = probes_open(&probes, options.verbose);
	if (status != STATUS_OK)
		return status;
	status = count(&options, probes, &figures);
	probes_close(probes);
	return status;
}
