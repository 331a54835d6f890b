// SPDX-License-Identifier: GPL-2.0
/* zcopy: send files through /dev/zcopy, and measure it. The command table. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "libzcopy.h"
#include "tool.h"

static const struct command commands[] = {
	{ "info", "show what the module can do", cmd_info },
	{ "send", "send files to a socket", cmd_send },
	{ "recv", "receive, and count, hash or store", cmd_recv },
	{ "bench", "compare zcopy with the standard system calls", cmd_bench },
	{ "count", "count copies and crossings of any program", cmd_count },
	{ "methods", "list the ways of sending, and which work here",
	  cmd_methods },
};

static const char before[] =
	"Send files and buffers to stream sockets without copying them, and measure it against the standard system calls.\v";

static const char after[] =
	"Exit status: 0 all went well; 1 a transfer or its verification failed; 2 the command line is wrong; 3 the device or a kernel feature is missing; 4 interrupted.\n"
	"\n"
	"The environment variable ZCOPY_DEVICE names another device than /dev/zcopy.";

struct choice {
	const struct command *command;
	int index;
};

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

/* The table goes into --help, before the text that follows the options. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list;
	size_t size, i;
	FILE *stream;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	stream = open_memstream(&list, &size);
	if (!stream)
		return NULL;
	fputs("Commands ('zcopy COMMAND --help' tells more):\n", stream);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stream, "  %-9s%s\n", commands[i].name,
			commands[i].summary);
	fprintf(stream, "\n%s", after);
	fclose(stream);
	return list;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		choice->command = find_command(arg);
		if (!choice->command)
			argp_error(state, "'%s' is not a command", arg);
		/* The rest of the line is the command's. */
		choice->index = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "zcopy %s (ABI %d)\n", TOOL_VERSION, ZCOPY_ABI_VERSION);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = before,
		.help_filter = list_commands,
	};
	struct choice choice = { 0 };
	char name[32];

	argp_err_exit_status = STATUS_USAGE;
	argp_program_version_hook = print_version;
	/* A peer that goes away is an error like others: EPIPE. */
	signal(SIGPIPE, SIG_IGN);
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice))
		return STATUS_USAGE;
	snprintf(name, sizeof(name), "zcopy %s", choice.command->name);
	argv[choice.index] = name;
	return choice.command->run(argc - choice.index, argv + choice.index);
}
