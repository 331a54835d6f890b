// SPDX-License-Identifier: GPL-2.0
/*
 * The matrix: every kind of file to every kind of stream socket. Fails where
 * bytes are wrong, where zcopy does worse than sendfile(2), where it says
 * something of its copies that is not so, and where a file changes.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "kselftest.h"
#include "matrix.h"

/* Seconds for one cell, on an emulated machine that does other things too. */
#define CELL_PATIENCE 120

static char failure[256];
static char cell_name[128];
static pthread_mutex_t failure_lock = PTHREAD_MUTEX_INITIALIZER;

void mx_fail(const char *format, ...)
{
	va_list list;

	pthread_mutex_lock(&failure_lock);
	if (!*failure) {
		va_start(list, format);
		vsnprintf(failure, sizeof(failure), format, list);
		va_end(list);
	}
	pthread_mutex_unlock(&failure_lock);
}

static void give_up(int signal)
{
	static const char text[] = "# it hangs: ";

	/* Only what may be called in a handler. */
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDOUT_FILENO, cell_name, strlen(cell_name)) < 0 ||
	    write(STDOUT_FILENO, "\n", 1) < 0)
		_exit(2);
	abort();
}

static void begin(const char *left, const char *right)
{
	snprintf(cell_name, sizeof(cell_name), "%s -> %s", left, right);
	failure[0] = '\0';
	alarm((unsigned int)(CELL_PATIENCE * zt_slack()));
}

static void end_cell(const char *result)
{
	alarm(0);
	if (*failure)
		ksft_print_msg("%s: %s\n", cell_name, failure);
	ksft_test_result(!*failure, "%s: %s\n", cell_name, result);
}

static void conclude(const struct mx_outcome *zcopy,
		     const struct mx_outcome *sendfile)
{
	char result[80];

	snprintf(result, sizeof(result), "%s (sendfile: %s)",
		 mx_outcome_name(zcopy), mx_outcome_name(sendfile));
	end_cell(result);
}

/* Stock kernels have all of it. */
static bool must_be_there(void)
{
	const char *rig = getenv("ZCOPY_RIG");

	return zt_strict() && rig && !strcmp(rig, "qemu");
}

static void skip(const char *name, const char *reason, unsigned int tests)
{
	alarm(0);
	while (tests--) {
		if (must_be_there())
			ksft_test_result_fail("%s: %s\n", name, reason);
		else
			ksft_test_result_skip("%s: %s\n", name, reason);
	}
}

/* CACHED is zcopy's own: it may refuse where pages can't be looked up. */
static void judge_modes(const struct mx_cell *cell)
{
	enum mx_mode mode;

	for (mode = MX_BLOCKING; mode < MX_MODES; mode++) {
		const struct mx_outcome *outcome = &cell->modes[mode];

		if (mode == MX_CACHED && outcome->error == ENODEV)
			continue;
		mx_check(outcome->result == cell->zcopy.result,
			 "%s: %s, but the probe was %s", mx_mode_names[mode],
			 mx_outcome_name(outcome),
			 mx_outcome_name(&cell->zcopy));
	}
	mx_check(cell->zcopy.result >= cell->sendfile.result,
		 "worse than sendfile");
}

static void test_cell(const struct mx_source *source,
		      const struct mx_sink *sink, int dev)
{
	struct mx_cell cell = { .source = source, .sink = sink, .dev = dev };

	begin(source->name, sink->name);
	mx_send_modes(&cell);
	mx_probe_zcopy(&cell);
	mx_probe_sendfile(&cell);
	judge_modes(&cell);
	conclude(&cell.zcopy, &cell.sendfile);
	mx_report_cell(&cell);
}

/* Nobody has changed it: not in memory, and not on the disk. */
static void test_unchanged(const struct mx_source *source,
			   struct mx_witness *witness, int dev)
{
	unsigned int i;

