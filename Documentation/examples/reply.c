// SPDX-License-Identifier: GPL-2.0
/*
 * reply FILE PORT: a web server for one file. Each request is answered with a
 * header and the file in one SEND, and the connection is kept for the next.
 *
 *	curl -s http://127.0.0.1:PORT/ | cmp - FILE
 *	wrk -c 4 -d 1 http://127.0.0.1:PORT/
 *
 * A process for each connection, and sockets that block: one call is enough.
 */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/zcopy.h>

/* Returns 0 when the peer has been sent all that the header promises. */
static int reply(int device, int peer, int file, int last)
{
	char header[128];
	struct stat stat;
	struct zcopy_segment vector[] = {
		{ .type = ZCOPY_SEGMENT_USER, .offset = (uintptr_t)header },
		{ .type = ZCOPY_SEGMENT_FILE, .fd = file },
	};
	struct zcopy_send send = {
		.size = sizeof(send),
		.flags = last ? ZCOPY_SEND_SHUTDOWN : 0,
		.socket = peer,
		.nr_segments = 2,
		.segments = (uintptr_t)vector,
	};

	if (fstat(file, &stat))
		return -1;
	vector[0].len = sprintf(
		header, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n",
		(long long)stat.st_size);
	vector[1].len = stat.st_size;
	/* Should the file shrink now, out_stop is SHORT, and not COMPLETE. */
	return ioctl(device, ZCOPY_IOC_SEND, &send) ||
	       send.out_stop != ZCOPY_STOP_COMPLETE;
}

/* A request ends with an empty line. All that matters: is it the last one? */
static int serve(int device, int peer, int file)
{
	FILE *requests = fdopen(peer, "r");
	char line[4096];
	int last = 0;

	while (requests && fgets(line, sizeof(line), requests)) {
		last |= !strncasecmp(line, "Connection: close", 17);
		if (!strcmp(line, "\r\n") &&
		    (reply(device, peer, file, last) || last))
			break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int listener, device, file, peer, on = 1;

	if (argc != 3)
		errx(1, "usage: reply FILE PORT");
	any.sin6_port = htons(atoi(argv[2]));
	device = open("/dev/zcopy", O_RDWR);
	file = open(argv[1], O_RDONLY);
	listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (device < 0 || file < 0 || listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
	    listen(listener, 64))
		err(1, "cannot begin");

	signal(SIGCHLD, SIG_IGN);
	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		if (!fork())
			return serve(device, peer, file);
		close(peer);
	}
	err(1, "accept");
}
