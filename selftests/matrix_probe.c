// SPDX-License-Identifier: GPL-2.0
/*
 * Were the pages shared with the socket, or copied? Two ways to see it, while
 * what was sent waits in the socket:
 *
 *   - overwrite those bytes of the file. The receiver gets the new ones if the
 *     page was shared, the old ones if it was copied.
 *   - where nobody can write: drop the file's pages. One that somebody else
 *     holds stays in the page cache.
 *
 * kTLS encrypts a record at once when it is complete, and then has no use for
 * the page. MSG_MORE keeps a record open; 6.1 does not heed that, so there it
 * can't be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "matrix.h"

struct probe {
	const struct mx_cell *cell;
	const char *name;
	struct zt_pair pair;
	uint64_t copied; /* as zcopy says */
	int error;
};

static const unsigned char *old_bytes(const struct probe *probe)
{
	return probe->cell->source->content + MX_PROBE_AT;
}

/* Others than the file's, at each place. */
static void new_bytes(const struct probe *probe, unsigned char *bytes)
{
	size_t i;

	for (i = 0; i < MX_PROBE_LEN; i++)
		bytes[i] = (unsigned char)~old_bytes(probe)[i];
}

/* Read what was sent, behind which one more byte was. */
static void receive(const struct probe *probe, unsigned char *bytes)
{
	unsigned char last;

	if (send(probe->pair.tx, "x", 1, MSG_NOSIGNAL) != 1)
		zt_die("send behind a probe");
	mx_check(zt_read_full(probe->pair.rx, bytes, MX_PROBE_LEN) ==
				 MX_PROBE_LEN &&
			 zt_read_full(probe->pair.rx, &last, 1) == 1 &&
			 last == 'x',
		 "%s: the probe's bytes did not come", probe->name);
}

static void overwrite(const struct probe *probe, const void *bytes)
{
	if (pwrite(probe->cell->source->poke, bytes, MX_PROBE_LEN,
		   MX_PROBE_AT) != MX_PROBE_LEN)
		zt_die("pwrite of a probe");
}

static enum mx_result see_by_writing(const struct probe *probe)
{
	unsigned char written[MX_PROBE_LEN], came[MX_PROBE_LEN];

	new_bytes(probe, written);
	overwrite(probe, written);
	receive(probe, came);
	overwrite(probe, old_bytes(probe));
	if (!memcmp(came, written, MX_PROBE_LEN))
		return MX_SHARED;
	mx_check(!memcmp(came, old_bytes(probe), MX_PROBE_LEN),
		 "%s: neither old nor new bytes came", probe->name);
	return MX_COPIED;
}

static enum mx_result see_by_dropping(const struct probe *probe)
{
	size_t page = zt_page_size(), from = MX_PROBE_AT / page * page;
	size_t len = MX_PROBE_AT + MX_PROBE_LEN - from, held;
	const struct mx_source *source = probe->cell->source;
	size_t left = mx_source_evict(source);
	unsigned char came[MX_PROBE_LEN];

	held = zt_cached(source->file, from, len);
	receive(probe, came);
	mx_check(!memcmp(came, old_bytes(probe), MX_PROBE_LEN),
		 "%s: the probe's bytes are wrong", probe->name);
	mx_check(left < MX_CONTENT, "%s: no page could be dropped",
		 probe->name);
	mx_check(!held || held == len, "%s: %zu bytes of %zu are held",
		 probe->name, held, len);
	return held ? MX_SHARED : MX_COPIED;
}

static bool can_be_seen(const struct mx_cell *cell)
{
	struct zcopy_info info;

	if (zcopy_get_info(cell->dev, &info))
		zt_die("INFO");
	return !cell->sink->tls ||
	       info.out_backend == ZCOPY_BACKEND_SPLICE_PAGES;
}

/* Send the probe, then look; @send sets error if it is refused. */
static struct mx_outcome look(struct probe *probe,
			      void (*send_probe)(struct probe *probe))
{
	const struct mx_cell *cell = probe->cell;
	struct mx_outcome outcome = { .seen = can_be_seen(cell) };
	enum mx_result seen;

	if (!mx_pair_open(cell->sink, &probe->pair, 0, MX_PEER_KERNEL))
		zt_die(cell->sink->name);
	mx_source_warm(cell->source);
	send_probe(probe);
	outcome.error = probe->error;
	if (!probe->error) {
		seen = cell->source->poke >= 0 ? see_by_writing(probe)
					       : see_by_dropping(probe);
		outcome.result = outcome.seen ? seen : MX_SHARED;
	}
	zt_pair_close(&probe->pair);
	return outcome;
}