	begin(source->name, "receivers that write on it");
	mx_check(mx_times_full, "no socket was ever full");
	mx_check(mx_witness_agrees(witness), "it had changed before");
	for (i = 0; i < mx_nr_sinks; i++) {
		mx_scribble(source, &mx_sinks[i], dev);
		mx_check(mx_witness_agrees(witness), "%s: it has changed",
			 mx_sinks[i].name);
	}
	mx_witness_forget(witness);
	if (source->disk)
		mx_source_evict(source);
	mx_check(mx_witness_agrees(witness), "it has changed on the disk");
	end_cell("unchanged");
}

static void test_source(struct mx_source *source, int dev)
{
	struct mx_witness witness;
	unsigned int i;

	begin(source->name, "nothing yet");
	mx_source_open(source);
	if (source->lacking) {
		skip(source->name, source->lacking, mx_nr_sinks + 1);
		mx_report_lacking(source);
	} else {
		mx_witness_start(&witness, source);
		mx_times_full = 0;
		for (i = 0; i < mx_nr_sinks; i++)
			test_cell(source, &mx_sinks[i], dev);
		test_unchanged(source, &witness, dev);
		mx_witness_end(&witness);
	}
	mx_source_close(source);
}

static void test_state(const struct mx_sink *sink, unsigned int state, int dev)
{
	struct mx_state_report report = { 0 };

	begin(mx_state_name(state), sink->name);
	mx_state(sink, state, dev, &report);
	mx_report_state(sink, state, &report);
	end_cell(report.lacking ?: mx_errno_name(report.zcopy.error));
}

static void test_states(int dev)
{
	unsigned int i, state;

	for (i = 0; i < mx_nr_sinks; i++) {
		for (state = 0; state < mx_nr_states; state++)
			test_state(&mx_sinks[i], state, dev);
	}
}

static void test_others(int dev)
{
	unsigned int i;

	for (i = 0; i < mx_nr_others; i++) {
		begin(mx_others[i].name, "TCP");
		mx_other_try(&mx_others[i], dev);
		if (mx_others[i].lacking) {
			skip(mx_others[i].name, mx_others[i].lacking, 1);
			continue;
		}
		conclude(&mx_others[i].zcopy, &mx_others[i].sendfile);
		mx_report_other(&mx_others[i]);
	}
}

static void test_odd_sockets(int dev)
{
	unsigned int i;

	for (i = 0; i < mx_nr_odd_sockets; i++) {
		const struct mx_odd_socket *odd = &mx_odd_sockets[i];
		struct mx_outcome outcome = { 0 };

		begin("a file", odd->name);
		if (mx_odd_socket_try(odd, dev, &outcome)) {
			end_cell(mx_outcome_name(&outcome));
			mx_report_odd_socket(odd, &outcome);
		} else {
			skip(odd->name, mx_errno_name(errno), 1);
		}
	}
}

/* All sources, or those whose name contains @part. */
static unsigned int test_sources(int dev, const char *part)
{
	unsigned int i, tests = 0;

	for (i = 0; i < mx_nr_sources; i++) {
		if (part && !strstr(mx_sources[i].name, part))
			continue;
		tests += mx_nr_sinks + 1;
		if (dev >= 0)
			test_source(&mx_sources[i], dev);
	}
	return tests;
}

/* "matrix [SOURCE]": with an argument, the cells of these sources only. */
int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : NULL;
	unsigned int tests = test_sources(-1, part);
	int dev = zcopy_open();

	ksft_print_header();
	if (dev < 0 && !zt_strict())
		ksft_exit_skip("%s: %s\n", zcopy_device_path(),
			       strerror(errno));
	if (dev < 0)
		ksft_exit_fail_msg("%s: %s\n", zcopy_device_path(),
				   strerror(errno));
	signal(SIGALRM, give_up);
	signal(SIGPIPE, SIG_IGN);
	if (!part)
		tests += mx_nr_others + mx_nr_odd_sockets +
			 mx_nr_sinks * mx_nr_states;
	ksft_set_plan(tests);
	mx_sources_prepare();
	if (!part) {
		test_others(dev);
		test_odd_sockets(dev);
		test_states(dev);
	}
	test_sources(dev, part);
	mx_report_write();
	close(dev);
	ksft_finished();
}
