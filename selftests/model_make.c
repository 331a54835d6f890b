// SPDX-License-Identifier: GPL-2.0
/*
 * Random vectors for the model test: each is made of the seed and its number
 * alone, so that one of many thousand can be sent again. See model.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

uint64_t zm_mix(uint64_t seed, uint64_t number)
{
	uint64_t word = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
	return word ^ (word >> 31);
}

uint32_t zm_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)(((uint64_t)zt_random(state) * limit) >> 32);
}

bool zm_once_in(uint64_t *state, uint32_t times)
{
	return !zm_below(state, times);
}

/* A number of pages, give or take a byte. */
static size_t around_pages(uint64_t *state)
{
	return (1 + zm_below(state, 5)) * zt_page_size() + zm_below(state, 3) -
	       1;
}

/* Most are small: many vectors find more than long ones. */
static size_t random_len(uint64_t *state)
{
	switch (zm_below(state, 32)) {
	case 0:
	case 1:
	case 2:
		return 0;
	case 3:
	case 4:
	case 5:
	case 6:
		return 1 + zm_below(state, 16);
	case 7:
	case 8:
	case 9:
		return around_pages(state);
	case 10:
	case 11:
		return zm_below(state, 40000);
	case 12:
		return zm_once_in(state, 4) ? zm_below(state, 200 * KIB) : 1;
	default:
		return zm_below(state, 3000);
	}
}

static size_t random_offset(uint64_t *state, size_t len)
{
	size_t page = zt_page_size();

	if (zm_once_in(state, 4))
		return zm_below(state, (uint32_t)(len / page)) * page;
	return zm_below(state, (uint32_t)len);
}

static size_t at_most(size_t len, size_t limit)
{
	return len < limit ? len : limit;
}

/* The vector ends in segment @i, which promises @missing bytes too many. */
static void end_early(struct zm_vector *vector, unsigned int i, size_t missing,
		      uint32_t stop, int error)
{
	vector->zt.segments[i].len += missing;
	if (vector->end_stop != ZCOPY_STOP_COMPLETE)
		return;
	vector->end_stop = stop;
	vector->end_error = error;
	vector->limit = vector->zt.len;
}

static void add_file(struct zm_vector *vector, const struct zm_world *world)
{
	uint64_t *state = &vector->state;
	unsigned int i = vector->zt.nr;
	enum zm_file file = vector->drops && zm_once_in(state, 2)
				    ? ZM_COLD
				    : zm_below(state, ZM_FILES);
	const struct zm_source *source = &world->files[file];
	size_t offset = random_offset(state, ZM_FILE_LEN);
	size_t len = at_most(random_len(state), ZM_FILE_LEN - offset);
	bool to_end = zm_once_in(state, 10);

	if (to_end) {
		len = random_len(state);
		offset = ZM_FILE_LEN - len;
	}
	vector->file[i] = file;
	zt_add_file(&vector->zt, source->fd, source->content, offset, len);
	if (!to_end && zm_once_in(state, 60)) {
		/* From somewhere to beyond the end, or all behind it. */
		vector->zt.len -= len;
		len = zm_once_in(state, 3) ? 0 : ZM_FILE_LEN - offset;
		offset = len ? offset : ZM_FILE_LEN + offset;
		vector->zt.nr--;
		zt_add_file(&vector->zt, source->fd, source->content,
			    len ? offset : 0, len)
			->offset = offset;
		end_early(vector, i, 1 + random_len(state), ZCOPY_STOP_SHORT,
			  ENODATA);
	}
	vector->len[i] = vector->zt.segments[i].len;
	if (to_end) {
		/* Behind the end there is nothing, which is not an error. */
		if (!len)
			vector->zt.segments[i].offset += random_len(state);
		vector->zt.segments[i].len = ZCOPY_TO_END;
	}
}

static void add_buffer(struct zm_vector *vector, const struct zm_world *world)
{
	uint64_t *state = &vector->state;
	unsigned int i = vector->zt.nr;
	size_t offset = random_offset(state, ZM_BUFFER);
	size_t len = at_most(random_len(state), ZM_BUFFER - offset);

	zt_add_buffer(&vector->zt, world->buffer_content, offset, len);
	vector->len[i] = len;
}

static void add_user(struct zm_vector *vector, const struct zm_world *world)
{
	uint64_t *state = &vector->state;
	unsigned int i = vector->zt.nr;
	size_t offset = random_offset(state, ZM_MEMORY);
	size_t len = at_most(random_len(state), ZM_MEMORY - offset);
	bool beyond = zm_once_in(state, 80);

	if (beyond)
		offset = ZM_MEMORY - len;
	zt_add_user(&vector->zt, world->memory + offset, len);
	if (beyond)
		end_early(vector, i, 1 + zm_below(state, 4000),
			  ZCOPY_STOP_SOURCE_ERROR, EFAULT);
	vector->len[i] = vector->zt.segments[i].len;
}

static void add_segment(struct zm_vector *vector, const struct zm_world *world)
{
	unsigned int i = vector->zt.nr;

	switch (zm_below(&vector->state, 8)) {
	case 0:
		vector->len[i] = random_len(&vector->state);
		zt_add_zero(&vector->zt, vector->len[i]);
		break;
	case 1:
	case 2:
		add_user(vector, world);
		break;
	case 3:
	case 4:
		add_buffer(vector, world);
		break;
	default:
		add_file(vector, world);
		break;
	}
	vector->total += vector->len[i];
}

static unsigned int random_nr(uint64_t *state)
{
	switch (zm_below(state, 16)) {
	case 0:
		return 1 + zm_below(state, ZM_MAX_SEGMENTS);
	case 1:
	case 2:
	case 3:
		return 5 + zm_below(state, 8);
	case 4:
		return zm_once_in(state, 8) ? 0 : 1;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		return 1;
	default:
		return 2 + zm_below(state, 3);
	}
}

