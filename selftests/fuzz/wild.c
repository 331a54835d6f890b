// SPDX-License-Identifier: GPL-2.0
/*
 * Wild calls: every argument may change while the kernel looks at it, the memory
 * that holds it may go, descriptors are replaced at any time. Any result is
 * right; what counts is that the kernel survives, and that as many bytes come as
 * the module says it has sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

/* What the numbers from FZ_WILD_FD on are usually open on. */
#define WILD_DEVICES 6
#define WILD_SOCKETS 6
/* No wild call writes more than that. */
#define GUARD (64 * KIB)

static size_t shared_len(void)
{
	size_t page = zt_page_size();

	return (sizeof(struct fz_shared) + page - 1) / page * page;
}

static int wild_fd(struct fz_thread *thread)
{
	return FZ_WILD_FD + (int)fz_pick(thread, FZ_WILD_FDS);
}

static int wild_device(struct fz_thread *thread)
{
	return FZ_WILD_FD + (int)fz_pick(thread, WILD_DEVICES);
}

static int wild_socket(struct fz_thread *thread)
{
	return FZ_WILD_FD + WILD_DEVICES + (int)fz_pick(thread, WILD_SOCKETS);
}

static int new_device(void)
{
	int fd = zcopy_open();

	if (fd >= 0)
		zcopy_set_buffer(fd, 8 * zt_page_size());
	return fd;
}

/* The sending end of a wild stream, once more. */
static int new_socket(struct fz_thread *thread)
{
	struct fz_wild_stream *stream =
		&world.wild_streams[fz_pick(thread, FZ_WILD_STREAMS)];
	int fd;

	pthread_mutex_lock(&stream->lock);
	fd = fcntl(stream->pair.tx, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&stream->lock);
	return fd;
}

/* An honest file, but nobody can write to it through this descriptor. */
static int new_reader(struct fz_thread *thread)
{
	struct fz_file *file = &world.files[fz_pick(thread, FZ_FILES)];
	char path[64];
	int fd;

	pthread_rwlock_rdlock(&file->lock);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	pthread_rwlock_unlock(&file->lock);
	return fd;
}

static int new_pipe_end(struct fz_thread *thread)
{
	unsigned int which = fz_pick(thread, 2);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	close(ends[!which]);
	return ends[which];
}

