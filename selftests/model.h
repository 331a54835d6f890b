/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model test: random vectors, sent in random ways, against a model of what
 * SEND has to do. The model is an array of bytes and the lengths of segments;
 * it knows no pages, no batches and no socket.
 *
 *	model_world.c	the sources, and whether they still hold what they held
 *	model_make.c	a vector and a way to send it, made of one number
 *	model_refuse.c	a vector with a defect, and the errno that it deserves
 *	model_read.c	the peer
 *	model_judge.c	what a call may and must say
 *	model_run.c	one vector, sent to its end
 *	model.c		the tests
 */
#ifndef ZT_MODEL_H
#define ZT_MODEL_H

#include <signal.h>

#include "util.h"

#define ZM_MAX_SEGMENTS 64
#define ZM_BUFFER (256 * KIB)
#define ZM_MEMORY (256 * KIB)
/* Files end within a page. */
#define ZM_FILE_LEN (300 * KIB + 1234)
/* A page of each file, and more, that was never written. */
#define ZM_HOLE_FROM (100 * KIB + 77)
#define ZM_HOLE_TO (117 * KIB + 5)

enum zm_file {
	ZM_TMPFS, /* mapped by another process */
	ZM_DISK,  /* likewise */
	ZM_COLD,  /* on disk; pages of it are dropped now and then */
	ZM_FILES,
};

struct zm_source {
	int fd;
	unsigned char *content; /* what it held in the beginning */
	unsigned char *map;	/* shared; NULL for ZM_COLD */
};

/* Descriptors that SEND refuses. */
enum zm_odd {
	ZM_ODD_DIRECTORY,
	ZM_ODD_WRITE_ONLY,
	ZM_ODD_PATH_ONLY,
	ZM_ODD_PIPE,
	ZM_ODD_CLOSED,
	ZM_ODD_DATAGRAM,
	ZM_ODD_LISTENER,
	ZM_ODDS,
};

struct zm_world {
	int dev;
	int bare_dev; /* an open file without a buffer */
	struct zm_source files[ZM_FILES];
	unsigned char *buffer; /* mapped, never written after the start */
	unsigned char *buffer_content;
	unsigned char *memory; /* a page that is not there follows */
	unsigned char *memory_content;
	int odd[ZM_ODDS];
	int odd_peer; /* the other end of the pipe */
	bool never;   /* the administrator wants everything copied */
	pid_t watcher;
	int watcher_leash; /* close: it looks and tells */
};

void zm_world_open(struct zm_world *world);
/*
 * Nothing that was ever sent has changed; @everywhere: nor on the disk, nor for
 * the other process, which ends. Returns "" or what has changed.
 */
const char *zm_world_changes(struct zm_world *world, bool everywhere);
void zm_world_close(struct zm_world *world);

/* How the peer takes what comes. */
enum zm_way {
	ZM_RECV,
	ZM_PEEK,   /* look first */
	ZM_DIRTY,  /* splice to a pipe, then write into the same pipe */
	ZM_TEE,	   /* duplicate it, and write behind the duplicate */
	ZM_ONWARD, /* splice on to another socket */
	ZM_MOVE,   /* splice on to a file, moving pages; overwrite that */
	ZM_WAYS,
};

struct zm_vector {
	uint64_t state; /* of the stream of random numbers */
	struct zt_vector zt;
	/* What the segments stand for, whatever the caller has written. */
	uint64_t len[ZM_MAX_SEGMENTS];
	enum zm_file file[ZM_MAX_SEGMENTS];
	uint64_t total;
	/* Where it ends, and how. */
	uint64_t limit;
	uint32_t end_stop;
	int end_error;
	/* How it is sent. */
	uint32_t flags;
	bool nonblock;	     /* O_NONBLOCK on the socket */
	bool never;	     /* zero_copy=never */
	bool nagle;	     /* no TCP_NODELAY */
	int room;	     /* SO_SNDBUF */
	unsigned int wait;   /* SO_SNDTIMEO in microseconds, or 0 */
	unsigned int alarms; /* how many signals at the most */
	bool restart;	     /* SA_RESTART */
	unsigned int tries;  /* with CACHED, then without */
	unsigned int drops;  /* ranges of ZM_COLD that are dropped before */
	bool again;	     /* one call too many in the end */
	/* How it is read. */
	enum zm_way way;
	bool beside;	    /* by a thread, and not between calls */
	size_t step;	    /* bytes at a time */
	unsigned int pause; /* microseconds before each step */
	unsigned int hold;  /* and before the first */
};