static int random_room(uint64_t *state)
{
	static const int rooms[] = { 1, 1, 5000, 9000, 20000, 65536, 200000 };

	return rooms[zm_below(state, sizeof(rooms) / sizeof(*rooms))];
}

/* Whether it waits, and what ends the wait. */
static void make_manner(struct zm_vector *vector)
{
	uint64_t *state = &vector->state;

	if (zm_once_in(state, 2))
		vector->flags |= ZCOPY_SEND_NOWAIT;
	else if (zm_once_in(state, 3))
		vector->nonblock = true;
	if (zm_once_in(state, 8))
		vector->flags |= ZCOPY_SEND_MORE;
	if (zm_once_in(state, 150))
		vector->flags |= ZCOPY_SEND_SHUTDOWN;
	vector->room = random_room(state);
	vector->nagle = zm_once_in(state, 40);
	vector->again = zm_once_in(state, 8);
	if (zm_once_in(state, 12))
		vector->wait = 1000 * (1 + zm_below(state, 8));
	if (zm_once_in(state, 4)) {
		vector->alarms = 1 + zm_below(state, 6);
		vector->restart = zm_once_in(state, 2);
	}
}

/* Might the socket wait for a peer that reads only when the call is over? */
static bool needs_thread(const struct zm_vector *vector)
{
	if (vector->nonblock || vector->flags & ZCOPY_SEND_NOWAIT)
		return false;
	return vector->room < 20000 || vector->limit > 8000;
}

static void make_reader(struct zm_vector *vector, bool reckless)
{
	uint64_t *state = &vector->state;

	if (reckless)
		vector->way = ZM_DIRTY + zm_below(state, ZM_WAYS - ZM_DIRTY);
	else if (zm_once_in(state, 4))
		vector->way = zm_below(state, ZM_WAYS);
	vector->step = 1 + zm_below(state, 64 * KIB);
	if (zm_once_in(state, 3))
		vector->step = MIB;
	vector->beside = needs_thread(vector) || zm_once_in(state, 12);
	if (!vector->beside)
		return;
	/* Stop for a while, or be slow. */
	if (zm_once_in(state, 8))
		vector->hold = 300 + zm_below(state, 2000);
	if (zm_once_in(state, 16)) {
		vector->step = at_most(vector->step, 20000) + 3000;
		vector->pause = 100 + zm_below(state, 400);
	}
}

void zm_make(struct zm_vector *vector, const struct zm_maker *maker,
	     unsigned int number)
{
	struct zt_vector zt = vector->zt;
	unsigned int nr;

	/* Its memory is used again. */
	memset(vector, 0, sizeof(*vector));
	vector->zt = zt;
	vector->zt.nr = 0;
	vector->zt.len = 0;
	vector->state = zm_mix(maker->seed ^ maker->salt, number);
	vector->end_stop = ZCOPY_STOP_COMPLETE;
	vector->never = maker->world->never || zm_once_in(&vector->state, 50);
	if (zm_once_in(&vector->state, 8))
		vector->drops = 1 + zm_below(&vector->state, 4);
	if (zm_once_in(&vector->state, vector->drops ? 2 : 12))
		vector->flags |= ZCOPY_SEND_CACHED;
	vector->tries = zm_below(&vector->state, 6);
	make_manner(vector);
	for (nr = random_nr(&vector->state); nr; nr--)
		add_segment(vector, maker->world);
	if (vector->end_stop == ZCOPY_STOP_COMPLETE)
		vector->limit = vector->total;
	make_reader(vector, maker->reckless);
}

static void describe_segment(const struct zm_vector *vector, unsigned int i)
{
	static const char *const types[] = { "?", "FILE", "BUFFER", "USER",
					     "ZERO" };
	static const char *const files[] = { "tmpfs", "disk", "cold" };
	const struct zcopy_segment *segment = &vector->zt.segments[i];
	const uint32_t type = segment->type <= ZCOPY_SEGMENT_ZERO
				      ? segment->type
				      : 0;

	fprintf(stderr,
		"#   %2u %s%s%s from %#llx, %llu bytes%s: done %llu, copied %llu, %s\n",
		i, types[type], type == ZCOPY_SEGMENT_FILE ? " " : "",
		type == ZCOPY_SEGMENT_FILE ? files[vector->file[i]] : "",
		(unsigned long long)segment->offset,
		(unsigned long long)vector->len[i],
		segment->len == ZCOPY_TO_END ? " (to the end)" : "",
		(unsigned long long)segment->out_done,
		(unsigned long long)segment->out_copied,
		zcopy_stop_name(segment->out_stop));
}

void zm_describe(const struct zm_vector *vector)
{
	unsigned int i;

	fprintf(stderr,
		"# %u segments, %llu bytes, of which %llu until \"%s\"; flags %#x%s%s%s, room %d, wait %u us, %u alarms%s, %u drops, %u tries\n",
		vector->zt.nr, (unsigned long long)vector->total,
		(unsigned long long)vector->limit,
		zcopy_stop_name(vector->end_stop), vector->flags,
		vector->nonblock ? ", O_NONBLOCK" : "",
		vector->never ? ", zero_copy=never" : "",
		vector->nagle ? ", Nagle" : "", vector->room, vector->wait,
		vector->alarms, vector->restart ? " (SA_RESTART)" : "",
		vector->drops, vector->tries);
	fprintf(stderr,
		"# read in way %d, %zu bytes at a time%s, pause %u us, hold %u us\n",
		vector->way, vector->step,
		vector->beside ? ", by a thread" : "", vector->pause,
		vector->hold);
	for (i = 0; i < vector->zt.nr; i++)
		describe_segment(vector, i);
}
