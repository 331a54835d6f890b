// SPDX-License-Identifier: GPL-2.0
/* HOST:PORT, [IPV6]:PORT and unix:PATH to connected and listening sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "tool.h"

static const char unix_prefix[] = "unix:";

static bool is_unix(const char *address)
{
	return !strncmp(address, unix_prefix, strlen(unix_prefix));
}

static int fill_unix(const char *address, struct sockaddr_un *unix_address)
{
	const char *path = address + strlen(unix_prefix);

	if (!*path || strlen(path) >= sizeof(unix_address->sun_path)) {
		say_error(
			"'%s' does not fit a unix socket's path: give 1 to %zu bytes after 'unix:'",
			address, sizeof(unix_address->sun_path) - 1);
		return -STATUS_USAGE;
	}
	memset(unix_address, 0, sizeof(*unix_address));
	unix_address->sun_family = AF_UNIX;
	strcpy(unix_address->sun_path, path);
	return 0;
}

/* Splits HOST:PORT in place; @host becomes NULL for an empty host. */
static int split_host(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');
	char *end;

	if (!colon || !colon[1])
		return -1;
	*colon = '\0';
	*port = colon + 1;
	*host = text;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || end[1])
			return -1;
		*end = '\0';
		*host = text + 1;
	} else if (strchr(text, ':')) {
		return -1;
	}
	if (!**host)
		*host = NULL;
	return 0;
}

static int resolve(const char *address, int flags, struct addrinfo **list)
{
	struct addrinfo hints = { .ai_flags = flags,
				  .ai_socktype = SOCK_STREAM };
	char *text = strdup(address);
	char *host, *port;
	int ret;

	if (!text || split_host(text, &host, &port)) {
		say_error(
			"'%s' is not an address: write HOST:PORT, [IPV6]:PORT or unix:PATH",
			address);
		free(text);
		return -STATUS_USAGE;
	}
	ret = getaddrinfo(host, port, &hints, list);
	free(text);
	if (!ret)
		return 0;
	say_error("cannot look up '%s': %s", address,
		  ret == EAI_SYSTEM ? strerror(errno) : gai_strerror(ret));
	return -STATUS_FAILED;
}

static void say_connect_error(const char *address)
{
	switch (errno) {
	case ECONNREFUSED:
	case ENOENT:
		say_error(
			"cannot connect to %s: nobody is listening there; start 'zcopy recv %s' first",
			address, address);
		break;
	case EINTR:
		say_error("interrupted while connecting to %s", address);
		break;
	default:
		say_error("cannot connect to %s: %s", address, strerror(errno));
	}
}

static int connect_to(const char *address, int family,
		      const struct sockaddr *to, socklen_t len, bool last)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !connect(fd, to, len))
		return fd;
	if (last)
		say_connect_error(address);
	if (fd >= 0)
		close(fd);
	return tool_stopped ? -STATUS_INTERRUPTED : -STATUS_FAILED;
}

int address_connect(const char *address)
{
	struct addrinfo *list, *next;
	struct sockaddr_un path;
	int fd;

	if (is_unix(address)) {
		fd = fill_unix(address, &path);
		return fd ? fd
			  : connect_to(address, AF_UNIX,
				       (struct sockaddr *)&path, sizeof(path),
				       true);
	}
	fd = resolve(address, 0, &list);
	if (fd)
		return fd;
	for (next = list; next; next = next->ai_next) {
		fd = connect_to(address, next->ai_family, next->ai_addr,
				next->ai_addrlen, !next->ai_next);
		if (fd >= 0 || tool_stopped)
			break;
	}
	freeaddrinfo(list);
	return fd;
}

static int listen_on(const char *address, int family, const struct sockaddr *at,
		     socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd >= 0 && family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd >= 0 && !bind(fd, at, len) && !listen(fd, 128))
		return fd;
	if (errno == EADDRINUSE)
		say_error(
			"cannot listen on %s: somebody else does, or has left %s behind",
			address, family == AF_UNIX ? "the file" : "it");
	else
		say_error("cannot listen on %s: %s", address, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -STATUS_FAILED;
}

int address_listen(const char *address)
{
	struct sockaddr_un path;
	struct addrinfo *list;
	int fd;

	if (is_unix(address)) {
		fd = fill_unix(address, &path);
		return fd ? fd
			  : listen_on(address, AF_UNIX,
				      (struct sockaddr *)&path, sizeof(path));
	}
	fd = resolve(address, AI_PASSIVE, &list);
	if (fd)
		return fd;
	fd = listen_on(address, list->ai_family, list->ai_addr,
		       list->ai_addrlen);
	freeaddrinfo(list);
	return fd;
}

void address_forget(const char *address)
{
	const char *path = address + strlen(unix_prefix);
	struct stat status;

	if (is_unix(address) && !lstat(path, &status) &&
	    S_ISSOCK(status.st_mode))
		unlink(path);
}

char *address_name(int fd, char *text, size_t size)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, any, &len)) {
		snprintf(text, size, "?");
	} else if (any->sa_family == AF_UNIX) {
		snprintf(text, size, "unix:%s",
			 ((struct sockaddr_un *)any)->sun_path);
	} else if (getnameinfo(any, len, host, sizeof(host), port, sizeof(port),
			       NI_NUMERICHOST | NI_NUMERICSERV)) {
		snprintf(text, size, "?");
	} else if (any->sa_family == AF_INET6) {
		snprintf(text, size, "[%s]:%s", host, port);
	} else {
		snprintf(text, size, "%s:%s", host, port);
	}
	return text;
}

bool address_is_tcp(int fd)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
	       protocol == IPPROTO_TCP;
}
