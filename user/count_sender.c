// SPDX-License-Identifier: GPL-2.0
/* One transfer of the table, in a process that is counted while it sends. */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "count_table.h"
#include "tool.h"

#define COLD_TRIES 50

static void fail(struct result *result, const char *what)
{
	result->failed = true;
	snprintf(result->text, sizeof(result->text), "%s: %s", what,
		 strerror(errno));
}

/* Pages of the file in memory, or -1. */
static long resident(int fd, uint64_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t nr = (bytes + page - 1) / page, i;
	unsigned char *map = calloc(nr, 1);
	long pages = -1;
	void *base;

	base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map && base != MAP_FAILED && !mincore(base, bytes, map)) {
		for (pages = 0, i = 0; i < nr; i++)
			pages += map[i] & 1;
	}
	if (base != MAP_FAILED)
		munmap(base, bytes);
	free(map);
	return pages;
}

/*
 * What was received may still hold the pages: each CPU keeps packets to free,
 * until the next one arrives there. So send one, to nobody, on each of them.
 */
static void poke_network(void)
{
	struct sockaddr_in nobody = { .sin_family = AF_INET,
				      .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long cpus = sysconf(_SC_NPROCESSORS_CONF), cpu;
	cpu_set_t before, set;

	sched_getaffinity(0, sizeof(before), &before);
	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (cpu = 0; cpu < cpus && cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (!sched_setaffinity(0, sizeof(set), &set))
			sendto(fd, "", 1, 0, (struct sockaddr *)&nobody,
			       sizeof(nobody));
	}
	sched_setaffinity(0, sizeof(before), &before);
	close(fd);
}

/* Throw the file out of the page cache. */
static int make_cold(int fd, uint64_t bytes, struct result *result)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	int tries, ret = 0;

	for (tries = 0; !ret && tries < COLD_TRIES; tries++) {
		if (tries)
			nanosleep(&moment, NULL);
		poke_network();
		ret = fsync(fd);
		if (!ret)
			ret = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		if (!ret && resident(fd, bytes) <= 0)
			return 0;
	}
	if (!ret)
		errno = EBUSY;
	fail(result, "the file stays in the page cache");
	return -1;
}

static int make_warm(int fd, uint64_t bytes, struct result *result)
{
	char *buffer = malloc(METHOD_CHUNK);
	uint64_t offset = 0;
	ssize_t ret = buffer ? 1 : -1;

	while (ret > 0 && offset < bytes) {
		ret = pread(fd, buffer, METHOD_CHUNK, offset);
		offset += ret > 0 ? ret : 0;
	}
	free(buffer);
	if (ret < 0)
		fail(result, "the file cannot be read");
	return ret < 0 ? -1 : 0;
}

static int prepare_cache(const struct row *row, const struct source *source,
			 struct result *result)
{
	return row->cold ? make_cold(source->fd, source->len, result)
			 : make_warm(source->fd, source->len, result);
}

static int connect_peer(const struct peer *peer, struct result *result)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    !connect(fd, (const void *)&peer->address, sizeof(peer->address)))
		return fd;
	fail(result, "no connection");
	return -1;
}

/* Only this is counted, and the bpf(2) that ends it. */
static int send_counted(struct transfer *transfer, const struct probes *probes)
{
	pid_t self = gettid();
	int ret;

	if (probes_add(probes, self))
		return -1;
	ret = transfer_send(transfer);
	if (!ret)
		ret = transfer_finish(transfer);
	probes_remove(probes, self);
	return ret;
}

static uint64_t retransmitted(int socket)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_bytes_retrans;
}

static void take_result(const struct transfer *transfer, int ret,
			struct result *result)
{
	result->sent = transfer->sent;
	result->confirmed = transfer->confirmed;
	result->copied = transfer->copied;
	if (ret)
		transfer_explain(transfer, result->text, sizeof(result->text));
	else
		snprintf(result->text, sizeof(result->text), "%s",
			 transfer->settings);
	result->failed = ret;
	result->retransmitted = retransmitted(transfer->socket);
}

/* The child's life: @result is shared with the parent. */
static void send_file(const struct table *table, const struct probes *probes,
		      const struct peer *peer, const struct row *row,
		      struct result *result)
{
	struct source source = { .name = table->path, .len = table->bytes };
	struct transfer transfer;
	int socket, ret;

	source.fd = open(table->path, O_RDONLY | O_CLOEXEC);
	if (source.fd < 0) {
		fail(result, table->path);
		return;
	}
	socket = connect_peer(peer, result);
	if (socket < 0)
		return;
	result->connected = true;
	transfer_init(&transfer, row->method, &source, 1);
	transfer.call_bytes = table->chunk;
	ret = transfer_open(&transfer);
	if (!ret)
		ret = transfer_attach(&transfer, socket);
	if (!ret && prepare_cache(row, &source, result)) {
		transfer_close(&transfer);
		return;
	}
	if (!ret)
		ret = send_counted(&transfer, probes);
	take_result(&transfer, ret, result);
	shutdown(socket, SHUT_WR);
	transfer_close(&transfer);
}

static struct result *shared_result(void)
{
	struct result *result;

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return result == MAP_FAILED ? NULL : result;
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	say_error("the sender crashed");
	return -1;
}

static int run_child(const struct table *table, const struct probes *probes,
		     const struct peer *peer, struct row *row)
{
	struct result *result = shared_result();
	int ret = -1;
	pid_t child;

	if (!result)
		return -1;
	fflush(NULL);
	child = fork();
	if (!child) {
		send_file(table, probes, peer, row, result);
		_exit(0);
	}
	if (child > 0)
		ret = wait_for(child);
	row->result = *result;
	munmap(result, sizeof(*result));
	return ret;
}

int sender_run(const struct table *table, const struct probes *probes,
	       const struct peer *peer, struct row *row)
{
	if (probes_reset(probes)) {
		say_error("cannot reset the counters: %s", strerror(errno));
		return -1;
	}
	if (run_child(table, probes, peer, row))
		return -1;
	/* A connection that was made has ended, even if nothing was sent. */
	if (row->result.connected && peer_report(peer, &row->received)) {
		say_error("the receiver does not answer");
		return -1;
	}
	if (probes_settle(probes, &row->figures)) {
		say_error("cannot read the counters: %s", strerror(errno));
		return -1;
	}
	row->figures.syscalls[SYS_bpf] = 0;
	return 0;
}
