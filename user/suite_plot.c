// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures of a report: for each a table of figures and the script of gnuplot's
 * that draws it, which anybody can change and run again. The scripts are in
 * plots/, and become part of the program when it is linked.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plots.h"
#include "suite.h"
#include "suite_tables.h"

static const json_t *find_run(const json_t *report, const char *name)
{
	const json_t *runs = json_object_get(report, "runs");
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		if (!strcmp(text_of(run, "name"), name))
			return run;
	}
	return NULL;
}

static const json_t *find_row(const json_t *run, const char *label)
{
	const json_t *rows = json_object_get(run, "rows");
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!strcmp(text_of(row, "label"), label) && is_measured(row))
			return row;
	}
	return NULL;
}

/* A median with its quartiles, each times @factor; or gaps. */
static void write_spread(FILE *stream, const json_t *spread, double factor)
{
	if (spread)
		fprintf(stream, "\t%g\t%g\t%g",
			factor * number_of(spread, "median"),
			factor * number_of(spread, "q1"),
			factor * number_of(spread, "q3"));
	else
		fputs("\tNaN\tNaN\tNaN", stream);
}

static bool write_throughput(FILE *stream, const json_t *report)
{
	const json_t *whole = find_run(report, "large.tmpfs.whole");
	const json_t *pieces = find_run(report, "large.tmpfs.1m");
	const json_t *rows = json_object_get(whole, "rows");
	const json_t *row, *other;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!is_measured(row))
			continue;
		other = find_row(pieces, text_of(row, "label"));
		fprintf(stream, "%s", text_of(row, "label"));
		write_spread(stream, json_object_get(row, "bytes_per_second"),
			     1e-9);
		write_spread(stream, json_object_get(other, "bytes_per_second"),
			     1e-9);
		fputc('\n', stream);
	}
	return whole && pieces;
}

static bool write_cpu(FILE *stream, const json_t *report)
{
	const json_t *whole = find_run(report, "large.tmpfs.whole");
	const json_t *rows = json_object_get(whole, "rows");
	const json_t *row, *cpu;
	double sender, machine;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!is_measured(row))
			continue;
		cpu = json_object_get(row, "cpu_seconds_per_gib");
		sender = number_of(cpu, "sender");
		machine = number_of(cpu, "machine");
		/* Two clocks, either of which may tick late. */
		if (machine < sender)
			machine = sender;
		fprintf(stream, "%s\t%g\t%g\n", text_of(row, "label"),
			1e3 * sender, 1e3 * (machine - sender));
	}
	return whole;
}

/**
 * struct point - where a run is on the axis
 * @run: its name
 * @x: the place
 */
struct point {
	const char *run;
	double x;
};

/* A block for each label: @key's spread times @factor at each of the points. */
static bool write_lines(FILE *stream, const json_t *report,
			const struct point *points, const char *const *labels,
			const char *key, double factor)
{
	const struct point *point;
	const json_t *row;
	bool any = false;

	for (; *labels; labels++) {
		fprintf(stream, "%s%s\n", any ? "\n\n" : "", *labels);
		for (point = points; point->run; point++) {
			row = find_row(find_run(report, point->run), *labels);
			if (!row)
				continue;
			fprintf(stream, "%.0f", point->x);
			write_spread(stream, json_object_get(row, key), factor);
			fputc('\n', stream);
			any = true;
		}
	}
	return any;
}

static bool write_sweep(FILE *stream, const json_t *report)
{
	static const struct point points[] = {
		{ "sweep.4k", 4096 },
		{ "sweep.16k", 16384 },
		{ "sweep.64k", 65536 },
		{ "sweep.256k", 262144 },
		{ "sweep.1m", 1048576 },
		{ "sweep.4m", 4194304 },
		{ "sweep.16m", 16777216 },
		{ "sweep.64m", 67108864 },
		{ NULL, 0 },
	};
	static const char *const labels[] = { "zcopy",	"floor", "sendfile",
					      "splice", "mmap",	 NULL };

	return write_lines(stream, report, points, labels, "bytes_per_second",
			   1e-9);
}

