// SPDX-License-Identifier: GPL-2.0
/* Connected sockets on this machine, and the thread that reads from one. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tls.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util.h"

/* Seconds without a byte until a receiver gives up. */
#define PATIENCE 30

static void set_room(int fd, int option, int room)
{
	if (room && setsockopt(fd, SOL_SOCKET, option, &room, sizeof(room)))
		zt_die("setsockopt");
}

static socklen_t loopback_address(enum zt_family family,
				  struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (void *)address;
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_vm *vm = (void *)address;

	memset(address, 0, sizeof(*address));
	switch (family) {
	case ZT_TCP4:
	case ZT_MPTCP:
	case ZT_KTLS:
		v4->sin_family = AF_INET;
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*v4);
	case ZT_TCP6:
		v6->sin6_family = AF_INET6;
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	case ZT_VSOCK:
		vm->svm_family = AF_VSOCK;
		vm->svm_cid = VMADDR_CID_LOCAL;
		vm->svm_port = VMADDR_PORT_ANY;
		return sizeof(*vm);
	default:
		/* No path: the kernel picks an abstract name. */
		address->ss_family = AF_UNIX;
		return sizeof(sa_family_t);
	}
}

static int protocol_of(enum zt_family family)
{
	return family == ZT_MPTCP ? IPPROTO_MPTCP : 0;
}

/* -1 where the kernel has not got the family. */
static int listen_if_there(enum zt_family family, int room)
{
	struct sockaddr_storage address;
	socklen_t length = loopback_address(family, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC,
			protocol_of(family));

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit it, in time for TCP's window. */
	set_room(fd, SO_RCVBUF, room);
	if (!bind(fd, (struct sockaddr *)&address, length) && !listen(fd, 64))
		return fd;
	close(fd);
	return -1;
}

int zt_listen(enum zt_family family, int room)
{
	int fd = listen_if_there(family, room);

	if (fd < 0)
		zt_die("socket, bind or listen");
	return fd;
}

static int connect_if_there(int listener, enum zt_family family, int room)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd;

	if (getsockname(listener, (struct sockaddr *)&address, &length))
		zt_die("getsockname");
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC,
		    protocol_of(family));
	if (fd < 0)
		zt_die("socket");
	set_room(fd, SO_SNDBUF, room);
	if (!connect(fd, (struct sockaddr *)&address, length))
		return fd;
	close(fd);
	return -1;
}

int zt_connect(int listener, enum zt_family family, int room)
{
	int fd = connect_if_there(listener, family, room);

	if (fd < 0)
		zt_die("connect");
	return fd;
}

bool zt_ktls_tell_key(int fd, int direction)
{
	const struct tls12_crypto_info_aes_gcm_128 key = {
		.info = { .version = TLS_1_2_VERSION,
			  .cipher_type = TLS_CIPHER_AES_GCM_128 },
		.key = "anything will do",
	};

	return !setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")) &&
	       !setsockopt(fd, SOL_TLS, direction, &key, sizeof(key));
}

bool zt_pair_open_if_there(struct zt_pair *pair, enum zt_family family,
			   int room)
{
	int listener = listen_if_there(family, room);

	pair->tx = -1;
	pair->rx = -1;
	if (listener < 0)
		return false;
	pair->tx = connect_if_there(listener, family, room);
	if (pair->tx >= 0)
		pair->rx = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (pair->rx >= 0 &&
	    (family != ZT_KTLS || (zt_ktls_tell_key(pair->tx, TLS_TX) &&
				   zt_ktls_tell_key(pair->rx, TLS_RX))))
		return true;
	zt_pair_close(pair);
	return false;
}

void zt_pair_open(struct zt_pair *pair, enum zt_family family, int room)
{
	if (!zt_pair_open_if_there(pair, family, room))
		zt_die("a pair of sockets");
}

