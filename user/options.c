// SPDX-License-Identifier: GPL-2.0
/* Options that several commands have. */
#include <string.h>

#include "options.h"

void choose_methods(struct choice *choice, char *names,
		    struct argp_state *state)
{
	const struct method *method;
	char *name;

	for (name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		method = method_find(name);
		if (!method)
			argp_error(
				state,
				"'%s' is not a method: 'zcopy methods' lists them",
				name);
		if (choice->nr == MOST_CHOSEN)
			argp_error(state, "more methods than there are");
		choice->methods[choice->nr++] = method;
	}
}

const struct method *const *chosen_methods(const struct choice *choice)
{
	return choice->nr ? choice->methods : methods;
}

static error_t parse_json(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		*json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "it takes no arguments");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

bool parse_json_only(int argc, char **argv, const char *doc, const char *what)
{
	const struct argp_option argp_options[] = {
		{ "json", 'j', NULL, 0, what, 0 },
		{ 0 },
	};
	const struct argp argp = {
		.options = argp_options,
		.parser = parse_json,
		.doc = doc,
	};
	bool json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	return json;
}
