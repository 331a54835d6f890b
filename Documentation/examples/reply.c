// SPDX-License-Identifier: GPL-2.0
/*
 * reply FILE PORT: answer every connection with a header, the file and the end
 * of the stream, in one SEND: what a small web server does.
 *
 *	curl -s http://127.0.0.1:PORT/ | cmp - FILE
 *
 * The socket does not block. When it is full, poll() and call again with the
 * same struct: the kernel keeps the place in "done".
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/zcopy.h>

static int listen_on(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 8))
		err(1, "port %d", port);
	return fd;
}

/* Send all of it, however often the socket fills up; 0 or the errno. */
static int send_all(int device, struct zcopy_send *send)
{
	struct pollfd room = { .fd = send->socket, .events = POLLOUT };

	do {
		if (ioctl(device, ZCOPY_IOC_SEND, send) && errno != EAGAIN &&
		    errno != EINTR)
			return errno;
		if (send->out_stop == ZCOPY_STOP_SOCKET_FULL)
			poll(&room, 1, -1);
	} while (send->out_stop == ZCOPY_STOP_SOCKET_FULL ||
		 send->out_stop == ZCOPY_STOP_INTERRUPTED);
	return send->out_error;
}

static int reply(int device, int peer, int file, long long size)
{
	char header[128];
	struct zcopy_segment vector[] = {
		{ .type = ZCOPY_SEGMENT_USER, .offset = (uintptr_t)header },
		{ .type = ZCOPY_SEGMENT_FILE, .fd = file, .len = size },
	};
	struct zcopy_send send = {
		.size = sizeof(send),
		.flags = ZCOPY_SEND_NOWAIT | ZCOPY_SEND_SHUTDOWN,
		.socket = peer,
		.nr_segments = 2,
		.segments = (uintptr_t)vector,
	};

	snprintf(header, sizeof(header),
		 "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\n\r\n", size);
	vector[0].len = strlen(header);
	return send_all(device, &send);
}

int main(int argc, char **argv)
{
	int listener, device, file;
	struct stat stat;

	if (argc != 3)
		errx(1, "usage: reply FILE PORT");
	device = open("/dev/zcopy", O_RDWR);
	if (device < 0)
		err(1, "/dev/zcopy");
	file = open(argv[1], O_RDONLY);
	if (file < 0 || fstat(file, &stat))
		err(1, "%s", argv[1]);

	for (listener = listen_on(atoi(argv[2]));;) {
		int peer = accept(listener, NULL, NULL);
		char request[4096];
		int error;

		if (peer < 0 || read(peer, request, sizeof(request)) < 0)
			err(1, "accept");
		error = reply(device, peer, file, stat.st_size);
		if (error)
			warnx("%s: %s", argv[1], strerror(error));
		close(peer);
	}
}
