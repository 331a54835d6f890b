// SPDX-License-Identifier: GPL-2.0
/* sendfile FILE HOST PORT: send a file to a TCP server, without copying it. */
#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/zcopy.h>

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *to;
	struct zcopy_segment file = { .type = ZCOPY_SEGMENT_FILE };
	struct zcopy_send send = { .size = sizeof(send), .nr_segments = 1 };
	unsigned long long copied = 0;
	int device;

	if (argc != 4 || getaddrinfo(argv[2], argv[3], &hints, &to))
		errx(1, "usage: sendfile FILE HOST PORT");
	device = open("/dev/zcopy", O_RDWR);
	file.fd = open(argv[1], O_RDONLY);
	send.socket = socket(to->ai_family, SOCK_STREAM, 0);
	if (device < 0 || file.fd < 0 || send.socket < 0 ||
	    connect(send.socket, to->ai_addr, to->ai_addrlen))
		err(1, "cannot begin");

	file.len = ZCOPY_TO_END;
	send.segments = (uintptr_t)&file;
	do {
		if (ioctl(device, ZCOPY_IOC_SEND, &send))
			err(1, "cannot send");
		copied += send.out_copied;
	} while (send.out_stop == ZCOPY_STOP_INTERRUPTED);

	printf("%llu of %llu bytes sent, %llu copied\n", send.done, file.len,
	       copied);
	return send.out_stop != ZCOPY_STOP_COMPLETE;
}
