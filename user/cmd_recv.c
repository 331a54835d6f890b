// SPDX-License-Identifier: GPL-2.0
/* zcopy recv: listen, and count, hash or store what comes. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "digest.h"
#include "format.h"
#include "tool.h"

#define BUFFER_BYTES (1UL << 20)

/**
 * struct receiver - the command line, and what it needs
 * @address: where to listen
 * @path: the file to store in, or NULL
 * @hash: compute SHA-256
 * @json: the report is for a program
 * @quiet: no report and no progress
 * @count: connections to take
 * @output: @path, open for writing, or -1
 * @buffer: BUFFER_BYTES for what comes
 */
struct receiver {
	const char *address;
	const char *path;
	bool hash;
	bool json;
	bool quiet;
	uint64_t count;
	int output;
	char *buffer;
};

/**
 * struct reception - one connection
 * @bytes: received
 * @seconds: from its acceptance to its end
 * @digest: SHA-256, where it was asked for
 * @error: a phrase, or NULL
 * @status: an exit status
 */
struct reception {
	uint64_t bytes;
	double seconds;
	unsigned char digest[DIGEST_BYTES];
	const char *error;
	int status;
};

static const struct argp_option argp_options[] = {
	{ "output", 'o', "FILE", 0, "Store what comes in FILE", 0 },
	{ "hash", 'H', NULL, 0, "Print the SHA-256 of what comes", 0 },
	{ "count", 'n', "N", 0, "Take N connections, not 1, then end", 0 },
	{ "json", 'j', NULL, 0, "Print the report as a JSON object", 0 },
	{ "quiet", 'q', NULL, 0, "No report and no progress: errors only", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct receiver *receiver = state->input;

	switch (key) {
	case 'o':
		receiver->path = arg;
		return 0;
	case 'H':
		receiver->hash = true;
		return 0;
	case 'n':
		if (parse_number(arg, 1, UINT32_MAX, &receiver->count))
			argp_error(state, "'%s' is not a count", arg);
		return 0;
	case 'j':
		receiver->json = true;
		return 0;
	case 'q':
		receiver->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (receiver->address)
			argp_error(state, "one ADDRESS is enough");
		receiver->address = arg;
		return 0;
	case ARGP_KEY_END:
		if (!receiver->address)
			argp_error(state, "give an ADDRESS to listen on");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int write_full(int fd, const char *data, size_t len)
{
	ssize_t ret;

	while (len) {
		ret = write(fd, data, len);
		if (ret < 0 && errno == EINTR && !tool_stopped)
			continue;
		if (ret <= 0)
			return -1;
		data += ret;
		len -= ret;
	}
	return 0;
}

static int set_error(struct reception *reception, const char *error)
{
	reception->error = tool_stopped ? "interrupted" : error;
	reception->status = tool_stopped ? STATUS_INTERRUPTED : STATUS_FAILED;
	return -1;
}

/* The next bytes. Returns how many; 0 at the end, -1 after a failure. */
static ssize_t take(const struct receiver *receiver, int socket, int flags,
		    struct digest *digest, struct reception *reception)
{
	ssize_t ret;

	do {
		ret = recv(socket, receiver->buffer, BUFFER_BYTES, flags);
	} while (ret < 0 && errno == EINTR && !tool_stopped);
	if (ret < 0)
		return set_error(reception,
				 errno == ECONNRESET
					 ? "the sender has reset the connection"
					 : strerror(errno));
	if (digest)
		digest_add(digest, receiver->buffer, ret);
	if (receiver->output >= 0 &&
	    write_full(receiver->output, receiver->buffer, ret))
		return set_error(reception, strerror(errno));
	return ret;
}

static void receive(const struct receiver *receiver, int socket,
		    struct reception *reception)
{
	struct digest *digest = receiver->hash ? digest_start(DIGEST_SHA256)
					       : NULL;
	/* TCP can throw away what nobody looks at. */
	bool discard = !digest && receiver->output < 0 &&
		       address_is_tcp(socket);
	struct progress progress;
	double start = now();
	ssize_t ret;

	progress_begin(&progress, 0, receiver->quiet);
	for (;;) {
		ret = take(receiver, socket, discard ? MSG_TRUNC : 0, digest,
			   reception);
		if (ret <= 0)
			break;
		reception->bytes += ret;
		progress_bytes(&progress, reception->bytes);
	}
	reception->seconds = now() - start;
	progress_end(&progress);
	if (digest)
		digest_finish(digest, reception->digest);
}

static void print_text(const struct receiver *receiver,
		       const struct reception *reception)
{
	double rate = reception->seconds > 0
			      ? reception->bytes / reception->seconds
			      : 0;
	char amount[32], speed[32], text[DIGEST_TEXT];

	printf("received %s (%" PRIu64 " bytes) in %.3f s, %s/s\n",
	       format_bytes(amount, sizeof(amount), reception->bytes),
	       reception->bytes, reception->seconds,
	       format_bytes(speed, sizeof(speed), rate));
	if (receiver->hash)
		printf("sha256 %s\n", digest_text(reception->digest, text));
	fflush(stdout);
}

static json_t *reception_json(const struct receiver *receiver,
			      const struct reception *reception)
{
	char text[DIGEST_TEXT];

	return json_pack(
		"{s:I, s:f, s:s?, s:s?}", "bytes", (json_int_t)reception->bytes,
		"seconds", reception->seconds, "sha256",
		receiver->hash ? digest_text(reception->digest, text) : NULL,
		"error", reception->error);
}

/* One connection. Returns an exit status; adds to @list. */
static int serve(const struct receiver *receiver, int listener, json_t *list)
{
	struct reception reception = { 0 };
	int socket;

	do {
		socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	} while (socket < 0 && errno == EINTR && !tool_stopped);
	if (tool_stopped && socket < 0) {
		say_error("interrupted while nobody was connected");
		return STATUS_INTERRUPTED;
	}
	if (socket < 0) {
		say_error("cannot take a connection: %s", strerror(errno));
		return STATUS_FAILED;
	}
	receive(receiver, socket, &reception);
	close(socket);
	if (reception.error)
		say_error("%s; %" PRIu64 " bytes had been received",
			  reception.error, reception.bytes);
	json_array_append_new(list, reception_json(receiver, &reception));
	if (!receiver->json && !receiver->quiet)
		print_text(receiver, &reception);
	return reception.status;
}

static int serve_all(const struct receiver *receiver, int listener)
{
	json_t *list = json_array();
	json_t *object;
	char name[160];
	uint64_t i;
	int status = STATUS_OK;

	address_name(listener, name, sizeof(name));
	/* Scripts that gave port 0 read this line: see zcopy(1). */
	fprintf(stderr, "zcopy: listening on %s\n", name);
	for (i = 0; status == STATUS_OK && i < receiver->count; i++)
		status = serve(receiver, listener, list);
	object = json_pack("{s:s, s:o}", "address", name, "connections", list);
	if (receiver->json) {
		json_dumpf(object, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(object);
	return status;
}

static int open_receiver(struct receiver *receiver)
{
	receiver->output = -1;
	receiver->buffer = malloc(BUFFER_BYTES);
	if (!receiver->buffer) {
		say_error("no memory for a buffer");
		return STATUS_FAILED;
	}
	if (!receiver->path)
		return STATUS_OK;
	receiver->output = open(receiver->path,
				O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (receiver->output >= 0)
		return STATUS_OK;
	say_error("cannot store in %s: %s", receiver->path, strerror(errno));
	return STATUS_FAILED;
}

/* Data that was not written back can still be lost when it is closed. */
static int close_receiver(struct receiver *receiver, int status)
{
	free(receiver->buffer);
	if (receiver->output < 0 || !close(receiver->output))
		return status;
	say_error("cannot store in %s: %s", receiver->path, strerror(errno));
	return status ? status : STATUS_FAILED;
}

int cmd_recv(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "ADDRESS",
		.doc = "Listen on ADDRESS, take a connection, and count, hash or store what comes until its end."
		       "\vADDRESS is HOST:PORT, :PORT, [IPV6]:PORT or unix:PATH; port 0 is any free one. Once connections can come, stderr has a line 'zcopy: listening on ADDRESS' with the address in numbers.\n\n"
		       "Exit status: 0 the sender closed each connection in order; 1 something failed; 2 the command line is wrong; 4 interrupted.",
	};
	struct receiver receiver = { .count = 1 };
	int listener, status;

	argp_parse(&argp, argc, argv, 0, NULL, &receiver);
	tool_catch_signals();
	listener = address_listen(receiver.address);
	if (listener < 0)
		return -listener;
	status = open_receiver(&receiver);
	if (status == STATUS_OK)
		status = serve_all(&receiver, listener);
	status = close_receiver(&receiver, status);
	close(listener);
	address_forget(receiver.address);
	return status;
}
