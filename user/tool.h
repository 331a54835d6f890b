/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every command of the tool shares: exit statuses, the way it speaks,
 * and how it is interrupted.
 */
#ifndef TOOL_H
#define TOOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TOOL_VERSION "0.1"

/* Exit statuses: documented in --help and zcopy(1). */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* a transfer or its verification failed */
	STATUS_USAGE = 2,
	STATUS_MISSING = 3, /* the device or a kernel feature is not there */
	STATUS_INTERRUPTED = 4, /* SIGINT or SIGTERM */
};

/**
 * struct command - one word after "zcopy"
 * @name: the word
 * @summary: one line for --help
 * @run: its main(); argv[0] is "zcopy NAME". Returns an exit status
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_info(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_count(int argc, char **argv);
int cmd_methods(int argc, char **argv);

/* Set by SIGINT and SIGTERM, after tool_catch_signals(). */
extern volatile sig_atomic_t tool_stopped;

/* SIGINT and SIGTERM interrupt system calls instead of ending the program. */
void tool_catch_signals(void);

/* One sentence on stderr, after "zcopy: ", in place of any progress line. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Escape sequences for @stream, or "" where it is not a terminal. */
const char *colour_bold(FILE *stream);
const char *colour_good(FILE *stream);
const char *colour_bad(FILE *stream);
const char *colour_dim(FILE *stream);
const char *colour_off(FILE *stream);

/**
 * struct progress - a line on stderr that is written over and over
 * @on: stderr is a terminal and nobody asked for quiet
 * @shown: the line is on the screen
 * @total: bytes to come in all, 0 where nobody knows
 * @start: when it began, seconds of CLOCK_MONOTONIC
 * @last: when it was last written
 */
struct progress {
	bool on;
	bool shown;
	uint64_t total;
	double start;
	double last;
};

void progress_begin(struct progress *progress, uint64_t total, bool quiet);
/* Bytes so far, rate and the time left; at most ten times a second. */
void progress_bytes(struct progress *progress, uint64_t done);
/* A line of one's own, at once. */
void progress_text(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void progress_end(struct progress *progress);

/* Seconds of CLOCK_MONOTONIC. */
double now(void);

#endif /* TOOL_H */
