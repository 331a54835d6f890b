/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zcopy count --table: every method sends one file, and what that took is set
 * beside what textbooks say.
 *
 * All of it happens in two network namespaces of its own: senders and one
 * receiver are in the first, another receiver in the second, behind a pair of
 * virtual devices (veth). Nothing of the machine's own network is touched.
 */
#ifndef COUNT_TABLE_H
#define COUNT_TABLE_H

#include <netinet/in.h>

#include "count.h"
#include "method.h"

/* How a sender reaches its receiver. */
enum route {
	ROUTE_LOOPBACK,
	ROUTE_GATHER, /* a device that takes fragments (scatter-gather) */
	ROUTE_LINEAR, /* a device that does not */
	NR_ROUTES
};

/**
 * struct textbook - the classic account of one method
 * @title: what it is called there
 * @method: which method it is here
 * @route: the route that the account is for, if @one_route
 * @one_route: there is another account for other routes
 * @crossings: for each chunk
 * @copies: of each byte in all, from the disk to the network
 * @cpu: how many of them the CPU makes
 */
struct textbook {
	const char *title;
	const char *method;
	enum route route;
	bool one_route;
	unsigned int crossings;
	unsigned int copies;
	unsigned int cpu;
};

/* A NULL title ends the list. */
extern const struct textbook textbooks[];

/* What textbooks say of @method on @route, or NULL. */
const struct textbook *textbook_find(const char *method, enum route route);

#define MOST_REASONS 8

/* Less of a copy, or of a crossing, than this is no difference. */
#define TOLERANCE 0.02

/**
 * struct result - what the sending process has to say about a transfer
 * @connected: there was a connection, so that the receiver will report
 * @sent: bytes that the socket took
 * @confirmed: bytes of which the kernel told whether it copied them
 * @copied: how many of those it did
 * @retransmitted: bytes that TCP has sent again
 * @failed: it did not work, and @text says why; otherwise @text is how the
 *	method is tuned
 * @text: a phrase
 */
struct result {
	bool connected;
	uint64_t sent;
	uint64_t confirmed;
	uint64_t copied;
	uint64_t retransmitted;
	bool failed;
	char text[256];
};

/**
 * struct row - one method on one route
 * @method: how it was sent
 * @route: where to
 * @cold: the file was not in the page cache
 * @textbook: what there is to compare it with, or NULL
 * @result: what the sender said
 * @received: bytes that arrived
 * @figures: what was counted
 * @sums: what follows from that
 * @chunks: pieces in which the file was sent
 * @crossings: for each of them
 * @cpu: CPU copies of each byte
 * @disk: bytes read from the disk, for each byte
 * @network: payload handed to a network device, for each byte
 * @expected: CPU copies of each byte: the textbook's, else by design
 * @from_cache: nothing came from the disk, because the file was in memory
 * @reasons: why it is not as the textbook says, or why it was not measured
 * @nr_reasons: how many
 * @unexplained: a difference remains for which there is no reason
 */
struct row {
	const struct method *method;
	enum route route;
	bool cold;
	const struct textbook *textbook;
	struct result result;
	uint64_t received;
	struct figures figures;
	struct sums sums;
	double chunks;
	double crossings;
	double cpu;
	double disk;
	double network;
	unsigned int expected;
	bool from_cache;
	char reasons[MOST_REASONS][160];
	unsigned int nr_reasons;
	bool unexplained;
};

/**
 * struct table - all of it
 * @path: the file
 * @bytes: its length
 * @chunk: bytes a call, for the methods that send in pieces
 * @wanted: methods; a NULL ends the list
 * @filesystem: that the file is on
 * @disk_backed: it can be cold
 * @rows: in the order of the report
 * @nr_rows: how many
 * @probe_runs: how often probes ran, over all rows
 * @probe_seconds: how long they took
 */
struct table {
	char *path;
	uint64_t bytes;
	uint64_t chunk;
	const struct method *const *wanted;
	char filesystem[32];
	bool disk_backed;
	struct row *rows;
	unsigned int nr_rows;
	uint64_t probe_runs;
	double probe_seconds;
};

/* Is the file one to send? Says so if not. Returns an exit status. */
int table_find(struct table *table);
/* Fills in the rows, after table_find(). Returns an exit status. */
int table_run(struct table *table, const struct probes *probes);
void table_free(struct table *table);

/* "loopback", "veth", "veth, no scatter-gather" */
const char *route_name(enum route route);

/* Fill in @row's ratios and reasons from its figures. */
void row_judge(struct row *row, const struct table *table);

void table_print(FILE *stream, const struct table *table,
		 const struct probes *probes);
/* A new object, the caller's. */
json_t *table_json(const struct table *table, const struct probes *probes);

/*
 * count_peer.c: a process that receives, and the devices between.
 */

/**
 * struct peer - a receiver
 * @pid: the process
 * @control: its end is the process's end; reports come from here
 * @address: where it listens
 */
struct peer {
	pid_t pid;
	int control;
	struct sockaddr_in address;
};

/*
 * Move this process into a network namespace of its own and set up @peers, one
 * for the loopback device and one behind a veth. Returns an exit status.
 */
int peers_start(struct peer peers[2]);
void peers_stop(struct peer peers[2]);
/* Can the device to the second peer take fragments? Returns 0 or -1. */
int peers_set_gather(bool on);
/* How many bytes the last connection carried; after its end. */
int peer_report(const struct peer *peer, uint64_t *bytes);

/*
 * count_sender.c: send the file in a process of its own, which is counted
 * while it does so. Returns 0, or -1 with a sentence on stderr; that the method
 * does not work here is in @row's result.
 */
int sender_run(const struct table *table, const struct probes *probes,
	       const struct peer *peer, struct row *row);

#endif /* COUNT_TABLE_H */
