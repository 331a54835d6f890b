// SPDX-License-Identifier: GPL-2.0
/*
 * No method shall lose for want of tuning: where one leaves open how many bytes
 * go into a call, or how a file is mapped, all of it is tried.
 */
#include <math.h>
#include <string.h>

#include "peers.h"
#include "suite.h"

/* Samples of each. */
#define TRIALS 3

/* These move a file in pieces, of a size that is theirs to choose. */
static const struct method *const piecemeal[] = {
	&method_splice,	       &method_vmsplice,
	&method_mmap,	       &method_read,
	&method_direct,	       &method_zerocopy,
	&method_uring_send_zc, &peer_writev,
	&peer_splice_batch,    NULL,
};

/* These map a file. */
static const struct method *const mapping[] = {
	&method_vmsplice,
	&method_mmap,
	&method_zerocopy,
	NULL,
};

/* 0 stands for the method's own choice, which is 1 MiB. */
static const uint64_t sizes[] = { 0, 64 << 10, 256 << 10 };

/**
 * struct setting - what a method leaves open
 * @call_bytes: as in struct transfer
 * @populate: as in struct transfer
 */
struct setting {
	uint64_t call_bytes;
	bool populate;
};

static bool contains(const struct method *const *list,
		     const struct method *method)
{
	while (*list && *list != method)
		list++;
	return *list;
}

static unsigned int list_settings(const struct transfer *transfer,
				  struct setting *settings)
{
	bool maps = contains(mapping, transfer->method);
	bool choice = !transfer->call_bytes &&
		      contains(piecemeal, transfer->method);
	unsigned int nr = 0;
	size_t i;
	int populate;

	for (i = 0; i < (choice ? ARRAY_SIZE(sizes) : 1); i++) {
		for (populate = 0; populate <= maps; populate++) {
			settings[nr].call_bytes = choice ? sizes[i]
							 : transfer->call_bytes;
			settings[nr++].populate = populate;
		}
	}
	return nr;
}

static void use(struct transfer *transfer, const struct setting *setting)
{
	transfer->call_bytes = setting->call_bytes;
	transfer->populate = setting->populate;
}

static void describe(struct suite_row *row, bool choice)
{
	const struct transfer *transfer = &row->row.transfer;
	uint64_t bytes = transfer->call_bytes ? transfer->call_bytes
					      : METHOD_CHUNK;
	size_t used = 0;

	if (choice)
		used = snprintf(
			row->trials, sizeof(row->trials),
			"; the fastest of 64, 256 and 1024 KiB a call: %u",
			(unsigned int)(bytes >> 10));
	if (contains(mapping, transfer->method))
		snprintf(row->trials + used, sizeof(row->trials) - used,
			 "; the faster of with and without MAP_POPULATE: %s",
			 transfer->populate ? "with" : "without");
}

static void tune_row(struct suite_run *run, struct suite_row *row)
{
	struct transfer *transfer = &row->row.transfer;
	struct setting settings[2 * ARRAY_SIZE(sizes)];
	unsigned int nr = list_settings(transfer, settings);
	bool choice = !transfer->call_bytes &&
		      contains(piecemeal, transfer->method);
	unsigned int i, best = 0;
	double least = INFINITY, seconds;

	if (nr == 1)
		return;
	for (i = 0; i < TRIALS * nr; i++) {
		use(transfer, &settings[i % nr]);
		seconds = suite_measurable(row) ? suite_time(run, row, 1) : -1;
		if (seconds < 0)
			return;
		if (seconds < least) {
			least = seconds;
			best = i % nr;
		}
	}
	use(transfer, &settings[best]);
	describe(row, choice);
}

void suite_tune(struct suite_run *run)
{
	struct suite_row *row;

	for (row = run->rows; row < run->rows + run->nr_rows; row++) {
		if (!suite_measurable(row))
			continue;
		progress_text(&run->suite->progress, "%s: tuning %s", run->name,
			      row->label);
		tune_row(run, row);
	}
}
