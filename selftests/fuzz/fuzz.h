/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's world: contexts, files and streams that threads do random things
 * to. See fuzz.c for the rules of the game, which in short are:
 *
 * A byte of a source is either the one that its pattern has at that offset or,
 * where somebody may have cut or resized the source, a zero. Whoever writes to a
 * source writes its pattern. So the bytes of an honest stream can be judged,
 * whatever happened meanwhile. Of a wild stream only their number is known.
 *
 * Lock order: file, context, map, stream.tx_lock, stream.rx_lock. Two of one kind
 * are taken in the order of their indices.
 */
#ifndef FZ_FUZZ_H
#define FZ_FUZZ_H

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cover.h"
#include "recipe.h"
#include "util.h"

#define FZ_CONTEXTS 4
#define FZ_FILES 8
#define FZ_MAPS 4
/* Of each family of sockets. */
#define FZ_STREAMS (ZT_VSOCK + 1)
#define FZ_WILD_STREAMS 3
#define FZ_THREADS 16
#define FZ_SEGMENTS 12
/* Descriptors that anybody may replace at any time have these numbers. */
#define FZ_WILD_FD 700
#define FZ_WILD_FDS 24

/* Patterns: of each context, of each file, and of user memory. */
#define FZ_PATTERN_USER (FZ_CONTEXTS + FZ_FILES)
#define FZ_PATTERNS (FZ_PATTERN_USER + 1)
/* Content that is all zeros. */
#define FZ_PATTERN_ZERO FZ_PATTERNS

#define FZ_FILE_MAX MIB
#define FZ_USER_LEN (256 * KIB)
/* Wild addresses begin less than 2^FZ_USER_REACH behind the start of it. */
#define FZ_USER_REACH 19
/* So that what a device writes there hits nobody's memory, as much is reserved. */
#define FZ_USER_SPACE ((1UL << FZ_USER_REACH) + 64 * KIB)

/* What is done; counted by name. */
enum fz_kind {
	FZ_SEND,
	FZ_WILD_SEND,
	FZ_SCRIBBLE,
	FZ_WILD_DESCRIPTOR,
	FZ_WILD_MEMORY,
	FZ_WILD_IOCTL,
	FZ_WILD_RECEIVE,
	FZ_KILL,
	FZ_RECEIVE,
	FZ_VERIFY,
	FZ_STREAM_END,
	FZ_STREAM_OPTION,
	FZ_RESIZE,
	FZ_MAP,
	FZ_BUFFER_IO,
	FZ_CONTEXT_REOPEN,
	FZ_FILE_CHANGE,
	FZ_FILE_REOPEN,
	FZ_INFO,
	FZ_SIGNAL,
	FZ_PARAMETER,
	FZ_KINDS,
};

/* One context. Exclusive: its descriptor is replaced. */
struct fz_context {
	pthread_rwlock_t lock;
	int fd;
};

/* A file, unlinked. Exclusive: its descriptor is replaced. */
struct fz_file {
	pthread_rwlock_t lock;
	int fd;
	bool may_change;
	bool has_zeros;
	uint64_t len; /* as it was made */
};

/* A mapping of a context's buffer, or none. */
struct fz_map {
	pthread_mutex_t lock;
	unsigned int context;
	unsigned char *address;
	size_t len;
	size_t offset;
};

/* Bytes that a stream was given, in order. */
struct fz_entry {
	unsigned int pattern;
	bool may_be_zero;
	uint64_t offset;
	uint64_t len;
};

/*
 * An honest stream. A SEND and the note that is made of it hold tx_lock; what is
 * read is appended to came, with rx_lock. Who holds both may compare.
 */
struct fz_stream {
	pthread_mutex_t tx_lock;
	pthread_mutex_t rx_lock;
	enum zt_family family;
	struct zt_pair pair;
	struct fz_entry *entries;
	size_t nr_entries;
	size_t room_entries;
	uint64_t noted; /* bytes of all entries */
	unsigned char *came;
	uint64_t nr_came;
	uint64_t room_came;
	uint64_t read; /* bytes, of all that came */
	bool broken;   /* the last bytes may be lost */
};

/* A stream that anybody uses for anything. */
struct fz_wild_stream {
	pthread_mutex_t lock; /* for reading and for replacing it */
	struct zt_pair pair;
	uint64_t came;
	bool broken;
};

/* Arguments that change while they are used; mapped, and open as a file. */
struct fz_shared {
	struct zcopy_send send;
	struct zcopy_segment segments[FZ_SEGMENTS];
};

