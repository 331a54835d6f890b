// SPDX-License-Identifier: GPL-2.0
/* zcopy methods: the ways of sending, and which of them work here. */
#include <jansson.h>

#include "method.h"
#include "options.h"
#include "tool.h"

static void print_json(void)
{
	const struct method *const *method;
	json_t *list = json_array();
	struct transfer transfer;
	bool works;

	for (method = methods; *method; method++) {
		transfer_init(&transfer, *method, NULL, 0);
		works = !transfer_probe(&transfer);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:i, s:s?, s:b, s:s?}", "name",
				  (*method)->name, "summary",
				  (*method)->summary, "copies_by_design",
				  (int)(*method)->copies, "evidence",
				  (*method)->evidence, "available", works,
				  "reason", works ? NULL : transfer.reason));
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}

static void print_text(void)
{
	const struct method *const *method;
	struct transfer transfer;

	for (method = methods; *method; method++) {
		transfer_init(&transfer, *method, NULL, 0);
		printf("%s%-14s%s %s\n", colour_bold(stdout), (*method)->name,
		       colour_off(stdout), (*method)->summary);
		if (transfer_probe(&transfer))
			printf("%-14s %snot here: %s%s\n", "",
			       colour_bad(stdout), transfer.reason,
			       colour_off(stdout));
	}
}

int cmd_methods(int argc, char **argv)
{
	static const char doc[] =
		"List the ways of sending that 'zcopy send --method' and 'zcopy bench --method' take, and say which do not work on this machine.";
	bool json = parse_json_only(argc, argv, doc, "Print a JSON array");

	if (json)
		print_json();
	else
		print_text();
	return STATUS_OK;
}
