// SPDX-License-Identifier: GPL-2.0
/* Recipes: fresh ones, and as text. See recipe.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recipe.h"
#include "util.h"

#define THREAD "thread\n"

void fz_recipe_fresh(struct fz_recipe *recipe, uint64_t random)
{
	unsigned int i;

	memset(recipe, 0, sizeof(*recipe));
	for (i = 0; i < FZ_STEPS; i++) {
		uint64_t high = zt_random(&random);

		recipe->steps[i].seed = high << 32 | zt_random(&random);
	}
	recipe->nr_steps = FZ_STEPS;
}

static bool read_step(struct fz_step *step, char *text)
{
	char *end;

	memset(step, 0, sizeof(*step));
	step->seed = strtoull(text, &end, 16);
	while (end != text && step->nr_tweaks < FZ_TWEAKS) {
		struct fz_tweak *tweak = &step->tweaks[step->nr_tweaks];
		int len = 0;

		text = end;
		if (sscanf(text, "%" SCNx32 "=%" SCNx32 "%n", &tweak->at,
			   &tweak->number, &len) < 2)
			break;
		step->nr_tweaks++;
		end = text + len;
	}
	return !end[strspn(end, "\n ")];
}

bool fz_recipe_read(const char *path, struct fz_recipe *recipes,
		    unsigned int room, unsigned int *nr)
{
	struct fz_recipe *recipe = NULL;
	FILE *file = fopen(path, "re");
	char line[256];
	bool good = file;

	*nr = 0;
	while (good && fgets(line, sizeof(line), file)) {
		if (!strcmp(line, THREAD)) {
			good = *nr < room;
			recipe = &recipes[*nr];
			if (good)
				recipes[(*nr)++].nr_steps = 0;
		} else {
			good = recipe && recipe->nr_steps < FZ_STEPS &&
			       read_step(&recipe->steps[recipe->nr_steps++],
					 line);
		}
	}
	if (file)
		fclose(file);
	return good && *nr;
}

static void write_recipe(FILE *file, const struct fz_recipe *recipe)
{
	unsigned int i, k;

	fputs(THREAD, file);
	for (i = 0; i < recipe->nr_steps; i++) {
		const struct fz_step *step = &recipe->steps[i];

		fprintf(file, "%" PRIx64, step->seed);
		for (k = 0; k < step->nr_tweaks; k++)
			fprintf(file, " %" PRIx32 "=%" PRIx32,
				step->tweaks[k].at, step->tweaks[k].number);
		fputc('\n', file);
	}
}

/* On the disk when this returns: what it says may end the kernel. */
bool fz_recipe_write(const char *path, const struct fz_recipe *recipes,
		     unsigned int nr)
{
	FILE *file = fopen(path, "we");
	unsigned int i;
	bool good;

	if (!file)
		return false;
	for (i = 0; i < nr; i++)
		write_recipe(file, &recipes[i]);
	good = !fflush(file) && !fdatasync(fileno(file));
	return !fclose(file) && good;
}