struct fz_thread {
	unsigned int index;
	struct fz_recipe *recipe;
	const struct fz_step *step; /* being done; or NULL */
	uint64_t random;
	uint32_t drawn; /* choices of this step so far */
	struct fz_cover cover;
	unsigned int found; /* places that were new in this episode */
	pthread_t thread;
	/* Whoever holds it finds the thread running, or not. */
	pthread_mutex_t lock;
	bool runs;	   /* and can be sent a signal */
	int inject;	   /* see inject.h; -1 on a kernel that can't */
	atomic_uint doing; /* enum fz_kind, for who waits in vain */
};

struct fz_world {
	struct fz_context contexts[FZ_CONTEXTS];
	struct fz_file files[FZ_FILES];
	struct fz_map maps[FZ_MAPS];
	struct fz_stream streams[FZ_STREAMS];
	struct fz_wild_stream wild_streams[FZ_WILD_STREAMS];
	struct fz_thread threads[FZ_THREADS];
	unsigned int nr_threads;
	unsigned char *user; /* FZ_USER_LEN bytes of FZ_USER_SPACE */
	int shared_fd;
	struct fz_shared *shared; /* where it is, whenever it is */
	uint64_t noted;		  /* honest bytes of streams that are gone */
	uint64_t wild_came;
	bool bytes_lost; /* a wild stream broke */
};

extern struct fz_world world;
extern atomic_ulong fz_count[FZ_KINDS];
extern atomic_bool fz_failed;
/* How many have come to this thread. */
extern __thread volatile sig_atomic_t fz_sigpipes;

/* fuzz.c */
void fz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The next choice, any number. */
static inline uint32_t fz_draw(struct fz_thread *thread)
{
	uint32_t number = zt_random(&thread->random);
	unsigned int i;

	for (i = 0; thread->step && i < thread->step->nr_tweaks; i++) {
		if (thread->step->tweaks[i].at == thread->drawn)
			number = thread->step->tweaks[i].number;
	}
	thread->drawn++;
	return number;
}

/* A number below @n. */
static inline uint32_t fz_pick(struct fz_thread *thread, uint32_t n)
{
	return fz_draw(thread) % n;
}

static inline bool fz_one_in(struct fz_thread *thread, uint32_t n)
{
	return fz_pick(thread, n) == 0;
}

/* Small numbers are as likely as large ones; below 2^@bits. */
static inline uint64_t fz_number(struct fz_thread *thread, unsigned int bits)
{
	uint64_t value = fz_draw(thread);

	value = value << 32 | fz_draw(thread);
	return value >> (63 - fz_pick(thread, bits)) >> 1;
}

/* pattern.c */
void fz_pattern_init(void);
void fz_pattern_get(unsigned int pattern, uint64_t offset, void *to,
		    size_t len);
/* How many bytes are as they may be. */
size_t fz_pattern_match(const struct fz_entry *entry, uint64_t skip,
			const unsigned char *bytes, size_t len);
/* Whether all are the pattern's, or zeros. */
bool fz_pattern_or_zero(unsigned int pattern, uint64_t offset,
			const unsigned char *bytes, size_t len);

/* world.c */
void fz_world_open(void);
void fz_world_close(void);
void fz_context_reopen(struct fz_thread *thread);
void fz_file_reopen(struct fz_thread *thread);

/* stream.c: a protocol that the kernel lacks is replaced by AF_UNIX */
void fz_pair_open(struct zt_pair *pair, enum zt_family family);
void fz_stream_open(struct fz_stream *stream, enum zt_family family);
void fz_stream_close(struct fz_stream *stream);
void fz_stream_was_shut(struct fz_stream *stream);
void fz_stream_note(struct fz_stream *stream, struct fz_entry entry);
void fz_receive(struct fz_thread *thread);
void fz_verify(struct fz_thread *thread);
void fz_stream_end(struct fz_thread *thread);
void fz_stream_option(struct fz_thread *thread);

/* send.c */
void fz_send(struct fz_thread *thread);

/* change.c */
void fz_resize(struct fz_thread *thread);
void fz_map(struct fz_thread *thread);
void fz_buffer_io(struct fz_thread *thread);
void fz_file_change(struct fz_thread *thread);
void fz_info(struct fz_thread *thread);
void fz_parameter(struct fz_thread *thread);
void fz_signal(struct fz_thread *thread);
/* On a kernel that can, now and then: from here on something fails, once. */
bool fz_arm(struct fz_thread *thread);
void fz_disarm(struct fz_thread *thread);

/* wild.c */
void fz_wild_open(void);
void fz_wild_close(void);
void fz_wild_send(struct fz_thread *thread);
void fz_scribble(struct fz_thread *thread);
void fz_wild_descriptor(struct fz_thread *thread);
void fz_wild_memory(struct fz_thread *thread);
void fz_wild_ioctl(struct fz_thread *thread);
void fz_wild_receive(struct fz_thread *thread);
void fz_kill(struct fz_thread *thread);

#endif /* FZ_FUZZ_H */
