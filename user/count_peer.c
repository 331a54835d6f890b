// SPDX-License-Identifier: GPL-2.0
/* The table's receivers, and the virtual devices on the way to them. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "count_table.h"
#include "tool.h"

#define BUFFER_BYTES (1UL << 20)

/* Addresses set aside for examples: RFC 5737. */
#define NEAR_DEVICE "zcopy0"
#define NEAR_ADDRESS "192.0.2.1/24"
#define FAR_DEVICE "zcopy1"
#define FAR_ADDRESS "192.0.2.2/24"
#define FAR_HOST "192.0.2.2"

/* ip(8) with these words, which a NULL ends. */
static int run_ip(char *const *words)
{
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, words[0], NULL, NULL, words, environ)) {
		say_error("cannot run ip: apt-get install iproute2");
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

#define ip(...) run_ip((char *[]){ "ip", __VA_ARGS__, NULL })

static int bring_up(char *device)
{
	return ip("link", "set", device, "up");
}

static int listen_anywhere(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	if (fd >= 0 && !bind(fd, (struct sockaddr *)address, len) &&
	    !listen(fd, 8) &&
	    !getsockname(fd, (struct sockaddr *)address, &len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The bytes of one connection, thrown away where they are. */
static uint64_t swallow(int listener, char *buffer)
{
	int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	uint64_t bytes = 0;
	ssize_t ret;

	while ((ret = recv(socket, buffer, BUFFER_BYTES, MSG_TRUNC)) > 0)
		bytes += ret;
	close(socket);
	return bytes;
}

/*
 * The life of a receiver. The one in a namespace of its own waits until its
 * device is there before it gives it an address.
 */
static void serve(int control, bool own_namespace)
{
	char *buffer = malloc(BUFFER_BYTES), byte = 0;
	struct sockaddr_in address;
	uint64_t bytes;
	int listener;

	if (own_namespace && (unshare(CLONE_NEWNET) || bring_up("lo")))
		_exit(1);
	if (send(control, &byte, 1, MSG_NOSIGNAL) != 1 ||
	    recv(control, &byte, 1, 0) != 1)
		_exit(1);
	if (own_namespace &&
	    (ip("addr", "add", FAR_ADDRESS, "dev", FAR_DEVICE) ||
	     bring_up(FAR_DEVICE)))
		_exit(1);
	listener = listen_anywhere(&address);
	if (!buffer || listener < 0 ||
	    send(control, &address, sizeof(address), MSG_NOSIGNAL) < 0)
		_exit(1);
	do {
		bytes = swallow(listener, buffer);
	} while (send(control, &bytes, sizeof(bytes), MSG_NOSIGNAL) > 0);
	_exit(0);
}

static int peer_fork(struct peer *peer, bool own_namespace)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	peer->pid = fork();
	if (!peer->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_DFL);
		close(pair[0]);
		serve(pair[1], own_namespace);
	}
	close(pair[1]);
	peer->control = pair[0];
	return peer->pid > 0 && recv(pair[0], &byte, 1, 0) == 1 ? 0 : -1;
}

/* Let it listen, and learn where. */
static int peer_listen(struct peer *peer, const char *host)
{
	char byte = 0;

	if (send(peer->control, &byte, 1, MSG_NOSIGNAL) != 1 ||
	    recv(peer->control, &peer->address, sizeof(peer->address), 0) !=
		    sizeof(peer->address))
		return -1;
	inet_pton(AF_INET, host, &peer->address.sin_addr);
	return 0;
}

static int connect_namespaces(pid_t far)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", far);
	return ip("link", "add", NEAR_DEVICE, "type", "veth", "peer", "name",
		  FAR_DEVICE, "netns", number) ||
	       ip("addr", "add", NEAR_ADDRESS, "dev", NEAR_DEVICE) ||
	       bring_up(NEAR_DEVICE);
}

int peers_start(struct peer peers[2])
{
	memset(peers, 0, 2 * sizeof(*peers));
	peers[0].control = -1;
	peers[1].control = -1;
	if (unshare(CLONE_NEWNET) || bring_up("lo")) {
		say_error("cannot make a network namespace: %s",
			  strerror(errno));
		return STATUS_MISSING;
	}
	if (peer_fork(&peers[0], false) ||
	    peer_listen(&peers[0], "127.0.0.1")) {
		say_error("the receiver does not start");
		return STATUS_FAILED;
	}
	if (peer_fork(&peers[1], true) || connect_namespaces(peers[1].pid) ||
	    peer_listen(&peers[1], FAR_HOST)) {
		say_error("cannot make a pair of virtual devices (veth)");
		return STATUS_MISSING;
	}
	return STATUS_OK;
}

void peers_stop(struct peer peers[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (peers[i].control >= 0)
			close(peers[i].control);
		if (peers[i].pid <= 0)
			continue;
		kill(peers[i].pid, SIGTERM);
		while (waitpid(peers[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

int peers_set_gather(bool on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SSG, .data = on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	strcpy(request.ifr_name, NEAR_DEVICE);
	ret = fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &request);
	if (ret)
		say_error("cannot switch scatter-gather %s: %s",
			  on ? "on" : "off", strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

int peer_report(const struct peer *peer, uint64_t *bytes)
{
	ssize_t ret;

	do {
		ret = recv(peer->control, bytes, sizeof(*bytes), 0);
	} while (ret < 0 && errno == EINTR && !tool_stopped);
	return ret == sizeof(*bytes) ? 0 : -1;
}
