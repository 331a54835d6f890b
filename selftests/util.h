/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test programs share: connected sockets, a receiver that compares
 * every byte with what it should be, vectors that know their own content, and
 * files with a known pattern. Nothing here knows about the test harness, except
 * that a test which runs out of its own means (memory, descriptors) ends.
 *
 * Words: "tx" is the end that zcopy sends into, "rx" the end that is read.
 */
#ifndef ZT_UTIL_H
#define ZT_UTIL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libzcopy.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/* End the test program with a sentence: the test itself cannot go on. */
_Noreturn void zt_die(const char *what);
/* Memory that never runs out quietly. */
void *zt_alloc(size_t len);
size_t zt_page_size(void);
/* The tests run where everything must be there: nothing may be skipped. */
bool zt_strict(void);
/* The kernel is a process: user-mode Linux, which has no 32-bit door. */
bool zt_user_mode_linux(void);
/*
 * The machine is very slow (a debug kernel on an emulated processor), so that what
 * takes gigabytes shall make do with megabytes: ZCOPY_TEST_LESS.
 */
bool zt_less(void);
/*
 * For tests in which pages have to be given back: a packet that is freed on
 * another CPU may wait there for the next one.
 */
void zt_stay_on_one_cpu(void);
/* Seconds since some fixed time, for limits on waits. */
double zt_now(void);

/* ---- sockets ---- */

enum zt_family {
	ZT_TCP4,
	ZT_TCP6,
	ZT_UNIX,
	ZT_KTLS, /* both ends in the kernel, with a key that both are told */
	ZT_MPTCP,
	ZT_VSOCK,
};

struct zt_pair {
	int tx;
	int rx;
};

/*
 * A connected pair of stream sockets. @room, unless 0, is set as the size of
 * tx's send buffer and of rx's receive buffer.
 */
void zt_pair_open(struct zt_pair *pair, enum zt_family family, int room);
/* The same; or false if the kernel has not got the family. */
bool zt_pair_open_if_there(struct zt_pair *pair, enum zt_family family,
			   int room);
void zt_pair_close(struct zt_pair *pair);
/* What ZT_KTLS does to a TCP socket: TLS_TX or TLS_RX. False: kTLS refuses. */
bool zt_ktls_tell_key(int fd, int direction);
/* For zt_wait_until(): is there a byte to be read? @rx is a pointer to an int. */
bool zt_has_come(void *rx);
/* A listening socket; *@address of *@length bytes is where to connect to. */
int zt_listen(enum zt_family family, int room);
int zt_connect(int listener, enum zt_family family, int room);
/* Bytes that came through before a marker that is sent now: should be 0. */
size_t zt_stray_bytes(const struct zt_pair *pair);
/* Read exactly @len bytes, or fewer at the end; returns how many came. */
size_t zt_read_full(int fd, void *buf, size_t len);
/* Bytes that sit in tx's send queue and have not been put on the wire. */
int zt_unsent(int tx);

/* ---- receiver ---- */

/*
 * Reads @fd until its end in a thread of its own. With @expect it compares,
 * without it counts only (and lets TCP discard, so that 5 GiB cost little). It
 * gives up when nothing has come for half a minute: a test that hangs says nothing.
 */
struct zt_receiver {
	int fd;
	const unsigned char *expect;
	size_t expect_len;
	pthread_t thread;
	uint64_t received;
	uint64_t wrong_at; /* the first wrong byte, or UINT64_MAX */
	int error;	   /* errno of recv(), or 0 */
};

void zt_receiver_start(struct zt_receiver *receiver, int fd, const void *expect,
		       size_t expect_len);
/* Waits for the end of the stream. Returns "" or what was wrong. */
const char *zt_receiver_finish(struct zt_receiver *receiver);

/* ---- content ---- */

/* Bytes in which every aligned word tells its place and @seed. */
void zt_pattern(void *buf, size_t len, uint64_t seed);
/* A stream of numbers that is the same in every run. */
uint32_t zt_random(uint64_t *state);

/* ---- files ---- */

