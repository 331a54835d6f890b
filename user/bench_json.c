// SPDX-License-Identifier: GPL-2.0
/* The report for programs. */
#include "bench.h"

static json_t *spread_json(const struct spread *spread)
{
	return json_pack("{s:f, s:f, s:f}", "median", spread->median, "q1",
			 spread->low, "q3", spread->high);
}

static json_t *samples_json(const struct bench *bench,
			    const struct bench_row *row)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < bench->rounds; i++)
		json_array_append_new(list,
				      json_pack("{s:f, s:f}", "seconds",
						row->samples[i].seconds,
						"sender_cpu_seconds",
						row->samples[i].sender_cpu));
	return list;
}

static json_t *copies_json(const struct transfer *transfer)
{
	return json_pack("{s:s, s:i, s:s?, s:I, s:I}", "zero_copy",
			 bench_zero_copy(transfer), "copies_by_design",
			 (int)transfer->method->copies, "evidence",
			 transfer->method->evidence, "confirmed_bytes",
			 (json_int_t)transfer->confirmed, "copied_bytes",
			 (json_int_t)transfer->copied);
}

static void add_figures(json_t *object, const struct bench *bench,
			const struct bench_row *row)
{
	struct spread speed = bench_throughput(bench, row);
	struct spread ratio;

	json_object_set_new(object, "settings",
			    json_string(row->transfer.settings));
	json_object_set_new(object, "bytes_per_second", spread_json(&speed));
	json_object_set_new(object, "sender_cpu_seconds_per_gib",
			    json_real(bench_sender_cpu(bench, row)));
	json_object_set_new(object, "machine_cpu_seconds_per_gib",
			    json_real(bench_system_cpu(row)));
	json_object_set_new(object, "system_calls",
			    json_real(bench_calls(bench, row)));
	json_object_set_new(object, "copies", copies_json(&row->transfer));
	if (bench_ratio(bench, row, &ratio))
		json_object_set_new(object, "zcopy_ratio", spread_json(&ratio));
	json_object_set_new(object, "samples", samples_json(bench, row));
}

static json_t *row_json(const struct bench *bench, const struct bench_row *row)
{
	static const char *const outcomes[] = {
		[OUTCOME_MEASURED] = "measured",
		[OUTCOME_UNAVAILABLE] = "unavailable",
		[OUTCOME_FAILED] = "failed",
	};
	bool measured = row->outcome == OUTCOME_MEASURED;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:b}", "name",
				   row->transfer.method->name, "summary",
				   row->transfer.method->summary, "outcome",
				   outcomes[row->outcome], "reason",
				   measured ? NULL : row->reason, "verified",
				   measured);

	if (measured)
		add_figures(object, bench, row);
	return object;
}

static json_t *sources_json(const struct bench *bench)
{
	json_t *list = json_array();
	const struct source *source;
	char type[32];
	unsigned int i;

	for (i = 0; i < bench->sources.nr; i++) {
		source = &bench->sources.list[i];
		json_array_append_new(
			list,
			json_pack("{s:s, s:I, s:s?}", "name", source->name,
				  "bytes", (json_int_t)source->len,
				  "filesystem",
				  source->fd < 0
					  ? NULL
					  : filesystem_name(source->fd, type,
							    sizeof(type))));
	}
	return list;
}

static json_t *resident_json(double part)
{
	return part < 0 ? json_null() : json_real(part);
}

json_t *bench_json(const struct bench *bench, const struct machine *machine)
{
	static const char *const families[] = {
		[AF_INET] = "ipv4",
		[AF_INET6] = "ipv6",
		[AF_UNIX] = "unix",
	};
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < bench->nr_rows; i++)
		json_array_append_new(rows, row_json(bench, &bench->rows[i]));
	return json_pack(
		"{s:i, s:o, s:o, s:s, s:s, s:I, s:i, s:i, s:o, s:o, s:o}",
		"format", 1, "machine", machine_json(machine), "sources",
		sources_json(bench), "verification", "SipHash, random key",
		"connection", families[bench->family], "call_bytes",
		(json_int_t)bench->call_bytes, "rounds", (int)bench->rounds,
		"repeat", (int)bench->repeat, "resident_before",
		resident_json(bench->resident_before), "resident_after",
		resident_json(bench->resident_after), "methods", rows);
}
