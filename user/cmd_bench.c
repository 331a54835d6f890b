// SPDX-License-Identifier: GPL-2.0
/* zcopy bench: every method on the same files, side by side. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "format.h"
#include "options.h"
#include "suite.h"

/* Options without a letter. */
enum {
	OPTION_HEADER = 0x100,
	OPTION_TRAILER,
	OPTION_UNIX,
	OPTION_IPV6,
	OPTION_CALL_SIZE
};

/**
 * struct bench_options - the command line
 * @bench: filled in as far as it says so
 * @chosen: the methods asked for by name
 * @header: text to send before the files, or NULL
 * @trailer: text to send behind the files, or NULL
 * @json: the report is for a program
 * @files: what to send
 * @nr_files: how many
 * @suite: what is asked for instead
 */
struct bench_options {
	struct bench bench;
	struct choice chosen;
	const char *header;
	const char *trailer;
	bool json;
	char **files;
	int nr_files;
	struct suite suite;
};

static const struct argp_option argp_options[] = {
	{ "method", 'm', "NAME[,NAME...]", 0,
	  "Compare these methods only ('zcopy methods' lists them)", 0 },
	{ "rounds", 'r', "N", 0, "Take N samples of each method, not 5", 0 },
	{ "repeat", 'n', "N", 0,
	  "Send the files N times a sample; otherwise as often as a tenth of a second takes",
	  0 },
	{ "call-size", OPTION_CALL_SIZE, "BYTES", 0,
	  "At most BYTES (K, M, G) a call; otherwise what suits each method best",
	  0 },
	{ "unix", OPTION_UNIX, NULL, 0, "Over a unix socket, not TCP", 0 },
	{ "ipv6", OPTION_IPV6, NULL, 0, "Over IPv6, not IPv4", 0 },
	{ "header", OPTION_HEADER, "TEXT", 0, "Send this before the files", 0 },
	{ "trailer", OPTION_TRAILER, "TEXT", 0, "Send this behind the files",
	  0 },
	{ "json", 'j', NULL, 0, "Print the report as a JSON object", 0 },
	{ "quiet", 'q', NULL, 0, "No progress", 0 },
	{ 0 },
};

static unsigned int parse_count(const char *arg, uint64_t most,
				struct argp_state *state)
{
	uint64_t number = 1;

	if (parse_number(arg, 1, most, &number))
		argp_error(state, "'%s' is not a number from 1 to %u", arg,
			   (unsigned int)most);
	return number;
}

static error_t parse_words(int key, struct argp_state *state)
{
	struct bench_options *bench = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &bench->suite;
		return 0;
	case ARGP_KEY_ARGS:
		bench->files = state->argv + state->next;
		bench->nr_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (bench->nr_files && bench->suite.on)
			argp_error(state, "--suite has files of its own");
		if (!bench->nr_files && !bench->suite.on)
			argp_error(state, "give a FILE to send");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench_options *bench = state->input;

	switch (key) {
	case 'm':
		choose_methods(&bench->chosen, arg, state);
		return 0;
	case 'r':
		bench->bench.rounds = parse_count(arg, BENCH_MOST_ROUNDS,
						  state);
		return 0;
	case 'n':
		bench->bench.repeat = parse_count(arg, 1000000, state);
		return 0;
	case OPTION_CALL_SIZE:
		if (parse_size(arg, &bench->bench.call_bytes) ||
		    !bench->bench.call_bytes)
			argp_error(state, "'%s' is not a size", arg);
		return 0;
	case OPTION_UNIX:
		bench->bench.family = AF_UNIX;
		return 0;
	case OPTION_IPV6:
		bench->bench.family = AF_INET6;
		return 0;
	case OPTION_HEADER:
		bench->header = arg;
		return 0;
	case OPTION_TRAILER:
		bench->trailer = arg;
		return 0;
	case 'j':
		bench->json = true;
		return 0;
	case 'q':
		bench->bench.quiet = true;
		return 0;
	default:
		return parse_words(key, state);
	}
}

static void print_report(const struct bench_options *options)
{
	struct machine machine;
	json_t *object;

	machine_look(&machine);
	if (!options->json) {
		bench_print_table(&options->bench, &machine);
		return;
	}
	object = bench_json(&options->bench, &machine);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static int run(struct bench_options *options)
{
	struct bench *bench = &options->bench;
	const struct bench_row *row;
	int status;

	status = sources_open(&bench->sources, options->files,
			      options->nr_files, options->header,
			      options->trailer);
	if (status)
		return status;
	if (!sources_bytes(&bench->sources)) {
		say_error(
			"the files hold no bytes: there is nothing to measure");
		return STATUS_USAGE;
	}
	bench->wanted = chosen_methods(&options->chosen);
	status = bench_run(bench);
	if (status == STATUS_INTERRUPTED)
		say_error("interrupted: no report");
	else if (bench->rows)
		print_report(options);
	/* Asked for by name, a method has to be there. */
	for (row = bench->rows; row < bench->rows + bench->nr_rows; row++) {
		if (status == STATUS_OK && options->chosen.nr &&
		    row->outcome == OUTCOME_UNAVAILABLE)
			status = STATUS_MISSING;
	}
	bench_free(bench);
	sources_close(&bench->sources);
	return status;
}

int cmd_bench(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &suite_argp, 0, "The suite:", 1 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = argp_options,
		.children = children,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = "Send FILEs by every method to a receiver on this machine, and compare throughput, CPU time, system calls and copies."
		       "\vEach method's bytes are verified at the receiver (SipHash with a random key) before it is timed. GB/s are 10^9 bytes a second.\n\n"
		       "Exit status: 0 all methods that this machine has were measured; 1 one failed, or its bytes were wrong; 2 the command line is wrong; 3 a method asked for by name, or all of them, are missing; 4 interrupted.",
	};
	struct bench_options bench = {
		.bench = { .family = AF_INET, .rounds = 5 },
	};

	argp_parse(&argp, argc, argv, 0, NULL, &bench);
	tool_catch_signals();
	if (bench.suite.on)
		return suite_main(&bench.suite);
	return run(&bench);
}
