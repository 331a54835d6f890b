// SPDX-License-Identifier: GPL-2.0
/* Before timing: does each method's receiver get what is in the files? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define BUFFER_BYTES (1UL << 20)

/* The next bytes of @source, from @done on. Returns how many, 0: no more. */
static ssize_t next_bytes(const struct source *source, uint64_t done,
			  char *buffer)
{
	uint64_t left = source->len - done;
	size_t len = left < BUFFER_BYTES ? left : BUFFER_BYTES;

	if (!len)
		return 0;
	if (source->fd >= 0)
		return pread(source->fd, buffer, len, done);
	memcpy(buffer, (const char *)source->base + done, len);
	return len;
}

static int digest_source(const struct source *source, char *buffer,
			 struct digest *files, struct digest *zeros)
{
	static const char zero[BUFFER_BYTES];
	uint64_t done;
	ssize_t len;

	for (done = 0; (len = next_bytes(source, done, buffer)) > 0;
	     done += len) {
		digest_add(files, buffer, len);
		if (zeros)
			digest_add(zeros, zero, len);
		if (tool_stopped)
			return STATUS_INTERRUPTED;
	}
	if (!len && done == source->len)
		return STATUS_OK;
	say_error("cannot read %s: %s", source->name,
		  len ? strerror(errno) : "it has become shorter");
	return STATUS_FAILED;
}

static bool wants_zeros(const struct bench *bench)
{
	const struct method *const *method;

	for (method = bench->wanted; *method; method++) {
		if ((*method)->sends_zeros)
			return true;
	}
	return false;
}

int bench_digest(struct bench *bench)
{
	struct digest *zeros = wants_zeros(bench) ? digest_start(DIGEST_KEYED)
						  : NULL;
	struct digest *files = digest_start(DIGEST_KEYED);
	char *buffer = malloc(BUFFER_BYTES);
	int status = STATUS_OK;
	unsigned int i;

	if (!files || !buffer) {
		say_error("no memory, or no SipHash in libcrypto");
		return STATUS_FAILED;
	}
	progress_text(&bench->progress, "reading the files");
	for (i = 0; status == STATUS_OK && i < bench->sources.nr; i++)
		status = digest_source(&bench->sources.list[i], buffer, files,
				       zeros);
	digest_finish(files, bench->digest);
	if (zeros)
		digest_finish(zeros, bench->zeros_digest);
	free(buffer);
	return status;
}

void bench_verify(struct bench *bench, struct bench_row *row)
{
	const struct transfer *transfer = &row->transfer;
	const unsigned char *right = transfer->method->sends_zeros
					     ? bench->zeros_digest
					     : bench->digest;
	struct sink_report report;

	if (bench_send(bench, row, SINK_DIGEST, 1, NULL, &report))
		return;
	if (!memcmp(report.digest, right, DIGEST_BYTES))
		return;
	bench_give_up(row);
	snprintf(row->reason, sizeof(row->reason),
		 "THE RECEIVER GOT OTHER BYTES than the files hold");
	say_error("%s: the receiver got other bytes than the files hold",
		  transfer->method->name);
}
