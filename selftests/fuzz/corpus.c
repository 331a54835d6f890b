// SPDX-License-Identifier: GPL-2.0
/* Recipes that were worth keeping, and new ones made of them. See recipe.h. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recipe.h"
#include "util.h"

/* The last ones know of what the others do not: they are taken more often. */
#define RECENT 16
/* A mutated recipe differs in 1, 2, 4, ... places, at most 2^this. */
#define CHANGES_LOG 7

static struct {
	struct fz_recipe **recipes;
	unsigned int nr;
	const char *dir; /* where they are written to, or NULL */
} corpus;

/* Of all steps of all kept recipes those that found something themselves. */
static struct {
	struct fz_step *steps;
	unsigned int nr;
} finds;

/* Read from a directory; each is run once as it is. */
static struct {
	struct fz_recipe *recipes;
	unsigned int nr;
} loaded;

static unsigned int pick(uint64_t *random, unsigned int n)
{
	return zt_random(random) % n;
}

static struct fz_step *pick_step(struct fz_recipe *recipe, uint64_t *random)
{
	return &recipe->steps[pick(random, recipe->nr_steps)];
}

static const struct fz_recipe *pick_recipe(uint64_t *random)
{
	unsigned int nr = corpus.nr;

	if (nr > RECENT && pick(random, 2))
		nr = RECENT;
	return corpus.recipes[corpus.nr - 1 - pick(random, nr)];
}

static uint64_t new_seed(uint64_t *random)
{
	uint64_t high = zt_random(random);

	return high << 32 | zt_random(random);
}

static void replace_step(struct fz_step *step, uint64_t *random)
{
	memset(step, 0, sizeof(*step));
	step->seed = new_seed(random);
}

/* Another choice somewhere; what is chosen is often a small number. */
static void tweak_step(struct fz_step *step, uint64_t *random)
{
	unsigned int i = step->nr_tweaks;

	if (i < FZ_TWEAKS)
		step->nr_tweaks++;
	else
		i = pick(random, FZ_TWEAKS);
	step->tweaks[i].at = pick(random, step->drawn ? step->drawn : 16);
	step->tweaks[i].number = zt_random(random) >> 4 * pick(random, 8);
}

/* A step that has led somewhere, as it was or nearly so. */
static void repeat_find(struct fz_step *step, uint64_t *random)
{
	unsigned int nr = finds.nr;

	if (nr > RECENT && pick(random, 2))
		nr = RECENT;
	*step = finds.steps[finds.nr - 1 - pick(random, nr)];
	if (pick(random, 4))
		tweak_step(step, random);
}

/* A run of steps as another recipe has it. */
static void splice(struct fz_recipe *recipe, uint64_t *random)
{
	const struct fz_recipe *other = pick_recipe(random);
	unsigned int nr = recipe->nr_steps, from, to, len;

	if (other->nr_steps < nr)
		nr = other->nr_steps;
	from = pick(random, nr);
	to = pick(random, nr);
	len = 1 + pick(random, nr - (from > to ? from : to));
	memcpy(&recipe->steps[to], &other->steps[from],
	       len * sizeof(*recipe->steps));
}

static void mutate(struct fz_recipe *recipe, uint64_t *random)
{
	unsigned int rounds = 1u << pick(random, CHANGES_LOG + 1);

	if (!pick(random, 3))
		splice(recipe, random);
	while (rounds--) {
		struct fz_step *step = pick_step(recipe, random);

		switch (pick(random, 6)) {
		case 0:
			replace_step(step, random);
			break;
		case 1:
			*step = *pick_step(recipe, random);
			break;
		case 2:
			tweak_step(step, random);
			break;
		default:
			repeat_find(step, random);
			break;
		}
	}
}

bool fz_corpus_next(struct fz_recipe *recipe, uint64_t *random)
{
	if (loaded.nr) {
		*recipe = loaded.recipes[--loaded.nr];
		return true;
	}
	if (!corpus.nr || !pick(random, 4))
		return false;
	if (pick(random, 2))
		*recipe = *pick_recipe(random);
	else
		fz_recipe_fresh(recipe, new_seed(random));
	mutate(recipe, random);
	return true;
}

/* The same recipe has the same name in each run. */
static uint64_t fingerprint(const struct fz_recipe *recipe)
{
	uint64_t sum = recipe->nr_steps;
	unsigned int i, k;

	for (i = 0; i < recipe->nr_steps; i++) {
		const struct fz_step *step = &recipe->steps[i];

		sum = (sum ^ step->seed) * UINT64_C(0x9e3779b97f4a7c15);
		for (k = 0; k < step->nr_tweaks; k++) {
			sum ^= (uint64_t)step->tweaks[k].at << 32;
			sum ^= step->tweaks[k].number;
			sum *= UINT64_C(0x9e3779b97f4a7c15);
		}
		sum ^= sum >> 32;
	}
	return sum;
}

static void save(const struct fz_recipe *recipe)
{
	char path[512];

	mkdir(corpus.dir, 0777);
	snprintf(path, sizeof(path), "%s/%016" PRIx64, corpus.dir,
		 fingerprint(recipe));
	if (!fz_recipe_write(path, recipe, 1))
		zt_die(path);
}

static void keep_step(const struct fz_step *step)
{
	finds.steps = realloc(finds.steps,
			      (finds.nr + 1) * sizeof(*finds.steps));
	if (!finds.steps)
		zt_die("realloc");
	finds.steps[finds.nr++] = *step;
}

void fz_corpus_keep(const struct fz_recipe *recipe)
{
	struct fz_recipe *copy = zt_alloc(sizeof(*copy));
	unsigned int i;

	*copy = *recipe;
	corpus.recipes = realloc(corpus.recipes,
				 (corpus.nr + 1) * sizeof(*corpus.recipes));
	if (!corpus.recipes)
		zt_die("realloc");
	corpus.recipes[corpus.nr++] = copy;
	for (i = 0; i < copy->nr_steps; i++) {
		if (copy->steps[i].found)
			keep_step(&copy->steps[i]);
	}
	if (corpus.dir)
		save(copy);
}

unsigned int fz_corpus_size(void)
{
	return corpus.nr;
}

void fz_corpus_save_to(const char *dir)
{
	corpus.dir = dir;
}

static void load_file(const char *path)
{
	unsigned int nr;

	loaded.recipes = realloc(loaded.recipes,
				 (loaded.nr + 1) * sizeof(*loaded.recipes));
	if (!loaded.recipes)
		zt_die("realloc");
	if (!fz_recipe_read(path, &loaded.recipes[loaded.nr], 1, &nr))
		zt_die(path);
	loaded.nr++;
}

void fz_corpus_load(const char *dir)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	char path[512];

	if (!entries)
		zt_die(dir);
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		load_file(path);
	}
	closedir(entries);
}
