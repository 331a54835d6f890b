// SPDX-License-Identifier: GPL-2.0
/* The textbooks' account, and why a measurement is not like it. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "count_table.h"
#include "tool.h"

const struct textbook textbooks[] = {
	{ "read + write", "read", 0, false, 4, 4, 2 },
	{ "mmap + write", "mmap", 0, false, 4, 3, 1 },
	{ "direct I/O + write", "direct", 0, false, 4, 3, 1 },
	{ "sendfile, no scatter-gather", "sendfile", ROUTE_LINEAR, true, 2, 3,
	  1 },
	{ "sendfile, scatter-gather", "sendfile", 0, false, 2, 2, 0 },
	{ "splice through a pipe", "splice", 0, false, 4, 2, 0 },
	{ "copy-on-write buffer", "zcopy-buffer", 0, false, 2, 2, 0 },
	{ "zcopy", "zcopy", 0, false, 2, 2, 0 },
	{ 0 },
};

const struct textbook *textbook_find(const char *method, enum route route)
{
	const struct textbook *textbook;

	for (textbook = textbooks; textbook->title; textbook++) {
		if (!strcmp(textbook->method, method) &&
		    (!textbook->one_route || textbook->route == route))
			return textbook;
	}
	return NULL;
}

static void reason(struct row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void reason(struct row *row, const char *format, ...)
{
	va_list args;

	if (row->nr_reasons == MOST_REASONS)
		return;
	va_start(args, format);
	vsnprintf(row->reasons[row->nr_reasons++], sizeof(row->reasons[0]),
		  format, args);
	va_end(args);
}

/* Bytes copied by @function, for each byte of the file. */
static double copied_by(const struct row *row, enum count_function function)
{
	const struct figures *figures = &row->figures;
	double bytes = 0;
	unsigned int i;

	for (i = 0; i < figures->nr_copies; i++) {
		if (figures->copies[i].key.function == function)
			bytes += figures->copies[i].value.bytes;
	}
	return bytes / row->result.sent;
}

static bool differ(double left, double right)
{
	return fabs(left - right) > TOLERANCE;
}

/* Copies that the textbook does not know, but we do; returns their sum. */
static double explain_copies(struct row *row)
{
	double late = copied_by(row, COUNT_SKB_COPY_UBUFS);
	double linear = copied_by(row, COUNT_SKB_COPY_BITS) +
			copied_by(row, COUNT_SKB_COPY_AND_CSUM_BITS);
	double kernel = (double)row->sums.in_kernel / row->result.sent;

	if (late > TOLERANCE)
		reason(row,
		       "%.2f copied late (skb_copy_ubufs): the receiver is on this machine and must not see the sender's later writes",
		       late);
	if (row->textbook && row->textbook->one_route)
		linear = 0;
	if (linear > TOLERANCE)
		reason(row,
		       "%.2f copied to make packets linear (skb_copy_bits): the device takes no fragments",
		       linear);
	if (kernel > TOLERANCE)
		reason(row,
		       "%.2f copied within the kernel: this file system's pages cannot be handed on",
		       kernel);
	return late + linear + kernel;
}

static void judge_cpu(struct row *row)
{
	double known = explain_copies(row);

	row->expected = row->textbook ? row->textbook->cpu
				      : row->method->copies;
	if (!differ(row->cpu - known, row->expected))
		return;
	reason(row, "%.2f CPU copies that nothing here explains",
	       row->cpu - known - row->expected);
	row->unexplained = true;
}

/*
 * The kernel told the sender how much it copied: is that so? What completes a
 * MSG_ZEROCOPY send does not know of copies into linear packets.
 */
static void judge_report(struct row *row)
{
	double told;

	if (!row->result.confirmed)
		return;
	told = (double)row->result.copied / row->result.confirmed;
	if (!differ(row->cpu, row->method->copies + told))
		return;
	reason(row, "but %s tells of %.2f copies", row->method->evidence, told);
	if (!row->method->late || row->route != ROUTE_LINEAR)
		row->unexplained = true;
}

static void judge_disk(struct row *row)
{
	if (!differ(row->disk, 1))
		return;
	if (row->method->sends_zeros)
		reason(row, "zeros were sent, and no file");
	else if (row->method->preloads)
		reason(row, "the file was read into memory beforehand");
	else if (!row->cold && row->disk < TOLERANCE)
		row->from_cache = true;
	else if (row->disk > 1)
		reason(row, "the disk was asked for %.2f more than was sent",
		       row->disk - 1);
	else
		row->unexplained = true;
	if (row->from_cache)
		reason(row,
		       "the file was in the page cache: nothing came from the disk");
}

static void judge_network(struct row *row)
{
	double again = (double)row->result.retransmitted / row->result.sent;

	if (again > TOLERANCE)
		reason(row, "%.2f were sent again by TCP", again);
	if (!differ(row->network - again, 1))
		return;
	reason(row, "%.2f went through a network device, and nothing says why",
	       row->network);
	row->unexplained = true;
}

/* What came on top of, or instead of, the textbook's calls. */
static void judge_crossings(struct row *row)
{
	const uint64_t *calls = row->figures.syscalls;
	double faults = 2 * row->figures.totals.faults_user / row->chunks;
	double expected = row->textbook->crossings;
	double mapped = calls[SYS_mmap] + calls[SYS_munmap];

	if (!differ(row->crossings, expected))
		return;
	if (faults > TOLERANCE)
		reason(row, "%.2f of the crossings are page faults", faults);
	if (mapped && row->crossings - faults < expected)
		reason(row,
		       "the file is mapped once, not once a chunk: %.2f crossings less",
		       expected - row->crossings + faults);
	else if (calls[SYS_ioctl] && row->crossings - faults < expected)
		reason(row,
		       "more than a chunk goes into one call: %.2f crossings less",
		       expected - row->crossings + faults);
	else if (row->crossings - faults > expected + TOLERANCE)
		reason(row,
		       "some calls moved less than a chunk: %.2f crossings more",
		       row->crossings - faults - expected);
	else if (differ(row->crossings - faults, expected)) {
		reason(row, "%.2f crossings less, and nothing says why",
		       expected - row->crossings + faults);
		row->unexplained = true;
	}
}

void row_judge(struct row *row, const struct table *table)
{
	const struct figures *figures = &row->figures;
	double sent = row->result.sent;

	figures_sum(figures, &row->sums);
	row->chunks = ceil((double)table->bytes / table->chunk);
	if (row->result.failed || !sent) {
		reason(row, "%s", row->result.text);
		return;
	}
	row->crossings = row->sums.crossings / row->chunks;
	row->cpu = row->sums.cpu / sent;
	row->disk = figures->totals.block_read / sent;
	row->network = (row->sums.linear + row->sums.fragments) / sent;
	if (row->received != row->result.sent || sent != table->bytes) {
		reason(row, "%.0f bytes were sent, %.0f arrived", sent,
		       (double)row->received);
		row->unexplained = true;
	}
	judge_cpu(row);
	judge_report(row);
	judge_network(row);
	if (row->textbook)
		judge_crossings(row);
	judge_disk(row);
}
