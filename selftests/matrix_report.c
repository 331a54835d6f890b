// SPDX-License-Identifier: GPL-2.0
/* What the run has found, as JSON: Documentation/matrix.rst is made of it. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "matrix.h"

static json_t *report;

const char *mx_errno_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "no error";

	return name ?: "an unknown error";
}

const char *mx_outcome_name(const struct mx_outcome *outcome)
{
	switch (outcome->result) {
	case MX_SHARED:
		return "zero-copied";
	case MX_COPIED:
		return "copied";
	default:
		return mx_errno_name(outcome->error);
	}
}

static void head(json_t *root)
{
	const char *rig = getenv("ZCOPY_RIG"),
		   *words = getenv("ZCOPY_RIG_WORDS");
	struct utsname names;

	uname(&names);
	json_object_set_new(root, "kernel", json_string(names.release));
	json_object_set_new(root, "rig", json_string(rig ?: "this machine"));
	json_object_set_new(root, "machine",
			    json_string(words ?: names.machine));
}

static void add(const char *list, json_t *entry)
{
	json_t *array;

	if (!report) {
		report = json_object();
		head(report);
	}
	array = json_object_get(report, list);
	if (!array) {
		array = json_array();
		json_object_set_new(report, list, array);
	}
	if (!entry || json_array_append_new(array, entry))
		zt_die("the report");
}

void mx_report_cell(const struct mx_cell *cell)
{
	json_t *modes = json_object();
	int i;

	for (i = 0; i < MX_MODES; i++)
		json_object_set_new(
			modes, mx_mode_names[i],
			json_string(mx_outcome_name(&cell->modes[i])));
	add("cells", json_pack("{s:s,s:s,s:s,s:s,s:b,s:o}", "source",
			       cell->source->name, "sink", cell->sink->name,
			       "zcopy", mx_outcome_name(&cell->zcopy),
			       "sendfile", mx_outcome_name(&cell->sendfile),
			       "seen", cell->zcopy.seen, "modes", modes));
}

void mx_report_lacking(const struct mx_source *source)
{
	add("lacking", json_pack("{s:s,s:s}", "source", source->name, "reason",
				 source->lacking));
}

void mx_report_state(const struct mx_sink *sink, unsigned int state,
		     const struct mx_state_report *result)
{
	if (!result->lacking)
		add("states",
		    json_pack("{s:s,s:s,s:s,s:s}", "sink", sink->name, "state",
			      mx_state_name(state), "zcopy",
			      mx_outcome_name(&result->zcopy), "sendfile",
			      mx_outcome_name(&result->sendfile)));
}

void mx_report_other(const struct mx_other *other)
{
	add("others", json_pack("{s:s,s:s,s:s}", "source", other->name, "zcopy",
				mx_outcome_name(&other->zcopy), "sendfile",
				mx_outcome_name(&other->sendfile)));
}

void mx_report_odd_socket(const struct mx_odd_socket *odd,
			  const struct mx_outcome *outcome)
{
	add("sockets", json_pack("{s:s,s:s}", "sink", odd->name, "zcopy",
				 mx_outcome_name(outcome)));
}

void mx_report_write(void)
{
	const char *dir = getenv("ZCOPY_RESULTS");
	char path[256];

	if (!dir || !*dir)
		return;
	snprintf(path, sizeof(path), "%s/matrix.json", dir);
	if (json_dump_file(report, path, JSON_INDENT(1)))
		zt_die(path);
	json_decref(report);
}
