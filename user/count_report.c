// SPDX-License-Identifier: GPL-2.0
/* The report for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "count.h"
#include "format.h"
#include "tool.h"

/* Copies that are less than this share of the largest are summed up. */
#define SMALL_SHARE 1000

/* System calls that get a name in the list. */
#define LISTED_SYSCALLS 12

/**
 * struct report - what all the lines of one report need
 * @stream: where it goes
 * @figures: what was counted
 * @sums: what follows from it
 * @payload: what bytes are divided by, or 0
 */
struct report {
	FILE *stream;
	const struct figures *figures;
	struct sums sums;
	uint64_t payload;
};

static void print_ending(FILE *stream, const struct subject *subject)
{
	int status = subject->wait_status;

	if (!subject->command)
		fprintf(stream, subject->ended ? "until it ended, " : "");
	else if (WIFSIGNALED(status))
		fprintf(stream, "killed by signal %d, ", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		fprintf(stream, "ended with status %d, ", WEXITSTATUS(status));
}

static void print_subject(const struct report *report,
			  const struct subject *subject)
{
	FILE *stream = report->stream;
	struct utsname kernel = { 0 };
	char *const *word;

	uname(&kernel);
	fprintf(stream, "%s", colour_bold(stream));
	if (subject->command) {
		for (word = subject->command; *word; word++)
			fprintf(stream, "%s%s",
				word == subject->command ? "" : " ", *word);
	} else {
		fprintf(stream, "process %d", subject->pid);
	}
	fprintf(stream, "%s (", colour_off(stream));
	print_ending(stream, subject);
	fprintf(stream, "%.2f s, Linux %s)\n\n", subject->seconds,
		kernel.release);
}

static void print_payload(const struct report *report,
			  const struct subject *subject)
{
	const struct count_totals *totals = &report->figures->totals;
	char bytes[32], chunk[32];

	format_bytes(bytes, sizeof(bytes), report->payload);
	fprintf(report->stream, "%-22s%20s   ", "payload", bytes);
	if (subject->payload)
		fprintf(report->stream, "as told\n");
	else if (!totals->sends)
		fprintf(report->stream,
			"nothing was handed to sockets: --payload sets it\n");
	else
		fprintf(report->stream,
			"handed to sockets by %llu calls, %s each\n",
			totals->sends,
			format_bytes(chunk, sizeof(chunk),
				     totals->payload / totals->sends));
	if (totals->received)
		fprintf(report->stream, "%-22s%20s   taken from sockets\n",
			"received",
			format_bytes(bytes, sizeof(bytes), totals->received));
}

/* A line of bytes; nothing for a detail that is 0. */
static void print_bytes(const struct report *report, const char *name,
			uint64_t bytes, const char *remark)
{
	bool detail = name[0] == ' ';
	char text[32];

	if (detail && !bytes)
		return;
	fprintf(report->stream, "%-22s", name);
	if (report->payload)
		fprintf(report->stream, "%8.2f",
			(double)bytes / report->payload);
	else
		fprintf(report->stream, "%8s", "-");
	fprintf(report->stream, "%12s%s%s\n",
		format_bytes(text, sizeof(text), bytes), remark[0] ? "   " : "",
		remark);
}

/* The figures of the textbooks' tables. */
static void print_summary(const struct report *report)
{
	const struct count_totals *totals = &report->figures->totals;
	const struct sums *sums = &report->sums;
	double payload = report->payload;

	if (!report->payload)
		return;
	fprintf(report->stream, "%-22sCPU copies %.2f, device copies %.2f",
		"for each byte of it", sums->cpu / payload,
		sums->device / payload);
	if (totals->sends)
		fprintf(report->stream, ", crossings %.2f per chunk",
			(double)sums->crossings / totals->sends);
	fputc('\n', report->stream);
}

static void print_copies(const struct report *report)
{
	const struct sums *sums = &report->sums;

	fprintf(report->stream, "\n%-22s%8s%12s\n", "", "per byte", "bytes");
	print_bytes(report, "CPU copies", sums->cpu, "");
	print_bytes(report, "  to user", sums->to_user,
		    "from the kernel to user memory");
	print_bytes(report, "  from user", sums->from_user,
		    "from user memory to the kernel");
	print_bytes(report, "  in kernel", sums->in_kernel,
		    "by a system call, within the kernel");
	print_bytes(report, "  packets", sums->packets,
		    "from packet to packet");
}

static void print_device_bytes(const struct report *report)
{
	const struct count_totals *totals = &report->figures->totals;
	const struct sums *sums = &report->sums;

	print_bytes(report, "device copies", sums->device, "");
	print_bytes(report, "  disk read", totals->block_read, "");
	print_bytes(report, "  disk write", totals->block_written, "");
	print_bytes(report, "  network, linear", sums->linear,
		    "in the packets' own buffers");
	print_bytes(report, "  network, pages", sums->fragments,
		    "gathered from pages");
}

static void print_others(const struct report *report)
{
	const struct count_totals *totals = &report->figures->totals;
	const struct sums *sums = &report->sums;

	fprintf(report->stream, "not in these sums\n");
	print_bytes(report, "  pages into sockets", totals->referred,
		    "by reference");
	print_bytes(report, "  pinned for sockets", totals->pinned,
		    "user memory, by reference");
	print_bytes(report, "  pages into pipes", totals->piped,
		    "by reference");
	print_bytes(report, "  encrypted (kTLS)", sums->encrypted,
		    "read and written by the CPU");
	print_bytes(report, "  copied on write", sums->pages, "whole pages");
	print_bytes(report, "  packet headers", sums->headers, "");
}

static void print_times(const struct report *report, const char *name,
			uint64_t times, const char *remark)
{
	uint64_t chunks = report->figures->totals.sends;

	fprintf(report->stream, "%-22s", name);
	if (chunks)
		fprintf(report->stream, "%8.2f", (double)times / chunks);
	else
		fprintf(report->stream, "%8s", "-");
	fprintf(report->stream, "%12" PRIu64 "%s%s\n", times,
		remark[0] ? "   " : "", remark);
}

static void print_crossings(const struct report *report)
{
	const struct count_totals *totals = &report->figures->totals;

	fprintf(report->stream, "\n%-22s%8s%12s\n", "", "per call", "times");
	print_times(report, "crossings", report->sums.crossings,
		    "into the kernel, and back");
	print_times(report, "  system calls", report->sums.syscalls, "");
	print_times(report, "  page faults", totals->faults_user, "");
	print_times(report, "faults in the kernel", totals->faults_kernel,
		    "on user memory: no crossings");
}

struct listed {
	int number;
	uint64_t count;
};

static int by_count(const void *left, const void *right)
{
	const struct listed *a = left, *b = right;

	return (a->count < b->count) - (a->count > b->count);
}

static void print_syscalls(const struct report *report)
{
	struct listed list[COUNT_SYSCALLS + COUNT_COMPAT];
	uint64_t rest = 0;
	unsigned int i;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		list[i].number = i;
		list[i].count = report->figures->syscalls[i];
	}
	qsort(list, ARRAY_SIZE(list), sizeof(list[0]), by_count);
	fprintf(report->stream, "\nsystem calls:");
	for (i = 0; i < LISTED_SYSCALLS && list[i].count; i++)
		fprintf(report->stream, "%s %s %" PRIu64, i ? "," : "",
			syscall_text(text, sizeof(text), list[i].number),
			list[i].count);
	for (; i < ARRAY_SIZE(list); i++)
		rest += list[i].count;
	if (rest)
		fprintf(report->stream, ", others %" PRIu64, rest);
	fputc('\n', report->stream);
}