/* A directory on a disk file system, if there is one (ZCOPY_TEST_DIR). */
const char *zt_disk_dir(void);
/* An unlinked file, open for reading and writing, that holds @data. */
int zt_file(const char *dir, const void *data, size_t len);
/* The same on tmpfs. */
int zt_memory_file(const void *data, size_t len);
/* A file of @len bytes that is one hole. */
int zt_sparse_file(const char *dir, uint64_t len);
/* A path that opens the same file anew, also if it is unlinked. */
const char *zt_self_path(int fd);
/* Another descriptor of the same file, opened anew with @flags. */
int zt_reopen(int fd, int flags);
/* Write @fd back and drop its pages; how many of its bytes stay cached. */
size_t zt_drop_cache(int fd);
/* Bytes of [offset, offset + len) of @fd that are in the page cache. */
size_t zt_cached(int fd, uint64_t offset, size_t len);

/* ---- vectors ---- */

/* A vector of segments together with the bytes that it stands for. */
struct zt_vector {
	struct zcopy_segment *segments;
	unsigned int nr;
	unsigned int room;
	unsigned char *bytes;
	size_t len;
	size_t bytes_room;
};

void zt_vector_init(struct zt_vector *vector);
void zt_vector_free(struct zt_vector *vector);
/*
 * Append a segment. @content is what the source holds at its start; the bytes
 * of the segment are those from @offset on.
 */
struct zcopy_segment *zt_add_file(struct zt_vector *vector, int fd,
				  const void *content, size_t offset,
				  size_t len);
struct zcopy_segment *zt_add_buffer(struct zt_vector *vector,
				    const void *content, size_t offset,
				    size_t len);
struct zcopy_segment *zt_add_user(struct zt_vector *vector, const void *memory,
				  size_t len);
struct zcopy_segment *zt_add_zero(struct zt_vector *vector, size_t len);
/*
 * Bytes of the vector that have to be copied: those of USER segments, or all
 * where the administrator has said zero_copy=never.
 */
uint64_t zt_must_copy(const struct zt_vector *vector);
/* Whether the module's parameter zero_copy lets pages be shared. */
bool zt_zero_copy(void);

/* One SEND, or several that go on from one another, with what they returned. */
struct zt_call {
	struct zcopy_send send;
	uint64_t before;    /* the cursor before the last call */
	unsigned int first; /* the segment that it was in */
	uint64_t kept;	    /* fingerprint of the segments before that */
	int ret;
	int error; /* errno, or 0 */
};

void zt_call_init(struct zt_call *call, int socket,
		  const struct zt_vector *vector, uint32_t flags);
/* Call once, from where the cursor stands; all outputs are spoiled before. */
int zt_call(int dev, struct zt_call *call);
/* A whole vector from its start, in one call. */
int zt_send(int dev, int socket, const struct zt_vector *vector, uint32_t flags,
	    struct zt_call *call);
/*
 * Whether what the last zt_call() brought, for arguments that are valid, agrees
 * with itself and with the header. Returns "" or what was wrong.
 */
const char *zt_inconsistency(const struct zt_call *call);
/* Bytes that the last call has copied in segments of one type. */
uint64_t zt_copied(const struct zt_call *call, uint32_t type);

/* ---- the machine ---- */

/* One line of /proc/meminfo in bytes. */
uint64_t zt_meminfo(const char *name);
/* The module's reference count, or -1. */
int zt_module_references(void);
/*
 * Other programs use the module at the same time (soak.sh, ZCOPY_TEST_TOGETHER):
 * what counts its users, or all that it has sent, is not this program's alone.
 */
bool zt_together(void);
/*
 * Wait until the module has no more users than @references; false after @seconds,
 * and slack. True at once where others use it: who runs them looks in the end.
 */
bool zt_module_is_left(int references, double seconds);
/* Open files of the whole system. */
long zt_open_files(void);
/* Descriptors of this process. */
unsigned int zt_descriptors(void);
/*
 * How many times longer than usual things may take, from the environment: a
 * debug kernel is slow.
 */
int zt_slack(void);

/* Wait until the test returns true; false after @seconds, and slack. */
bool zt_wait_until(bool (*test)(void *arg), void *arg, double seconds);
/* The value of a sysfs or procfs file as text, or NULL. */
const char *zt_read_line(const char *path);
bool zt_write_line(const char *path, const char *text);

#endif /* ZT_UTIL_H */
