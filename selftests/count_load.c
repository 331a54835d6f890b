// SPDX-License-Identifier: GPL-2.0
/*
 * For count.sh: programs whose copies and crossings are known beforehand.
 *
 *	count_load sink			listen on loopback, print the port, and
 *					throw away what comes, for ever
 *	count_load read FILE CHUNK	read the file, nothing else
 *	count_load HOW FILE CHUNK PORT	send it to the sink: HOW is one of
 *		copy		read(2), send(2)
 *		sendfile	sendfile(2)
 *		ktls		read(2), send(2) on a kTLS socket
 *		zerocopy	mmap(2), send(2) with MSG_ZEROCOPY
 *		datagrams	read(2), sendto(2) as UDP
 *
 * Each loop ends with the call that reports the end of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/tls.h>

#define MIB (1UL << 20)

struct load {
	const char *how;
	int file;
	int socket;
	size_t chunk;
	char *buffer;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return address;
}

static void sink(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	char *buffer = malloc(MIB);

	if (bind(listener, (struct sockaddr *)&address, len) ||
	    listen(listener, 8) ||
	    getsockname(listener, (struct sockaddr *)&address, &len))
		die("sink");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		while (recv(fd, buffer, MIB, MSG_TRUNC) > 0)
			;
		close(fd);
	}
}

/* Fixed keys: nobody decrypts this. */
static void start_tls(int fd)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info.version = TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
	};

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) ||
	    setsockopt(fd, SOL_TLS, TLS_TX, &info, sizeof(info)))
		die("kTLS");
}

static void connect_to(struct load *load, int port)
{
	bool datagrams = !strcmp(load->how, "datagrams");
	struct sockaddr_in address = loopback(datagrams ? 9 : port);
	int on = 1;

	load->socket = socket(AF_INET, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (!datagrams &&
	    connect(load->socket, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	if (!strcmp(load->how, "ktls"))
		start_tls(load->socket);
	if (!strcmp(load->how, "zerocopy") &&
	    setsockopt(load->socket, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		die("SO_ZEROCOPY");
}

static ssize_t feed(struct load *load, size_t len)
{
	struct sockaddr_in nobody = loopback(9);

	if (!strcmp(load->how, "read"))
		return len;
	if (!strcmp(load->how, "datagrams"))
		return sendto(load->socket, load->buffer, len, 0,
			      (struct sockaddr *)&nobody, sizeof(nobody));
	return send(load->socket, load->buffer, len, 0);
}

static void read_loop(struct load *load)
{
	ssize_t len;

	while ((len = read(load->file, load->buffer, load->chunk)) > 0) {
		if (feed(load, len) != len)
			die(load->how);
	}
}

static void sendfile_loop(struct load *load)
{
	while (sendfile(load->socket, load->file, NULL, load->chunk) > 0)
		;
}

/* The reports say when the memory may go; what they say is not looked at. */
static void wait_for_reports(int fd, unsigned int calls)
{
	struct pollfd pollfd = { .fd = fd };
	struct msghdr message = { 0 };
	char control[256];
	unsigned int taken = 0;
	struct sock_extended {
		__u32 error;
		__u8 origin, type, code, pad;
		__u32 first, last;
	} * report;

	while (taken < calls && poll(&pollfd, 1, 10000) > 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		if (recvmsg(fd, &message, MSG_ERRQUEUE) < 0)
			die("MSG_ERRQUEUE");
		report = (void *)CMSG_DATA(CMSG_FIRSTHDR(&message));
		taken += report->last - report->first + 1;
	}
}

static void zerocopy_loop(struct load *load)
{
	unsigned int calls = 0;
	struct stat status;
	off_t at;
	char *map;

	fstat(load->file, &status);
	map = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, load->file, 0);
	for (at = 0; at < status.st_size; at += load->chunk, calls++) {
		if (send(load->socket, map + at, load->chunk, MSG_ZEROCOPY) !=
		    (ssize_t)load->chunk)
			die("MSG_ZEROCOPY");
	}
	wait_for_reports(load->socket, calls);
}

int main(int argc, char **argv)
{
	struct load load = { .how = argc > 1 ? argv[1] : "" };

	if (!strcmp(load.how, "sink"))
		sink();
	if (argc < 4)
		return 2;
	load.file = open(argv[2], O_RDONLY);
	load.chunk = strtoul(argv[3], NULL, 0);
	load.buffer = malloc(load.chunk);
	if (load.file < 0 || !load.buffer)
		die(argv[2]);
	if (argc > 4)
		connect_to(&load, atoi(argv[4]));
	if (!strcmp(load.how, "sendfile"))
		sendfile_loop(&load);
	else if (!strcmp(load.how, "zerocopy"))
		zerocopy_loop(&load);
	else
		read_loop(&load);
	return 0;
}