static void print_functions(const struct report *report)
{
	const struct count_copied *copy = report->figures->copies;
	const struct count_copied *end = copy + report->figures->nr_copies;
	uint64_t least = copy->value.bytes / SMALL_SHARE, rest = 0;
	char bytes[32], name[32];

	if (copy == end)
		return;
	fprintf(report->stream, "\n%-28s%-12s%-18s%10s%12s\n", "copied by", "",
		"for", "calls", "bytes");
	for (; copy < end; copy++) {
		if (copy->value.bytes < least) {
			rest += copy->value.bytes;
			continue;
		}
		fprintf(report->stream, "%-28s%-12s%-18s%10llu%12s\n",
			copy_function_name(copy->key.function),
			copy_kind_name(&copy->key),
			syscall_text(name, sizeof(name), copy->key.syscall),
			copy->value.calls,
			format_bytes(bytes, sizeof(bytes), copy->value.bytes));
	}
	if (rest)
		fprintf(report->stream, "%-68s%12s\n", "all others",
			format_bytes(bytes, sizeof(bytes), rest));
}

static void print_nets(const struct report *report)
{
	const struct count_net *net = report->figures->nets;
	const struct count_net *end = net + report->figures->nr_nets;
	char headers[32], linear[32], pages[32];

	if (net == end)
		return;
	fprintf(report->stream, "\n%-28s%10s%12s%12s%12s\n", "network device",
		"packets", "headers", "linear", "pages");
	for (; net < end; net++)
		fprintf(report->stream, "%-28.16s%10llu%12s%12s%12s\n",
			net->key.name, net->value.packets,
			format_bytes(headers, sizeof(headers),
				     net->value.header),
			format_bytes(linear, sizeof(linear), net->value.linear),
			format_bytes(pages, sizeof(pages),
				     net->value.fragments));
}

static void print_remarks(const struct report *report,
			  const struct probes *probes)
{
	const struct figures *figures = report->figures;
	const char *note;
	unsigned int i;

	fprintf(report->stream,
		"\nThe probes ran %" PRIu64 " times and took %.3f s.\n",
		figures->probe_runs, figures->probe_seconds);
	if (figures->probe_misses)
		fprintf(report->stream,
			"%" PRIu64
			" times a probe could not run: the figures are low.\n",
			figures->probe_misses);
	for (i = 0; (note = probes_note(probes, i)); i++)
		fprintf(report->stream,
			"This kernel gives no way to see %s: they are missing here.\n",
			note);
}

void count_print(FILE *stream, const struct probes *probes,
		 const struct figures *figures, const struct subject *subject)
{
	struct report report = {
		.stream = stream,
		.figures = figures,
		.payload = count_payload(figures, subject),
	};

	figures_sum(figures, &report.sums);
	print_subject(&report, subject);
	print_payload(&report, subject);
	print_summary(&report);
	print_copies(&report);
	print_device_bytes(&report);
	print_others(&report);
	print_crossings(&report);
	print_syscalls(&report);
	print_functions(&report);
	print_nets(&report);
	print_remarks(&report, probes);
}
