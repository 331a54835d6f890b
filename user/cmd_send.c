// SPDX-License-Identifier: GPL-2.0
/* zcopy send: files to a socket. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "format.h"
#include "method.h"
#include "send_report.h"
#include "sources.h"
#include "tool.h"

/* Options without a letter. */
enum { OPTION_HEADER = 0x100, OPTION_TRAILER };

/**
 * struct send_options - the command line
 * @method: how to send
 * @header: text to send before the files, or NULL
 * @trailer: text to send behind the files, or NULL
 * @json: the report is for a program
 * @quiet: no report and no progress
 * @words: the files, and the address behind them
 * @nr_words: how many
 */
struct send_options {
	const struct method *method;
	const char *header;
	const char *trailer;
	bool json;
	bool quiet;
	char **words;
	int nr_words;
};

static const struct argp_option argp_options[] = {
	{ "method", 'm', "NAME", 0,
	  "How to send ('zcopy methods' lists them); zcopy unless given", 0 },
	{ "header", OPTION_HEADER, "TEXT", 0, "Send this before the files", 0 },
	{ "trailer", OPTION_TRAILER, "TEXT", 0, "Send this behind the files",
	  0 },
	{ "json", 'j', NULL, 0, "Print the report as a JSON object", 0 },
	{ "quiet", 'q', NULL, 0, "No report and no progress: errors only", 0 },
	{ 0 },
};

static void set_method(struct send_options *send, const char *name,
		       struct argp_state *state)
{
	send->method = method_find(name);
	if (!send->method)
		argp_error(state,
			   "'%s' is not a method: 'zcopy methods' lists them",
			   name);
	if (send->method->sends_zeros)
		argp_error(state, "'%s' does not send files: it is for bench",
			   name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct send_options *send = state->input;

	switch (key) {
	case 'm':
		set_method(send, arg, state);
		return 0;
	case OPTION_HEADER:
		send->header = arg;
		return 0;
	case OPTION_TRAILER:
		send->trailer = arg;
		return 0;
	case 'j':
		send->json = true;
		return 0;
	case 'q':
		send->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		send->words = state->argv + state->next;
		send->nr_words = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (send->nr_words < 2)
			argp_error(state, "give a FILE and an ADDRESS");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_progress(struct transfer *transfer)
{
	progress_bytes(transfer->tick_data, transfer->sent);
}

static int socket_error(int socket)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

/*
 * What the socket has taken may still be lost: wait until the peer has
 * acknowledged it (TCP) or read it (unix). Returns 0, or -1 with the failure.
 */
static int await_delivery(struct transfer *transfer)
{
	struct pollfd pollfd = { .fd = transfer->socket };
	int wait = 1;
	int error, left;

	while (!tool_stopped) {
		if (ioctl(transfer->socket, SIOCOUTQ, &left))
			left = 0;
		error = socket_error(transfer->socket);
		if (error) {
			transfer->failure = FAILURE_SOCKET;
			transfer->error = error;
			return -1;
		}
		if (!left)
			return 0;
		poll(&pollfd, 1, wait);
		wait = wait < 50 ? 2 * wait : 50;
		show_progress(transfer);
	}
	transfer->failure = FAILURE_STOPPED;
	return -1;
}

static int run_transfer(struct transfer *transfer, int socket)
{
	/* So that a full socket is our turn: progress, and Ctrl-C. */
	fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
	if (transfer_attach(transfer, socket) || transfer_send(transfer))
		return -1;
	shutdown(socket, SHUT_WR);
	if (await_delivery(transfer))
		return -1;
	return transfer_finish(transfer);
}

static int send_status(const struct transfer *transfer, int ret)
{
	if (!ret)
		return STATUS_OK;
	switch (transfer->failure) {
	case FAILURE_LACKING:
		return STATUS_MISSING;
	case FAILURE_STOPPED:
		return STATUS_INTERRUPTED;
	default:
		return STATUS_FAILED;
	}
}

/* Prepare, connect, send. A lack is found before anybody is bothered. */
static int send_to(struct transfer *transfer, const char *address)
{
	struct progress *progress = transfer->tick_data;
	int socket, status;

	status = send_status(transfer, transfer_open(transfer));
	if (status)
		return status;
	socket = address_connect(address);
	if (socket < 0)
		return -socket;
	progress->start = now();
	status = send_status(transfer, run_transfer(transfer, socket));
	close(socket);
	return status;
}

static int send_sources(struct sources *sources,
			const struct send_options *send, const char *address)
{
	struct progress progress;
	struct transfer transfer;
	struct send_report report = {
		.transfer = &transfer,
		.address = address,
	};

	transfer_init(&transfer, send->method, sources->list, sources->nr);
	transfer.tick = show_progress;
	transfer.tick_data = &progress;
	progress_begin(&progress, transfer.bytes, send->quiet);
	report.status = send_to(&transfer, address);
	report.seconds = now() - progress.start;
	progress_end(&progress);
	send_report_error(&report);
	if (send->json)
		send_report_json(&report);
	else if (!send->quiet && report.status == STATUS_OK)
		send_report_text(&report);
	transfer_close(&transfer);
	return report.status;
}

int cmd_send(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "FILE... ADDRESS",
		.doc = "Connect to ADDRESS and send FILEs, one behind the other, then close the connection once all has arrived."
		       "\vADDRESS is HOST:PORT, [IPV6]:PORT or unix:PATH. A progress line is shown where stderr is a terminal.\n\n"
		       "Exit status: 0 all has arrived; 1 it has not; 2 the command line is wrong; 3 the device or a kernel feature is missing; 4 interrupted.",
	};
	struct send_options send = { .method = &method_zcopy };
	struct sources sources;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &send);
	tool_catch_signals();
	status = sources_open(&sources, send.words, send.nr_words - 1,
			      send.header, send.trailer);
	if (status)
		return status;
	status = send_sources(&sources, &send, send.words[send.nr_words - 1]);
	sources_close(&sources);
	return status;
}