struct zm_maker {
	const struct zm_world *world;
	uint64_t seed;
	uint64_t salt; /* so that no two tests send the same vectors */
	bool reckless; /* peers that try to write to what they got */
};

uint32_t zm_below(uint64_t *state, uint32_t limit);
/* True once in @times. */
bool zm_once_in(uint64_t *state, uint32_t times);
uint64_t zm_mix(uint64_t seed, uint64_t number);
void zm_make(struct zm_vector *vector, const struct zm_maker *maker,
	     unsigned int number);
void zm_describe(const struct zm_vector *vector);

/* The same vector with a defect: what it must be refused with. */
struct zm_refusal {
	const char *name;
	int error;
	int dev;
	struct zcopy_send send;
};

void zm_spoil(struct zm_refusal *refusal, struct zm_vector *vector,
	      const struct zm_world *world, int socket);

struct zm_reader {
	int fd;
	enum zm_way way;
	size_t step;
	unsigned int pause;
	unsigned int hold;
	const unsigned char *expect;
	size_t expect_len;
	size_t received;
	char wrong[160];
	/* The ways. */
	unsigned char *data;
	int pipe[2];
	int copy[2];
	struct zt_pair onward;
	int dump;
	/* The thread; busy and quit are under the lock. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool busy;
	bool quit;
};

void zm_reader_open(struct zm_reader *reader);
void zm_reader_close(struct zm_reader *reader);
/* Set it to the beginning of what @vector is going to bring. */
void zm_reader_aim(struct zm_reader *reader, int fd,
		   const struct zm_vector *vector);
/* Let the thread read it all, or wait until it has. */
void zm_reader_start(struct zm_reader *reader);
void zm_reader_wait(struct zm_reader *reader);
/* Read once; false if nothing came within @milliseconds or it was wrong. */
bool zm_reader_step(struct zm_reader *reader, int milliseconds);
/* Read all that is still to come, in the caller's thread. */
void zm_reader_finish(struct zm_reader *reader);

/* What is counted over many calls. */
struct zm_tally {
	uint64_t calls;
	uint64_t stops[ZCOPY_STATS_STOPS];
	uint64_t bytes[ZCOPY_SEGMENT_ZERO + 1];
	uint64_t copied;
};

#define ZM_PAGES (ZM_FILE_LEN / 4096 + 1)

/* What was so before a call. */
struct zm_before {
	bool alarmed;
	unsigned char resident[ZM_PAGES]; /* of ZM_COLD, if CACHED */
};

/* Returns "" or why it can't be that SEND did what it says. */
const char *zm_judge(const struct zm_vector *vector,
		     const struct zm_before *before,
		     const struct zt_call *call);
void zm_count(struct zm_tally *tally, const struct zm_vector *vector,
	      const struct zt_call *call);
/* Whether the module has counted the same. */
const char *zm_compare_stats(const struct zm_tally *tally, int dev);

struct zm_run {
	struct zm_world world;
	struct zm_maker maker;
	struct zm_reader reader;
	struct zm_tally tally;
	enum zt_family family;
	struct zt_pair pair;
	bool shut; /* the pair has been shut down */
	timer_t timer;
	struct zm_vector vector;
	struct zt_call call;
};

void zm_run_open(struct zm_run *run, enum zt_family family);
void zm_run_close(struct zm_run *run);
/* A fresh connection every now and then, with other sizes. */
void zm_run_connect(struct zm_run *run, unsigned int number);
/* Vector @number, sent to its end; or refused. Return "" or what was wrong. */
const char *zm_run_vector(struct zm_run *run, unsigned int number);
const char *zm_run_refusal(struct zm_run *run, unsigned int number);
/* How many bytes too many have come after the last vector. */
size_t zm_run_stray(const struct zm_run *run);

#endif /* ZT_MODEL_H */