static void send_by_zcopy(struct probe *probe)
{
	const struct mx_source *source = probe->cell->source;
	struct zt_vector vector;
	struct zt_call call;

	zt_vector_init(&vector);
	zt_add_file(&vector, source->file, source->content, MX_PROBE_AT,
		    MX_PROBE_LEN);
	zt_send(probe->cell->dev, probe->pair.tx, &vector,
		ZCOPY_SEND_MORE | ZCOPY_SEND_NOWAIT, &call);
	probe->error = call.error;
	probe->copied = call.send.out_copied;
	mx_check(call.ret || call.send.out_stop == ZCOPY_STOP_COMPLETE,
		 "zcopy: the probe was sent in part");
	zt_vector_free(&vector);
}

/* All of the probe, from one descriptor to the other; how much went. */
static ssize_t splice_all(int from, loff_t *offset, int to, unsigned int flags)
{
	ssize_t moved = 0, ret = 1;

	while (ret > 0 && moved < MX_PROBE_LEN) {
		ret = splice(from, offset, to, NULL,
			     MX_PROBE_LEN - (size_t)moved, flags);
		moved += ret > 0 ? ret : 0;
	}
	return moved ? moved : ret;
}

/* What sendfile(2) does inside, but with a record that stays open. */
static ssize_t send_by_splice(const struct probe *probe)
{
	loff_t offset = MX_PROBE_AT;
	int pipes[2];
	ssize_t ret;

	if (pipe2(pipes, O_CLOEXEC))
		zt_die("pipe");
	ret = splice_all(probe->cell->source->file, &offset, pipes[1], 0);
	if (ret == MX_PROBE_LEN)
		ret = splice_all(pipes[0], NULL, probe->pair.tx, SPLICE_F_MORE);
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

static void send_by_sendfile(struct probe *probe)
{
	off_t offset = MX_PROBE_AT;
	ssize_t ret, sent = 0;

	if (probe->cell->sink->tls) {
		sent = send_by_splice(probe);
		ret = sent;
	} else {
		do {
			ret = sendfile(probe->pair.tx,
				       probe->cell->source->file, &offset,
				       MX_PROBE_LEN - (size_t)sent);
			sent += ret > 0 ? ret : 0;
		} while (ret > 0 && sent < MX_PROBE_LEN);
	}
	probe->error = ret < 0 ? errno : 0;
	mx_check(ret < 0 || sent == MX_PROBE_LEN, "sendfile: %zd of %zu bytes",
		 sent, (size_t)MX_PROBE_LEN);
}

/* What the module says of its copies is what was seen. */
static void check_honesty(const struct probe *probe,
			  const struct mx_outcome *outcome)
{
	if (outcome->result == MX_SHARED)
		mx_check(!probe->copied,
			 "zcopy: says that it copied %llu bytes, but shared",
			 (unsigned long long)probe->copied);
	if (outcome->result == MX_COPIED)
		mx_check(probe->copied == MX_PROBE_LEN,
			 "zcopy: says that it copied %llu bytes of %zu",
			 (unsigned long long)probe->copied,
			 (size_t)MX_PROBE_LEN);
}

void mx_probe_zcopy(struct mx_cell *cell)
{
	struct probe probe = { .cell = cell, .name = "zcopy" };

	cell->zcopy = look(&probe, send_by_zcopy);
	/* Where it can't be seen, there is only its word. */
	if (!cell->zcopy.seen && probe.copied)
		cell->zcopy.result = MX_COPIED;
	check_honesty(&probe, &cell->zcopy);
}

void mx_probe_sendfile(struct mx_cell *cell)
{
	struct probe probe = { .cell = cell, .name = "sendfile" };

	cell->sendfile = look(&probe, send_by_sendfile);
	/* It took them; more is not known of it, and it says nothing. */
	if (!cell->sendfile.seen && !cell->sendfile.error)
		cell->sendfile.result = cell->zcopy.result;
}
