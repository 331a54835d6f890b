// SPDX-License-Identifier: GPL-2.0
/*
 * The model test: thousands of random vectors, each sent in a random way and
 * compared with a model of what SEND has to do. See model.h.
 *
 *	ZCOPY_SEED=N      the same vectors again (a new seed is printed each time)
 *	ZCOPY_VECTORS=N   so many, over all tests of this program
 *	ZCOPY_VECTOR=N    only this one, in each test; -v tcp4 picks a test
 */
#include <stdlib.h>
#include <sys/random.h>

#include "harness.h"
#include "model.h"

/* Over three variants of each test; and where a vector takes long. */
#define ZM_VECTORS 22500
#define ZM_LESS_VECTORS 1500
/* How often to see that no source has changed. */
#define ZM_LOOK 1000

FIXTURE(model)
{
	struct zm_run run;
};

FIXTURE_VARIANT(model)
{
	enum zt_family family;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(model, tcp4) {
	.family = ZT_TCP4,
};

FIXTURE_VARIANT_ADD(model, tcp6) {
	.family = ZT_TCP6,
};

FIXTURE_VARIANT_ADD(model, unix_stream) {
	.family = ZT_UNIX,
};
/* clang-format on */

static uint64_t seed_of_run(void)
{
	const char *text = getenv("ZCOPY_SEED");
	uint32_t seed;

	if (text)
		return strtoull(text, NULL, 0);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		zt_die("getrandom");
	return seed;
}

static unsigned int vectors_of_run(void)
{
	const char *text = getenv("ZCOPY_VECTORS");

	if (text)
		return (unsigned int)strtoul(text, NULL, 0);
	return zt_less() ? ZM_LESS_VECTORS : ZM_VECTORS;
}

FIXTURE_SETUP(model)
{
	zm_run_open(&self->run, variant->family);
	self->run.maker.seed = seed_of_run();
	/* Now, because a test that hangs prints nothing later. */
	TH_LOG("ZCOPY_SEED=%llu", (unsigned long long)self->run.maker.seed);
}

FIXTURE_TEARDOWN(model)
{
	zm_run_close(&self->run);
}

typedef const char *(*zm_each)(struct zm_run *run, unsigned int number);

/* Run @nr vectors, or the one that was asked for. */
static const char *run_all(struct zm_run *run, zm_each each, unsigned int nr)
{
	const char *only = getenv("ZCOPY_VECTOR");
	const char *text = "";
	unsigned int number;

	if (only)
		return each(run, (unsigned int)strtoul(only, NULL, 0));
	for (number = 0; number < nr && !*text; number++) {
		text = each(run, number);
		if (!*text && number % ZM_LOOK == ZM_LOOK - 1)
			text = zm_world_changes(&run->world, false);
	}
	return text;
}

static void log_run(struct __test_metadata *_metadata, const struct zm_run *run)
{
	const struct zm_tally *tally = &run->tally;
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i <= ZCOPY_SEGMENT_ZERO; i++)
		bytes += tally->bytes[i];
	TH_LOG("%llu calls, %llu bytes", (unsigned long long)tally->calls,
	       (unsigned long long)bytes);
	for (i = 1; i <= ZCOPY_STOP_SOURCE_ERROR; i++)
		TH_LOG("%8llu stopped: %s", (unsigned long long)tally->stops[i],
		       zcopy_stop_name(i));
}

/* A run of some length has to have seen everything that can happen. */
static void expect_all_stops(struct __test_metadata *_metadata,
			     const struct zm_run *run)
{
	unsigned int i;

	for (i = ZCOPY_STOP_COMPLETE; i <= ZCOPY_STOP_SOURCE_ERROR; i++) {
		if (i != ZCOPY_STOP_SOCKET_ERROR)
			EXPECT_LT(0, run->tally.stops[i])
		TH_LOG("never stopped: %s", zcopy_stop_name(i));
	}
}

/* Whatever is asked, in whatever way: all is sent, and counted right. */
TEST_F_TIMEOUT(model, vectors, 400)
{
	unsigned int nr = vectors_of_run() * 4 / 15;

	ASSERT_STREQ("", run_all(&self->run, zm_run_vector, nr));
	EXPECT_STREQ("",
		     zm_compare_stats(&self->run.tally, self->run.world.dev));
	EXPECT_STREQ("", zm_world_changes(&self->run.world, true));
	EXPECT_EQ(0, zm_run_stray(&self->run));
	log_run(_metadata, &self->run);
	if (nr >= 3000 && !getenv("ZCOPY_VECTOR"))
		expect_all_stops(_metadata, &self->run);
}

/*
 * Peers that try to write to the pages that they were given: by writing into
 * pipes behind them, by moving them into files, by sending them on.
 */
TEST_F_TIMEOUT(model, contents_never_change, 200)
{
	unsigned int nr = vectors_of_run() / 30;

	self->run.maker.reckless = true;
	self->run.maker.salt ^= 1;
	ASSERT_STREQ("", run_all(&self->run, zm_run_vector, nr));
	EXPECT_STREQ("", zm_world_changes(&self->run.world, true));
}

/* One defect anywhere: nothing is sent, and the errno says which. */
TEST_F_TIMEOUT(model, refused, 200)
{
	unsigned int nr = vectors_of_run() / 30;

	ASSERT_STREQ("", run_all(&self->run, zm_run_refusal, nr));
	EXPECT_EQ(0, zm_run_stray(&self->run));
	EXPECT_STREQ("",
		     zm_compare_stats(&self->run.tally, self->run.world.dev));
}

ZT_MAIN
