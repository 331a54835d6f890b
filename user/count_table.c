// SPDX-License-Identifier: GPL-2.0
/* The table's rows: which there are, and running them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "count_table.h"
#include "machine.h"
#include "tool.h"

/* How often a row is measured until TCP has sent nothing again. */
#define MOST_TRIES 5

/**
 * struct group - rows that go together
 * @route: where to
 * @cold: the file is not in the page cache
 */
static const struct group {
	enum route route;
	bool cold;
} groups[] = {
	{ ROUTE_GATHER, true },
	{ ROUTE_GATHER, false },
	{ ROUTE_LINEAR, false },
	{ ROUTE_LOOPBACK, false },
};

const char *route_name(enum route route)
{
	static const char *const names[NR_ROUTES] = {
		"loopback",
		"veth",
		"veth, no scatter-gather",
	};

	return names[route];
}

/* Anonymous devices, as of tmpfs and network file systems, have major 0. */
int table_find(struct table *table)
{
	int fd = open(table->path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status)) {
		say_error("cannot read %s: %s", table->path, strerror(errno));
		return STATUS_FAILED;
	}
	filesystem_name(fd, table->filesystem, sizeof(table->filesystem));
	close(fd);
	table->bytes = status.st_size;
	table->disk_backed = major(status.st_dev);
	if (S_ISREG(status.st_mode) && status.st_size)
		return STATUS_OK;
	say_error("%s: the table takes a file that has something in it",
		  table->path);
	return STATUS_USAGE;
}

/* Methods that read the file beforehand have nothing to do with a cold one. */
static bool is_wanted(const struct table *table, const struct group *group,
		      const struct method *method)
{
	if (group->cold)
		return table->disk_backed && !method->preloads &&
		       !method->sends_zeros;
	return true;
}

static int make_rows(struct table *table)
{
	const struct method *const *method;
	unsigned int group, nr = 0;
	struct row *row;

	for (method = table->wanted; *method; method++)
		nr += ARRAY_SIZE(groups);
	table->rows = calloc(nr, sizeof(*table->rows));
	if (!table->rows)
		return -1;
	for (group = 0; group < ARRAY_SIZE(groups); group++) {
		for (method = table->wanted; *method; method++) {
			if (!is_wanted(table, &groups[group], *method))
				continue;
			row = &table->rows[table->nr_rows++];
			row->method = *method;
			row->route = groups[group].route;
			row->cold = groups[group].cold;
			row->textbook = textbook_find((*method)->name,
						      row->route);
		}
	}
	return 0;
}

/*
 * What TCP sends again is copied again, and says nothing about the method: have
 * another try. On a busy machine it may take some.
 */
static int send_once(const struct table *table, const struct probes *probes,
		     const struct peer *peer, struct row *row)
{
	int tries, ret = 0;

	for (tries = 0; tries < MOST_TRIES && !tool_stopped; tries++) {
		ret = sender_run(table, probes, peer, row);
		if (ret || row->result.retransmitted <=
				   row->result.sent * TOLERANCE / 4)
			break;
	}
	return ret;
}

/* After the last row the probes' own figures are those of all rows. */
static int run_row(struct table *table, const struct probes *probes,
		   const struct peer *peers, struct row *row)
{
	const struct peer *peer = &peers[row->route != ROUTE_LOOPBACK];

	if (row->route != ROUTE_LOOPBACK &&
	    peers_set_gather(row->route == ROUTE_GATHER))
		return -1;
	if (send_once(table, probes, peer, row))
		return -1;
	row_judge(row, table);
	table->probe_runs = row->figures.probe_runs;
	table->probe_seconds = row->figures.probe_seconds;
	return 0;
}

static int run_rows(struct table *table, const struct probes *probes,
		    const struct peer *peers)
{
	struct progress progress;
	int status = STATUS_OK;
	struct row *row;

	progress_begin(&progress, 0, false);
	for (row = table->rows; row < table->rows + table->nr_rows; row++) {
		progress_text(&progress, "%s, %s", row->method->name,
			      route_name(row->route));
		if (!tool_stopped && run_row(table, probes, peers, row))
			status = STATUS_FAILED;
		if (tool_stopped)
			status = STATUS_INTERRUPTED;
		if (status != STATUS_OK)
			break;
	}
	progress_end(&progress);
	return status;
}

int table_run(struct table *table, const struct probes *probes)
{
	struct peer peers[2];
	int status;

	if (make_rows(table))
		return STATUS_FAILED;
	tool_catch_signals();
	status = peers_start(peers);
	if (status == STATUS_OK)
		status = run_rows(table, probes, peers);
	peers_stop(peers);
	return status;
}

void table_free(struct table *table)
{
	free(table->rows);
}
