// SPDX-License-Identifier: GPL-2.0
/* The report for programs. */
#include <string.h>
#include <sys/wait.h>

#include "count.h"
#include "machine.h"
#include "tool.h"

static void set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* @number of @whole, or null where that says nothing. */
static json_t *ratio(uint64_t number, uint64_t whole)
{
	return whole ? json_real((double)number / whole) : json_null();
}

json_t *count_json_copies(const struct figures *figures)
{
	const struct count_copied *copy = figures->copies;
	const struct count_copied *end = copy + figures->nr_copies;
	json_t *list = json_array();
	char name[32];

	for (; copy < end; copy++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I, s:I}", "function",
				  copy_function_name(copy->key.function),
				  "kind", copy_kind_name(&copy->key), "for",
				  syscall_text(name, sizeof(name),
					       copy->key.syscall),
				  "calls", (json_int_t)copy->value.calls,
				  "bytes", (json_int_t)copy->value.bytes));
	return list;
}

json_t *count_json_syscalls(const struct figures *figures)
{
	json_t *object = json_object();
	unsigned int i;
	char name[32];

	for (i = 0; i < ARRAY_SIZE(figures->syscalls); i++) {
		if (figures->syscalls[i])
			set_number(object, syscall_text(name, sizeof(name), i),
				   figures->syscalls[i]);
	}
	return object;
}

static json_t *json_nets(const struct figures *figures)
{
	const struct count_net *net = figures->nets;
	const struct count_net *end = net + figures->nr_nets;
	json_t *list = json_array();
	json_t *object;

	for (; net < end; net++) {
		object = json_pack(
			"{s:s%}", "name", net->key.name,
			strnlen(net->key.name, sizeof(net->key.name)));
		set_number(object, "packets", net->value.packets);
		set_number(object, "headers", net->value.header);
		set_number(object, "linear", net->value.linear);
		set_number(object, "fragments", net->value.fragments);
		json_array_append_new(list, object);
	}
	return list;
}

json_t *count_json_devices(const struct figures *figures)
{
	const struct count_totals *totals = &figures->totals;
	json_t *object = json_object();
	struct sums sums;

	figures_sum(figures, &sums);
	set_number(object, "bytes", sums.device);
	set_number(object, "block_reads", totals->block_reads);
	set_number(object, "block_read", totals->block_read);
	set_number(object, "block_writes", totals->block_writes);
	set_number(object, "block_written", totals->block_written);
	set_number(object, "linear", sums.linear);
	set_number(object, "fragments", sums.fragments);
	set_number(object, "headers", sums.headers);
	json_object_set_new(object, "network", json_nets(figures));
	return object;
}

static json_t *json_subject(const struct subject *subject)
{
	json_t *object = json_pack("{s:i, s:f, s:b}", "pid", subject->pid,
				   "seconds", subject->seconds, "ended",
				   subject->ended);
	int status = subject->wait_status;
	json_t *words = json_array();
	char *const *word;

	if (subject->command) {
		for (word = subject->command; *word; word++)
			json_array_append_new(words, json_string(*word));
		json_object_set(object, "command", words);
		json_object_set_new(object, "status",
				    WIFEXITED(status)
					    ? json_integer(WEXITSTATUS(status))
					    : json_null());
	}
	json_decref(words);
	return object;
}

static json_t *json_crossings(const struct figures *figures,
			      const struct sums *sums)
{
	const struct count_totals *totals = &figures->totals;
	json_t *object = json_object();

	set_number(object, "all", sums->crossings);
	json_object_set_new(object, "per_chunk",
			    ratio(sums->crossings, totals->sends));
	set_number(object, "system_calls", sums->syscalls);
	set_number(object, "faults", totals->faults_user);
	set_number(object, "faults_in_kernel", totals->faults_kernel);
	json_object_set_new(object, "by_name", count_json_syscalls(figures));
	return object;
}

static json_t *json_cpu(const struct figures *figures, const struct sums *sums)
{
	json_t *object = json_object();

	set_number(object, "bytes", sums->cpu);
	set_number(object, "to_user", sums->to_user);
	set_number(object, "from_user", sums->from_user);
	set_number(object, "in_kernel", sums->in_kernel);
	set_number(object, "packets", sums->packets);
	set_number(object, "pages", sums->pages);
	set_number(object, "encrypted", sums->encrypted);
	json_object_set_new(object, "functions", count_json_copies(figures));
	return object;
}

static json_t *json_references(const struct count_totals *totals)
{
	json_t *object = json_object();

	set_number(object, "sockets", totals->referred);
	set_number(object, "pinned", totals->pinned);
	set_number(object, "pipes", totals->piped);
	return object;
}

static json_t *json_probes(const struct probes *probes,
			   const struct figures *figures)
{
	json_t *object = json_object();
	json_t *notes = json_array();
	unsigned int i;

	for (i = 0; probes_note(probes, i); i++)
		json_array_append_new(notes,
				      json_string(probes_note(probes, i)));
	set_number(object, "runs", figures->probe_runs);
	json_object_set_new(object, "seconds",
			    json_real(figures->probe_seconds));
	set_number(object, "misses", figures->probe_misses);
	json_object_set_new(object, "not_seen", notes);
	return object;
}

static json_t *json_ratios(const struct sums *sums, uint64_t payload)
{
	json_t *object = json_object();

	json_object_set_new(object, "cpu_copies", ratio(sums->cpu, payload));
	json_object_set_new(object, "device_copies",
			    ratio(sums->device, payload));
	json_object_set_new(object, "encrypted",
			    ratio(sums->encrypted, payload));
	return object;
}

json_t *count_json(const struct probes *probes, const struct figures *figures,
		   const struct subject *subject)
{
	const struct count_totals *totals = &figures->totals;
	uint64_t payload = count_payload(figures, subject);
	json_t *object = json_object();
	struct machine machine;
	struct sums sums;

	figures_sum(figures, &sums);
	machine_look(&machine);
	json_object_set_new(object, "machine", machine_json(&machine));
	json_object_set_new(object, "subject", json_subject(subject));
	set_number(object, "payload", payload);
	set_number(object, "handed_to_sockets", totals->payload);
	set_number(object, "sends", totals->sends);
	set_number(object, "received", totals->received);
	json_object_set_new(object, "per_byte", json_ratios(&sums, payload));
	json_object_set_new(object, "crossings",
			    json_crossings(figures, &sums));
	json_object_set_new(object, "cpu_copies", json_cpu(figures, &sums));
	json_object_set_new(object, "devices", count_json_devices(figures));
	json_object_set_new(object, "by_reference", json_references(totals));
	json_object_set_new(object, "probes", json_probes(probes, figures));
	return object;
}
