// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that are no file of a file system on something: what has offsets
 * and can be read is sent as sendfile(2) would, the others have an errno each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "matrix.h"

static int open_pipe(void)
{
	int ends[2];

	/* The other end stays open: at its end, a pipe is different. */
	return pipe2(ends, O_CLOEXEC) ? -1 : ends[0];
}

static int open_socket(void)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
		       ? -1
		       : ends[0];
}

static int open_event(void)
{
	return eventfd(1, EFD_CLOEXEC);
}

static int open_epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int open_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	return fd;
}

static int open_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_for_writing(void)
{
	return open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
}

static int open_path_only(void)
{
	return open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

static int open_huge(void)
{
	int fd;

	zt_write_line("/proc/sys/vm/nr_hugepages", "1");
	fd = memfd_create("zcopy-test", MFD_CLOEXEC | MFD_HUGETLB);
	if (fd >= 0 && ftruncate(fd, 2 * MIB)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_proc(void)
{
	return open("/proc/version", O_RDONLY | O_CLOEXEC);
}

static int open_sysctl(void)
{
	return open("/proc/sys/kernel/ostype", O_RDONLY | O_CLOEXEC);
}

static int open_sysfs(void)
{
	return open("/sys/kernel/uevent_seqnum", O_RDONLY | O_CLOEXEC);
}

static int open_null(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int open_zero(void)
{
	return open("/dev/zero", O_RDONLY | O_CLOEXEC);
}

static int open_random(void)
{
	return open("/dev/urandom", O_RDONLY | O_CLOEXEC);
}

struct mx_other mx_others[] = {
	{ .name = "a pipe", .open = open_pipe, .error = ESPIPE },
	{ .name = "a socket", .open = open_socket, .error = ESPIPE },
	{ .name = "eventfd", .open = open_event, .error = ESPIPE },
	{ .name = "epoll", .open = open_epoll, .error = ESPIPE },
	{ .name = "a terminal", .open = open_terminal, .error = ESPIPE },
	{ .name = "a directory", .open = open_directory, .error = EISDIR },
	{ .name = "a file, O_WRONLY",
	  .open = open_for_writing,
	  .error = EACCES },
	{ .name = "a file, O_PATH", .open = open_path_only, .error = EBADF },
	{ .name = "hugetlbfs", .open = open_huge },
	{ .name = "/proc/version", .open = open_proc },
	{ .name = "/proc/sys/kernel/ostype", .open = open_sysctl },
	{ .name = "/sys/kernel/uevent_seqnum", .open = open_sysfs },
	{ .name = "/dev/null", .open = open_null },
	{ .name = "/dev/zero", .open = open_zero },
	{ .name = "/dev/urandom", .open = open_random },
};

const unsigned int mx_nr_others = sizeof(mx_others) / sizeof(*mx_others);

/* Each has at least a byte, but for the ones without an end or a beginning. */
static void try_zcopy(struct mx_other *other, int fd, int tx, int dev)
{
	struct zcopy_segment segment;
	struct zcopy_send send;

	zcopy_segment_file(&segment, fd, 0, 1);
	zcopy_send_init(&send, tx, &segment, 1);
	if (zcopy_send(dev, &send)) {
		other->zcopy.error = errno;
		return;
	}
	mx_check(send.out_sent == 1, "zcopy sent %llu bytes of 1",
		 (unsigned long long)send.out_sent);
	other->zcopy.result = send.out_copied ? MX_COPIED : MX_SHARED;
}

static void try_sendfile(struct mx_other *other, int fd, int tx)
{
	off_t offset = 0;
	ssize_t ret = sendfile(tx, fd, &offset, 1);

	/* Such pages belong to nobody else, and can't be told from copies. */
	if (ret == 1)
		other->sendfile.result = MX_COPIED;
	else
		other->sendfile.error = ret ? errno : ENODATA;
}

void mx_other_try(struct mx_other *other, int dev)
{
	int fd = other->open();
	struct zt_pair pair;

	if (fd < 0) {
		other->lacking = mx_errno_name(errno);
		return;
	}
	zt_pair_open(&pair, ZT_TCP4, 0);
	try_zcopy(other, fd, pair.tx, dev);
	try_sendfile(other, fd, pair.tx);
	zt_pair_close(&pair);
	close(fd);
	if (other->error)
		mx_check(other->zcopy.error == other->error, "refused with %s",
			 mx_errno_name(other->zcopy.error));
	mx_check(other->zcopy.result >= other->sendfile.result,
		 "worse than sendfile");
}

const struct mx_odd_socket mx_odd_sockets[] = {
	{ "UDP", AF_INET, SOCK_DGRAM, 0 },
	{ "UDP over IPv6", AF_INET6, SOCK_DGRAM, 0 },
	{ "raw IP", AF_INET, SOCK_RAW, IPPROTO_UDP },
	{ "AF_UNIX datagrams", AF_UNIX, SOCK_DGRAM, 0 },
	{ "AF_UNIX SOCK_SEQPACKET", AF_UNIX, SOCK_SEQPACKET, 0 },
	{ "vsock SOCK_SEQPACKET", AF_VSOCK, SOCK_SEQPACKET, 0 },
	{ "netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	{ "AF_ALG", AF_ALG, SOCK_SEQPACKET, 0 },
};

const unsigned int mx_nr_odd_sockets = sizeof(mx_odd_sockets) /
				       sizeof(*mx_odd_sockets);

bool mx_odd_socket_try(const struct mx_odd_socket *odd, int dev,
		       struct mx_outcome *outcome)
{
	int fd = socket(odd->domain, odd->type | SOCK_CLOEXEC, odd->protocol);
	int file = zt_memory_file("content", 7);
	struct zcopy_segment segment;
	struct zcopy_send send;

	if (fd < 0)
		return false;
	zcopy_segment_file(&segment, file, 0, 7);
	zcopy_send_init(&send, fd, &segment, 1);
	if (zcopy_send(dev, &send))
		outcome->error = errno;
	mx_check(outcome->error == ESOCKTNOSUPPORT, "%s",
		 mx_errno_name(outcome->error));
	close(file);
	close(fd);
	return true;
}