static bool write_small(FILE *stream, const json_t *report)
{
	static const struct point points[] = {
		{ "gather.512", 512 },
		{ "gather.4k", 4096 },
		{ "gather.16k", 16384 },
		{ "gather.64k", 65536 },
		{ NULL, 0 },
	};
	static const char *const labels[] = {
		"zcopy",	 "floor",  "sendfile",
		"sendfile-cork", "splice", "splice-batch",
		"pread-writev",	 "read",   NULL
	};

	return write_lines(stream, report, points, labels, "seconds",
			   1e6 / 512);
}

/* A block: time a unit, which is so many bytes or one of the row's units. */
static bool write_growth_block(FILE *stream, const json_t *run, double bytes,
			       double factor)
{
	const json_t *rows = json_object_get(run, "rows");
	const json_t *row;
	double x;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		x = number_of(row, bytes > 0 ? "bytes" : "units");
		if (!is_measured(row) || x <= 0)
			continue;
		fprintf(stream, "%.0f", x);
		write_spread(stream, json_object_get(row, "seconds"),
			     factor * (bytes > 0 ? bytes : 1) / x);
		fputc('\n', stream);
	}
	return run;
}

static bool write_growth(FILE *stream, const json_t *report)
{
	bool bytes = write_growth_block(
		stream, find_run(report, "growth.bytes"), 1024, 1e9);

	/* What separates two blocks. */
	fputs("\n\n", stream);
	return write_growth_block(stream, find_run(report, "growth.segments"),
				  0, 1e6) &&
	       bytes;
}

/**
 * struct plot - a picture
 * @name: of its files
 * @script: for gnuplot
 * @end: of it
 * @write: the figures; returns if there are any
 */
struct plot {
	const char *name;
	const char *script;
	const char *end;
	bool (*write)(FILE *stream, const json_t *report);
};

#define PLOT(plot)                                                         \
	{                                                                  \
#plot, _binary_##plot##_gp_start, _binary_##plot##_gp_end, \
			write_##plot                                       \
	}

static const struct plot plots[] = {
	PLOT(throughput), PLOT(sweep), PLOT(small), PLOT(cpu), PLOT(growth),
};

/* Opens DIRECTORY/plots/NAME.KIND. */
static FILE *open_file(const char *directory, const char *name,
		       const char *kind)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/plots/%s.%s", directory, name, kind);
	stream = fopen(path, "we");
	if (!stream)
		say_error("cannot write %s: %s", path, strerror(errno));
	return stream;
}

/* Returns 1 where there is something to draw, 0 where not, or -1. */
static int write_files(const struct plot *plot, const json_t *report,
		       const char *directory)
{
	FILE *stream = open_file(directory, plot->name, "tsv");
	bool any;

	if (!stream)
		return -1;
	any = plot->write(stream, report);
	fclose(stream);
	stream = open_file(directory, plot->name, "gp");
	if (!stream)
		return -1;
	fwrite(_binary_style_gp_start, 1,
	       _binary_style_gp_end - _binary_style_gp_start, stream);
	fwrite(plot->script, 1, plot->end - plot->script, stream);
	return fclose(stream) ? -1 : any;
}

/* Returns the exit status of gnuplot, 127 where there is none. */
static int run_gnuplot(const struct plot *plot, const char *directory)
{
	char path[512], script[64];
	int status = 127;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/plots", directory);
	snprintf(script, sizeof(script), "%s.gp", plot->name);
	pid = fork();
	if (!pid) {
		if (!chdir(path))
			execlp("gnuplot", "gnuplot", script, NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int suite_plot(const json_t *report, const char *directory)
{
	int status, ret = 0;
	char path[512];
	size_t i;

	snprintf(path, sizeof(path), "%s/plots", directory);
	if (mkdir(path, 0777) && errno != EEXIST)
		return -1;
	for (i = 0; i < ARRAY_SIZE(plots); i++) {
		status = write_files(&plots[i], report, directory);
		if (status < 0)
			return -1;
		status = status ? run_gnuplot(&plots[i], directory) : 0;
		if (status == 127) {
			say_note("no pictures: gnuplot is not there");
			return 0;
		}
		if (!status)
			continue;
		say_error("gnuplot failed on %s/%s.gp", path, plots[i].name);
		ret = -1;
	}
	return ret;
}
