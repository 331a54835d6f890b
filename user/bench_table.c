// SPDX-License-Identifier: GPL-2.0
/* The report for people. */
#include <inttypes.h>
#include <string.h>

#include "bench.h"
#include "format.h"

const char *bench_zero_copy(const struct transfer *transfer)
{
	if (transfer->method->copies)
		return "no";
	if (!transfer->method->evidence)
		return "yes";
	if (!transfer->confirmed)
		return "unknown";
	if (!transfer->copied)
		return "yes";
	return transfer->method->late ? "late" : "no";
}

/* What the kernel said about its copying. */
static char *measured_text(const struct transfer *transfer, char *text,
			   size_t size)
{
	double part = transfer->confirmed
			      ? 100.0 * transfer->copied / transfer->confirmed
			      : 0;
	const char *late = transfer->method->late ? " late" : "";

	if (!transfer->confirmed)
		snprintf(text, size, "unknown: not reported");
	else if (!transfer->copied)
		snprintf(text, size, "yes, measured");
	else
		snprintf(text, size, "no: %.3g%% copied%s, measured", part,
			 late);
	return text;
}

char *bench_copies_text(const struct transfer *transfer, char *text,
			size_t size)
{
	unsigned int copies = transfer->method->copies;

	if (copies && transfer->copied)
		snprintf(text, size, "no: %u by design, 1 late", copies);
	else if (copies)
		snprintf(text, size, "no: %u cop%s, by design", copies,
			 copies == 1 ? "y" : "ies");
	else if (transfer->method->evidence)
		measured_text(transfer, text, size);
	else
		snprintf(text, size, "yes, by design");
	return text;
}

static const char *family_name(const struct bench *bench)
{
	switch (bench->family) {
	case AF_INET6:
		return "TCP over IPv6 loopback";
	case AF_UNIX:
		return "a unix stream socket";
	default:
		return "TCP over IPv4 loopback";
	}
}

static void print_sources(const struct bench *bench)
{
	const struct sources *sources = &bench->sources;
	const struct source *file = sources->list;
	char amount[32], type[32];
	unsigned int files = 0, i;

	for (i = sources->nr; i--;) {
		if (sources->list[i].fd < 0)
			continue;
		file = &sources->list[i];
		files++;
	}
	printf("sent      %s: %s", file->name,
	       format_bytes(amount, sizeof(amount), sources_bytes(sources)));
	if (files > 1)
		printf(" in %u files", files);
	if (files < sources->nr)
		printf(" with header or trailer");
	printf(" on %s, over %s\n",
	       filesystem_name(file->fd, type, sizeof(type)),
	       family_name(bench));
}

static void print_machine(const struct machine *machine)
{
	char memory[32];

	printf("on        Linux %s %s; %s, %ld CPU%s, %s; hypervisor: %s\n",
	       machine->kernel, machine->architecture, machine->cpu,
	       machine->cpus, machine->cpus == 1 ? "" : "s",
	       format_bytes(memory, sizeof(memory), machine->memory),
	       machine->hypervisor);
	if (machine->has_module)
		printf("module    ABI %u, back end %s, batches of %u KiB\n",
		       machine->info.out_abi_version,
		       zcopy_backend_name(machine->info.out_backend),
		       machine->info.out_batch_bytes >> 10);
}

static void print_conditions(const struct bench *bench)
{
	printf("rounds    %u of each method, interleaved, after a warm-up; a sample is %u x the files\n",
	       bench->rounds, bench->repeat);
	if (bench->resident_before < 0)
		printf("cache     files read beforehand; the kernel does not tell whose pages are resident\n");
	else
		printf("cache     %.4g %% of the files resident before, %.4g %% after\n",
		       100 * bench->resident_before,
		       100 * bench->resident_after);
	printf("receiver  a process that %s\n",
	       bench->family == AF_UNIX ? "reads into a buffer"
					: "discards by recv(2) with MSG_TRUNC");
	printf("verified  at the receiver, for every method shown with figures (SipHash, random key)\n");
}

static void print_measured(const struct bench *bench,
			   const struct bench_row *row)
{
	struct spread speed = bench_throughput(bench, row);
	char quartiles[32], copies[64], faster[32] = "-";
	struct spread ratio;

	snprintf(quartiles, sizeof(quartiles), "%.2f-%.2f", speed.low / 1e9,
		 speed.high / 1e9);
	if (bench_ratio(bench, row, &ratio))
		snprintf(faster, sizeof(faster), "%.2fx", ratio.median);
	printf("%7.2f  %-13s %7.0f %7.0f %9.6g  %7s  %s\n", speed.median / 1e9,
	       quartiles, 1e3 * bench_sender_cpu(bench, row),
	       1e3 * bench_system_cpu(row), bench_calls(bench, row), faster,
	       bench_copies_text(&row->transfer, copies, sizeof(copies)));
}

static void print_row(const struct bench *bench, const struct bench_row *row)
{
	const struct method *method = row->transfer.method;

	printf("%s%-14s%s", method == &method_zcopy ? colour_good(stdout) : "",
	       method->name, colour_off(stdout));
	switch (row->outcome) {
	case OUTCOME_MEASURED:
		print_measured(bench, row);
		break;
	case OUTCOME_UNAVAILABLE:
		printf(" %snot here: %s%s\n", colour_dim(stdout), row->reason,
		       colour_off(stdout));
		break;
	case OUTCOME_FAILED:
		printf(" %sfailed: %s%s\n", colour_bad(stdout), row->reason,
		       colour_off(stdout));
		break;
	}
}

static void print_settings(const struct bench *bench)
{
	const struct bench_row *row;
	char text[32];

	printf("\n%sSettings%s", colour_bold(stdout), colour_off(stdout));
	if (bench->call_bytes)
		printf(" (calls of at most %" PRIu64
		       " bytes, as asked for: %s)",
		       bench->call_bytes,
		       format_bytes(text, sizeof(text), bench->call_bytes));
	putchar('\n');
	for (row = bench->rows; row < bench->rows + bench->nr_rows; row++) {
		if (row->outcome == OUTCOME_MEASURED)
			printf("%-14s %s: %s\n", row->transfer.method->name,
			       row->transfer.method->summary,
			       row->transfer.settings);
	}
}

static bool any_measured(const struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr_rows; i++) {
		if (bench->rows[i].outcome == OUTCOME_MEASURED)
			return true;
	}
	return false;
}

void bench_print_table(const struct bench *bench, const struct machine *machine)
{
	const char *warning = machine_warning(machine);
	unsigned int i;

	print_sources(bench);
	print_machine(machine);
	print_conditions(bench);
	printf("\n%s%-14s%7s  %-13s %15s %9s  %7s  %s%s\n", colour_bold(stdout),
	       "", "GB/s", "quartiles", "CPU ms per GiB", "system", "zcopy",
	       "zero copy", colour_off(stdout));
	printf("%s%-14s%7s  %-13s %7s %7s %9s  %7s  %s%s\n",
	       colour_bold(stdout), "method", "median", "", "sender", "machine",
	       "calls", "is", "", colour_off(stdout));
	for (i = 0; i < bench->nr_rows; i++)
		print_row(bench, &bench->rows[i]);
	if (any_measured(bench))
		print_settings(bench);
	if (warning)
		printf("\n%sMind%s: %s.\n", colour_bad(stdout),
		       colour_off(stdout), warning);
}
