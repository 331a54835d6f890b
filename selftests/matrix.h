/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The matrix: every kind of file to every kind of stream socket, in every way of
 * waiting. For each cell it is seen, not believed, whether pages were shared
 * with the socket, by zcopy and by sendfile(2).
 *
 *	matrix.c		the tests: cells, one after the other
 *	matrix_sources.c	the files
 *	matrix_fuse.c		a FUSE server
 *	matrix_sinks.c		the sockets
 *	matrix_tls.c		kTLS, and a peer that decrypts without the kernel
 *	matrix_send.c		a whole file through a cell, in each mode
 *	matrix_probe.c		were the pages shared?
 *	matrix_witness.c	another process that maps the file all the while
 *	matrix_scribble.c	receivers that write on what they got
 *	matrix_states.c		sockets that are not just connected and empty
 *	matrix_others.c		descriptors that are no such file
 *	matrix_report.c		all of it as JSON, for Documentation/matrix.rst
 */
#ifndef ZT_MATRIX_H
#define ZT_MATRIX_H

#include "util.h"

/* A file's length: some batches on a small socket, and an odd tail. */
#define MX_CONTENT (160 * KIB + 1235)
/* What a probe sends: parts of four pages, less than a record of TLS. */
#define MX_PROBE_AT (2 * 4096 + 5)
#define MX_PROBE_LEN (3 * 4096 + 17)

/* ---- verdicts ---- */

/* Say why the cell at hand failed; the first reason is kept. */
void mx_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define mx_check(condition, ...)              \
	do {                                  \
		if (!(condition))             \
			mx_fail(__VA_ARGS__); \
	} while (0)

/* From worse to better. */
enum mx_result {
	MX_REFUSED,
	MX_COPIED,
	MX_SHARED,
};

struct mx_outcome {
	enum mx_result result;
	int error; /* MX_REFUSED: errno */
	/* Seen to be so; otherwise it is what the module says. */
	bool seen;
};

const char *mx_errno_name(int error);
/* "zero-copied", "copied", or the name of the errno. */
const char *mx_outcome_name(const struct mx_outcome *outcome);

/* ---- sources ---- */

struct mx_source {
	const char *name;
	/* Makes the file, and sets what follows; or "lacking". */
	void (*make)(struct mx_source *source);
	const char *lacking; /* why there is none */
	int file;	     /* open for reading */
	int poke;	     /* writes to the same pages; -1 where nobody can */
	bool disk;	     /* its pages can be dropped and read again */
	unsigned char *content;
};

extern struct mx_source mx_sources[];
extern const unsigned int mx_nr_sources;

void mx_sources_prepare(void);
/* Make its content and the file. */
void mx_source_open(struct mx_source *source);
void mx_source_close(struct mx_source *source);
/* Drop its pages from the page cache; returns bytes that are still there. */
size_t mx_source_evict(const struct mx_source *source);
/* A descriptor to read it with as one likes (O_DIRECT wants alignment). */
int mx_source_reader(const struct mx_source *source);
/* Have all of it in the page cache. */
void mx_source_warm(const struct mx_source *source);

/* A FUSE file system at @dir with the file "file" in it. */
bool mx_fuse_mount(const char *dir, const void *content, size_t len);

/* ---- sinks ---- */

struct mx_sink {
	const char *name;
	int domain;
	int protocol;
	/* kTLS: TLS_1_2_VERSION or TLS_1_3_VERSION, and the length of the key */
	int tls;
	unsigned int key_len;
};

extern const struct mx_sink mx_sinks[];
extern const unsigned int mx_nr_sinks;

/* Who decrypts. */
enum mx_peer { MX_PEER_KERNEL, MX_PEER_USER };

/*
 * A connected pair, both with little @room unless that is 0. What can be read
 * from pair->rx is what was sent, decrypted if need be.
 */
bool mx_pair_open(const struct mx_sink *sink, struct zt_pair *pair, int room,
		  enum mx_peer peer);
