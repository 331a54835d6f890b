/* SPDX-License-Identifier: GPL-2.0 */
/* Options that several commands have. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "method.h"

#define MOST_CHOSEN 64

/**
 * struct choice - methods asked for by name
 * @methods: in that order; a NULL ends the list
 * @nr: how many
 */
struct choice {
	const struct method *methods[MOST_CHOSEN + 1];
	unsigned int nr;
};

/* Add "NAME[,NAME...]" to @choice; @names is changed. */
void choose_methods(struct choice *choice, char *names,
		    struct argp_state *state);

/* What was chosen, or all methods if nothing was; a NULL ends the list. */
const struct method *const *chosen_methods(const struct choice *choice);

/*
 * The command line of a command whose only option is --json, which prints
 * @what ("a JSON object"). Returns whether it was given.
 */
bool parse_json_only(int argc, char **argv, const char *doc, const char *what);

#endif /* OPTIONS_H */
