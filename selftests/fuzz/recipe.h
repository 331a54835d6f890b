/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a thread does in an episode, as numbers, and how new numbers are made of
 * those that led somewhere.
 *
 * A recipe is a list of steps. All choices of a step come from its seed, except
 * those that it says itself: so a step can be changed a little, copied, and put
 * among others, and stays what it is. In a file, a step is a line,
 *
 *	SEED [CHOICE=NUMBER]...
 *
 * of hexadecimal numbers; a line "thread" begins the recipe of one more thread.
 * Lines may be deleted to find the ones that matter.
 */
#ifndef FZ_RECIPE_H
#define FZ_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#define FZ_STEPS 300
#define FZ_TWEAKS 4

/* The choice @at, counted from 0, is @number whatever the seed says. */
struct fz_tweak {
	uint32_t at;
	uint32_t number;
};

struct fz_step {
	uint64_t seed;
	unsigned int nr_tweaks;
	struct fz_tweak tweaks[FZ_TWEAKS];
	uint32_t drawn; /* how many choices there were when it was last run */
	bool found;	/* and whether it reached something new then */
};

struct fz_recipe {
	unsigned int nr_steps;
	struct fz_step steps[FZ_STEPS];
};

/* recipe.c */
void fz_recipe_fresh(struct fz_recipe *recipe, uint64_t random);
/* The recipes of an episode; *@nr is at most @room. */
bool fz_recipe_read(const char *path, struct fz_recipe *recipes,
		    unsigned int room, unsigned int *nr);
bool fz_recipe_write(const char *path, const struct fz_recipe *recipes,
		     unsigned int nr);

/* corpus.c: recipes that have reached something when they were new */
void fz_corpus_load(const char *dir);
/* Those that are kept from now on are written to @dir as well. */
void fz_corpus_save_to(const char *dir);
void fz_corpus_keep(const struct fz_recipe *recipe);
/* One that was loaded and not run yet, or a mutated one; false: make a fresh one. */
bool fz_corpus_next(struct fz_recipe *recipe, uint64_t *random);
unsigned int fz_corpus_size(void);

#endif /* FZ_RECIPE_H */