static int new_oddity(struct fz_thread *thread)
{
	switch (fz_pick(thread, 8)) {
	case 0:
		return new_pipe_end(thread);
	case 1:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 2:
		return open("/", O_PATH | O_CLOEXEC);
	case 3:
		return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	case 4:
		return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	case 5:
		return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 6:
		return zt_listen(ZT_TCP4, 0);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

static int new_descriptor(struct fz_thread *thread, int slot)
{
	if (fz_one_in(thread, 8))
		return new_oddity(thread);
	if (slot < FZ_WILD_FD + WILD_DEVICES)
		return new_device();
	if (slot < FZ_WILD_FD + WILD_DEVICES + WILD_SOCKETS)
		return new_socket(thread);
	return new_reader(thread);
}

/* The number leads elsewhere from one moment to the next, or nowhere. */
void fz_wild_descriptor(struct fz_thread *thread)
{
	int slot = wild_fd(thread);
	int fd = fz_one_in(thread, 8) ? -1 : new_descriptor(thread, slot);

	if (fd < 0) {
		close(slot);
		return;
	}
	if (dup3(fd, slot, O_CLOEXEC) != slot && errno != EBUSY)
		fz_fail("dup3: %s", strerror(errno));
	close(fd);
}

static uint64_t wild_address(struct fz_thread *thread)
{
	switch (fz_pick(thread, 8)) {
	case 0:
		return fz_number(thread, 64);
	case 1:
		return (uintptr_t)world.shared + shared_len() -
		       fz_number(thread, 10);
	case 2 ... 3:
		return (uintptr_t)world.user + fz_number(thread, FZ_USER_REACH);
	default:
		return (uintptr_t)world.shared->segments;
	}
}

static void wild_segment(struct fz_thread *thread, unsigned int i)
{
	struct zcopy_segment segment = {
		.type = 1 + fz_pick(thread, 4),
		.offset = fz_number(thread, 16),
		.len = fz_one_in(thread, 10) ? fz_number(thread, 64)
					     : fz_number(thread, 17),
	};

	if (segment.type == ZCOPY_SEGMENT_FILE)
		segment.fd = wild_fd(thread);
	else if (segment.type == ZCOPY_SEGMENT_USER)
		segment.offset = wild_address(thread);
	else if (segment.type == ZCOPY_SEGMENT_ZERO)
		segment.offset = 0;
	if (fz_one_in(thread, 10))
		segment.type = (uint32_t)fz_number(thread, 32);
	(void)!pwrite(world.shared_fd, &segment, sizeof(segment),
		      (off_t)(offsetof(struct fz_shared, segments) +
			      i * sizeof(segment)));
}

static void wild_request(struct fz_thread *thread)
{
	struct zcopy_send send = {
		.size = sizeof(send),
		.flags = fz_pick(thread, 16),
		.socket = wild_socket(thread),
		.nr_segments = fz_pick(thread, FZ_SEGMENTS + 1),
		.segments = wild_address(thread),
		.done = fz_one_in(thread, 4) ? fz_number(thread, 16) : 0,
	};

	/* A half-closed stream would be of little use to the others. */
	if (!fz_one_in(thread, 50))
		send.flags &= ~(uint32_t)ZCOPY_SEND_SHUTDOWN;
	if (fz_one_in(thread, 20))
		send.size = (uint32_t)fz_number(thread, 14);
	if (fz_one_in(thread, 20))
		send.nr_segments = (uint32_t)fz_number(thread, 32);
	(void)!pwrite(world.shared_fd, &send, sizeof(send), 0);
}

/* One byte of what is there becomes another one. */
static void wild_byte(struct fz_thread *thread)
{
	unsigned char byte = (unsigned char)fz_number(thread, 9);

	(void)!pwrite(world.shared_fd, &byte, 1,
		      fz_pick(thread, sizeof(struct fz_shared)));
}

void fz_scribble(struct fz_thread *thread)
{
	unsigned int rounds = 1 + fz_pick(thread, 40);

	while (rounds--) {
		switch (fz_pick(thread, 4)) {
		case 0:
			wild_request(thread);
			break;
		case 1:
			wild_byte(thread);
			break;
		default:
			wild_segment(thread, fz_pick(thread, FZ_SEGMENTS));
			break;
		}
	}
}

/* The address is never free, so that nothing else can come to lie there. */
void fz_wild_memory(struct fz_thread *thread)
{
	int protection = PROT_READ | PROT_WRITE, fd = world.shared_fd;
	void *map;

	switch (fz_pick(thread, 8)) {
	case 0:
		protection = PROT_NONE;
		break;
	case 1:
		protection = PROT_READ;
		break;
	case 2:
		fd = wild_device(thread);
		break;
	}
	/*
	 * First elsewhere: a device that refuses, asked with MAP_FIXED, leaves a
	 * hole, and another thread's memory might come to lie there.
	 */
	map = mmap(NULL, shared_len(), protection, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		mprotect(world.shared, shared_len(), protection);
	else if (mremap(map, shared_len(), shared_len(),
			MREMAP_MAYMOVE | MREMAP_FIXED,
			world.shared) == MAP_FAILED)
		munmap(map, shared_len());
}

void fz_wild_send(struct fz_thread *thread)
{
	int fd = fz_one_in(thread, 20) ? wild_fd(thread) : wild_device(thread);
	uint64_t address = (uintptr_t)&world.shared->send;
	bool armed;

	if (fz_one_in(thread, 20))
		address = wild_address(thread);
	armed = fz_arm(thread);
	ioctl(fd, ZCOPY_IOC_SEND, address);
	if (armed)
		fz_disarm(thread);
}

/* Every other thing that can be asked of the device. */
void fz_wild_ioctl(struct fz_thread *thread)
{
	unsigned int cmd = _IO(ZCOPY_IOC_TYPE, fz_pick(thread, 6));
	uint64_t address = wild_address(thread);
	unsigned int how = fz_pick(thread, 4);
	int fd = wild_device(thread);
	size_t map_len = 3 * zt_page_size();
	void *map = MAP_FAILED;
	bool armed;

	if (fz_one_in(thread, 10))
		cmd ^= 1u << fz_pick(thread, 32);
	armed = fz_arm(thread);
	if (how == 0) {
		(void)!pread(fd, (void *)(uintptr_t)address, 5000,
			     (off_t)fz_number(thread, 16));
	} else if (how == 1) {
		(void)!pwrite(fd, (void *)(uintptr_t)address, 5000,
			      (off_t)fz_number(thread, 16));
	} else if (how == 2) {
		map = mmap(NULL, map_len, PROT_READ, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED && !munmap(map, map_len))
			map = MAP_FAILED;
	} else {
		ioctl(fd, cmd, address);
	}
	if (armed)
		fz_disarm(thread);
	/* It was munmap() that failed, and the device would stay in use. */
	if (map != MAP_FAILED)
		munmap(map, map_len);
}

static ssize_t receive(struct fz_wild_stream *stream)
{
	static __thread unsigned char bytes[64 * KIB];
	ssize_t got = recv(stream->pair.rx, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0)
		stream->came += (uint64_t)got;
	return got;
}

static void open_stream(struct fz_wild_stream *stream, enum zt_family family)
{
	const struct timeval wait = { .tv_usec = 20000 };

	fz_pair_open(&stream->pair, family);
	setsockopt(stream->pair.tx, SOL_SOCKET, SO_RCVTIMEO, &wait,
		   sizeof(wait));
}

void fz_wild_receive(struct fz_thread *thread)
{
	unsigned int i = fz_pick(thread, FZ_WILD_STREAMS);
	struct fz_wild_stream *stream = &world.wild_streams[i];
	unsigned int rounds = fz_pick(thread, 30);
	bool replace = fz_one_in(thread, 100);

	pthread_mutex_lock(&stream->lock);
	if (replace) {
		/* Whoever sends to it now gets an error, and bytes are lost. */
		stream->broken = true;
		zt_pair_close(&stream->pair);
		open_stream(stream, i);
	}
	while (rounds-- && receive(stream) > 0)
		;
	pthread_mutex_unlock(&stream->lock);
}

/* What a child does until it is killed; it has its own random numbers. */
static void live_as_child(struct fz_thread *thread)
{
	unsigned int rounds = 200;

	while (rounds--) {
		fz_scribble(thread);
		ioctl(wild_device(thread), ZCOPY_IOC_SEND, world.shared);
	}
	_exit(0);
}

void fz_kill(struct fz_thread *thread)
{
	useconds_t life = (useconds_t)fz_number(thread, 13);
	pid_t child = fork();

	if (!child)
		live_as_child(thread);
	if (child < 0)
		return;
	usleep(life);
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

void fz_wild_open(void)
{
	struct fz_thread thread = { .random = 1 };
	unsigned int i;
	int fd;

	world.shared_fd = memfd_create("zcopy-fuzz", MFD_CLOEXEC);
	if (world.shared_fd < 0 ||
	    ftruncate(world.shared_fd, (off_t)shared_len()))
		zt_die("memfd_create");
	/* What reaches beyond its end must not hit somebody else's memory. */
	world.shared = mmap(NULL, shared_len() + GUARD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world.shared == MAP_FAILED ||
	    mmap(world.shared, shared_len(), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, world.shared_fd, 0) == MAP_FAILED)
		zt_die("mmap");
	for (i = 0; i < FZ_WILD_STREAMS; i++) {
		memset(&world.wild_streams[i], 0, sizeof(*world.wild_streams));
		pthread_mutex_init(&world.wild_streams[i].lock, NULL);
		open_stream(&world.wild_streams[i], i);
	}
	for (i = 0; i < FZ_WILD_FDS; i++) {
		fd = new_descriptor(&thread, FZ_WILD_FD + (int)i);
		if (fd < 0 || dup3(fd, FZ_WILD_FD + (int)i, O_CLOEXEC) < 0)
			zt_die("a wild descriptor");
		close(fd);
	}
	wild_request(&thread);
	for (i = 0; i < FZ_SEGMENTS; i++)
		wild_segment(&thread, i);
}

static void drain(struct fz_wild_stream *stream)
{
	double end = zt_now() + 20 * zt_slack();
	ssize_t got;

	shutdown(stream->pair.tx, SHUT_WR);
	while ((got = receive(stream))) {
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (zt_now() > end) {
			fz_fail("a wild stream does not end");
			break;
		}
		if (got < 0)
			usleep(1000);
	}
	if (got < 0)
		stream->broken = true;
	world.wild_came += stream->came;
	world.bytes_lost |= stream->broken;
	zt_pair_close(&stream->pair);
	pthread_mutex_destroy(&stream->lock);
}

void fz_wild_close(void)
{
	unsigned int i;

	/* A mapping of a device may be all that is left of it. */
	munmap(world.shared, shared_len() + GUARD);
	close(world.shared_fd);
	for (i = 0; i < FZ_WILD_FDS; i++)
		close(FZ_WILD_FD + (int)i);
	for (i = 0; i < FZ_WILD_STREAMS; i++)
		drain(&world.wild_streams[i]);
}