/* A listening socket of this kind, and one that could connect to it. */
int mx_listen(const struct mx_sink *sink, int room);
int mx_socket(const struct mx_sink *sink);
/* connect(2) to the listener. */
int mx_connect(int fd, int listener);

/* tls: both ends of a connection over TCP. With MX_PEER_USER, *@rx is replaced. */
bool mx_tls_start(const struct mx_sink *sink, int tx, int *rx,
		  enum mx_peer peer);

/* ---- cells ---- */

enum mx_mode { MX_BLOCKING, MX_NONBLOCK, MX_NOWAIT, MX_CACHED, MX_MODES };

extern const char *const mx_mode_names[MX_MODES];

struct mx_cell {
	const struct mx_source *source;
	const struct mx_sink *sink;
	int dev;
	struct mx_outcome zcopy;
	struct mx_outcome sendfile;
	struct mx_outcome modes[MX_MODES];
};

/*
 * How often a socket was full. A receiver on another processor may keep up with
 * one file, but hardly with all.
 */
extern unsigned int mx_times_full;

void mx_send_modes(struct mx_cell *cell);
void mx_probe_zcopy(struct mx_cell *cell);
void mx_probe_sendfile(struct mx_cell *cell);
/* The receiver writes on all that it gets, in every way that there is. */
void mx_scribble(const struct mx_source *source, const struct mx_sink *sink,
		 int dev);

/* ---- the other process ---- */

struct mx_witness {
	pid_t pid;
	int leash;
};

/* It maps the file from now on until mx_witness_end(). */
void mx_witness_start(struct mx_witness *witness,
		      const struct mx_source *source);
/* It lets its pages go, so that they can be dropped; the mapping stays. */
void mx_witness_forget(struct mx_witness *witness);
/* What it sees in that mapping, in a new one and by reading is @source's. */
bool mx_witness_agrees(struct mx_witness *witness);
void mx_witness_end(struct mx_witness *witness);

/* ---- besides the matrix ---- */

/* Sockets in one state after the other: zcopy's answer and sendfile's. */
extern const unsigned int mx_nr_states;
const char *mx_state_name(unsigned int state);
struct mx_state_report {
	struct mx_outcome zcopy;
	struct mx_outcome sendfile;
	const char *lacking; /* this kind of socket has no such state */
};
void mx_state(const struct mx_sink *sink, unsigned int state, int dev,
	      struct mx_state_report *report);

/* Descriptors that are no file of a file system on something. */
struct mx_other {
	const char *name;
	int (*open)(void);
	/* What zcopy answers, if it is not to do as sendfile does; or 0. */
	int error;
	const char *lacking; /* why there is none */
	struct mx_outcome zcopy;
	struct mx_outcome sendfile;
};

extern struct mx_other mx_others[];
extern const unsigned int mx_nr_others;
void mx_other_try(struct mx_other *other, int dev);

/* Sockets that are no byte stream, which are refused, whatever sendfile does. */
struct mx_odd_socket {
	const char *name;
	int domain;
	int type;
	int protocol;
};

extern const struct mx_odd_socket mx_odd_sockets[];
extern const unsigned int mx_nr_odd_sockets;
/* false: the kernel has no such socket */
bool mx_odd_socket_try(const struct mx_odd_socket *odd, int dev,
		       struct mx_outcome *outcome);

/* ---- report ---- */

void mx_report_cell(const struct mx_cell *cell);
void mx_report_state(const struct mx_sink *sink, unsigned int state,
		     const struct mx_state_report *report);
void mx_report_other(const struct mx_other *other);
void mx_report_odd_socket(const struct mx_odd_socket *odd,
			  const struct mx_outcome *outcome);
void mx_report_lacking(const struct mx_source *source);
/* Into the directory ZCOPY_RESULTS, if that is set. */
void mx_report_write(void);

#endif /* ZT_MATRIX_H */
