// SPDX-License-Identifier: GPL-2.0
/* How the tool speaks to a person: sentences, colours, one progress line. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "format.h"
#include "tool.h"

volatile sig_atomic_t tool_stopped;

/* The progress that owns the last line of the terminal, if any does. */
static struct progress *on_screen;

static void stop_handler(int signal)
{
	(void)signal;
	tool_stopped = 1;
}

void tool_catch_signals(void)
{
	/* No SA_RESTART: a blocked call has to come back and look. */
	struct sigaction action = { .sa_handler = stop_handler };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static bool has_colour(FILE *stream)
{
	const char *term = getenv("TERM");

	return isatty(fileno(stream)) && !getenv("NO_COLOR") && term &&
	       strcmp(term, "dumb");
}

const char *colour_bold(FILE *stream)
{
	return has_colour(stream) ? "\033[1m" : "";
}

const char *colour_good(FILE *stream)
{
	return has_colour(stream) ? "\033[32m" : "";
}

const char *colour_bad(FILE *stream)
{
	return has_colour(stream) ? "\033[31m" : "";
}

const char *colour_dim(FILE *stream)
{
	return has_colour(stream) ? "\033[2m" : "";
}

const char *colour_off(FILE *stream)
{
	return has_colour(stream) ? "\033[0m" : "";
}

static void wipe_line(void)
{
	if (on_screen && on_screen->shown)
		fputs("\r\033[K", stderr);
	if (on_screen)
		on_screen->shown = false;
}

static void say(const char *colour, const char *format, va_list args)
{
	wipe_line();
	fprintf(stderr, "%szcopy:%s ", colour, colour_off(stderr));
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(colour_bad(stderr), format, args);
	va_end(args);
}

void say_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(colour_bold(stderr), format, args);
	va_end(args);
}

void progress_begin(struct progress *progress, uint64_t total, bool quiet)
{
	progress->on = !quiet && isatty(STDERR_FILENO);
	progress->shown = false;
	progress->total = total;
	progress->start = now();
	progress->last = progress->start;
	on_screen = progress;
}

static void write_line(struct progress *progress, const char *text)
{
	fprintf(stderr, "\r\033[K%s", text);
	fflush(stderr);
	progress->shown = true;
	progress->last = now();
}

void progress_bytes(struct progress *progress, uint64_t done)
{
	char line[192], amount[32], total[32], rate[32], left[32];
	double elapsed = now() - progress->start;
	double speed = elapsed > 0 ? done / elapsed : 0;

	if (!progress->on || now() - progress->last < 0.1)
		return;
	format_bytes(amount, sizeof(amount), done);
	format_bytes(rate, sizeof(rate), (uint64_t)speed);
	if (progress->total) {
		format_bytes(total, sizeof(total), progress->total);
		format_seconds(left, sizeof(left),
			       speed > 0 ? (progress->total - done) / speed
					 : -1);
		snprintf(line, sizeof(line), "%3.0f%%  %s of %s  %s/s  %s left",
			 100.0 * done / progress->total, amount, total, rate,
			 left);
	} else {
		snprintf(line, sizeof(line), "%s  %s/s", amount, rate);
	}
	write_line(progress, line);
}

void progress_text(struct progress *progress, const char *format, ...)
{
	char line[128];
	va_list args;

	if (!progress->on)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	write_line(progress, line);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
	progress->on = false;
	if (on_screen == progress)
		on_screen = NULL;
}