bool zt_has_come(void *rx)
{
	char byte;

	return recv(*(int *)rx, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void zt_pair_close(struct zt_pair *pair)
{
	if (pair->tx >= 0)
		close(pair->tx);
	if (pair->rx >= 0)
		close(pair->rx);
	pair->tx = -1;
	pair->rx = -1;
}

size_t zt_stray_bytes(const struct zt_pair *pair)
{
	static const char marker[] = "nothing came before this marker";
	char came[4096];
	size_t got = 0;
	ssize_t ret;

	if (send(pair->tx, marker, sizeof(marker), MSG_NOSIGNAL) !=
	    sizeof(marker))
		zt_die("send of the marker");
	while (got < sizeof(marker) || memcmp(came + got - sizeof(marker),
					      marker, sizeof(marker)) != 0) {
		if (got == sizeof(came))
			return got;
		ret = recv(pair->rx, came + got, sizeof(came) - got, 0);
		if (ret <= 0)
			zt_die("recv of the marker");
		got += (size_t)ret;
	}
	return got - sizeof(marker);
}

size_t zt_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;
	ssize_t ret;

	while (got < len) {
		ret = read(fd, (char *)buf + got, len - got);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			break;
		got += (size_t)ret;
	}
	return got;
}

int zt_unsent(int tx)
{
	int bytes;

	if (ioctl(tx, SIOCOUTQNSD, &bytes))
		zt_die("SIOCOUTQNSD");
	return bytes;
}

static bool discards_when_asked(int fd)
{
	int domain = 0;
	socklen_t length = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length))
		zt_die("SO_DOMAIN");
	return domain == AF_INET || domain == AF_INET6;
}

/* Remember the first byte that is not what it should be. */
static void compare(struct zt_receiver *receiver, const unsigned char *data,
		    size_t len)
{
	uint64_t at = receiver->received;
	size_t i, known = 0;

	if (receiver->wrong_at != UINT64_MAX)
		return;
	if (at < receiver->expect_len)
		known = receiver->expect_len - at < len
				? receiver->expect_len - at
				: len;
	if (known < len)
		receiver->wrong_at = at + known;
	if (!known || !memcmp(data, receiver->expect + at, known))
		return;
	for (i = 0; data[i] == receiver->expect[at + i]; i++)
		;
	receiver->wrong_at = at + i;
}

static void *receive(void *arg)
{
	struct zt_receiver *receiver = arg;
	bool discard = !receiver->expect && discards_when_asked(receiver->fd);
	size_t room = discard ? GIB : 256 * KIB;
	unsigned char *data = discard ? NULL : zt_alloc(room);
	ssize_t ret;

	for (;;) {
		ret = recv(receiver->fd, data, room, discard ? MSG_TRUNC : 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			break;
		if (receiver->expect)
			compare(receiver, data, (size_t)ret);
		receiver->received += (uint64_t)ret;
	}
	receiver->error = ret < 0 ? errno : 0;
	free(data);
	return NULL;
}

void zt_receiver_start(struct zt_receiver *receiver, int fd, const void *expect,
		       size_t expect_len)
{
	const struct timeval patience = { .tv_sec = PATIENCE * zt_slack() };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		zt_die("SO_RCVTIMEO");
	memset(receiver, 0, sizeof(*receiver));
	receiver->fd = fd;
	receiver->expect = expect;
	receiver->expect_len = expect_len;
	receiver->wrong_at = UINT64_MAX;
	if (pthread_create(&receiver->thread, NULL, receive, receiver))
		zt_die("pthread_create");
}

const char *zt_receiver_finish(struct zt_receiver *receiver)
{
	static char wrong[128];

	if (pthread_join(receiver->thread, NULL))
		zt_die("pthread_join");
	if (receiver->error == EAGAIN)
		snprintf(wrong, sizeof(wrong),
			 "after %llu bytes nothing came for %d s",
			 (unsigned long long)receiver->received,
			 PATIENCE * zt_slack());
	else if (receiver->error)
		snprintf(wrong, sizeof(wrong), "recv: %s",
			 strerror(receiver->error));
	else if (receiver->wrong_at != UINT64_MAX)
		snprintf(wrong, sizeof(wrong), "byte %llu of %llu is wrong",
			 (unsigned long long)receiver->wrong_at,
			 (unsigned long long)receiver->received);
	else if (receiver->expect && receiver->received != receiver->expect_len)
		snprintf(wrong, sizeof(wrong), "%llu bytes came, not %zu",
			 (unsigned long long)receiver->received,
			 receiver->expect_len);
	else
		return "";
	return wrong;
}
