// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: random operations on the device, by several threads at once.
 *
 *	fuzz [--time SECONDS] [--seed N] [--threads N] [--episodes N]
 *	     [--unguided] [--corpus DIR] [--replay FILE]
 *
 * An episode opens a world (see fuzz.h), lets each thread do some hundred things
 * to it, closes it and looks at what is left: every byte of a stream is one that
 * its source may have had there, as many have come as the calls and the module's
 * counters say, files that nobody wrote to are unchanged, errors are those of
 * the header, no descriptor is left and nobody uses the module. (With
 * ZCOPY_TEST_TOGETHER others use it as well: then the module's own counts, of bytes
 * and of users, say nothing.)
 *
 * What a thread does in an episode is a recipe (see recipe.h). It is a fresh one,
 * or, where the kernel tells what code was reached (see cover.c), most often one
 * made of those that have reached something new. The next choice never depends on
 * what a call returned.
 *
 * The recipes of an episode are written to ZCOPY_RESULTS (or /tmp) before it
 * begins, so that the one that failed can be had again, even if the kernel did not
 * survive it: with one thread it does the same things in the same order. Those
 * that are kept are in corpus/ there.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "inject.h"

/* Longer than any call may take. */
#define PATIENCE 120

atomic_ulong fz_count[FZ_KINDS];
atomic_bool fz_failed;
__thread volatile sig_atomic_t fz_sigpipes;

static struct {
	double time;
	uint64_t seed;
	unsigned int threads;
	unsigned long episodes;
	bool unguided;
	const char *corpus;
	const char *replay;
} options = { .time = 10, .threads = 4 };

static bool may_inject;
/* Why nobody knows what code was reached; or NULL. */
static const char *blind;
/* The episode that found a place in the code last. */
static unsigned long last_find;
static struct fz_recipe recipes[FZ_THREADS];
static char recipe_path[256];

static const struct operation {
	const char *name;
	unsigned int weight;
	void (*run)(struct fz_thread *thread);
} operations[FZ_KINDS] = {
	[FZ_SEND] = { "send", 24, fz_send },
	[FZ_WILD_SEND] = { "wild-send", 24, fz_wild_send },
	[FZ_SCRIBBLE] = { "scribble", 20, fz_scribble },
	[FZ_WILD_DESCRIPTOR] = { "wild-descriptor", 8, fz_wild_descriptor },
	[FZ_WILD_MEMORY] = { "wild-memory", 4, fz_wild_memory },
	[FZ_WILD_IOCTL] = { "wild-ioctl", 10, fz_wild_ioctl },
	[FZ_WILD_RECEIVE] = { "wild-receive", 16, fz_wild_receive },
	[FZ_KILL] = { "kill", 1, fz_kill },
	[FZ_RECEIVE] = { "receive", 20, fz_receive },
	[FZ_VERIFY] = { "verify", 6, fz_verify },
	[FZ_STREAM_END] = { "stream-end", 2, fz_stream_end },
	[FZ_STREAM_OPTION] = { "stream-option", 3, fz_stream_option },
	[FZ_RESIZE] = { "resize", 6, fz_resize },
	[FZ_MAP] = { "map", 10, fz_map },
	[FZ_BUFFER_IO] = { "buffer-io", 10, fz_buffer_io },
	[FZ_CONTEXT_REOPEN] = { "context-reopen", 2, fz_context_reopen },
	[FZ_FILE_CHANGE] = { "file-change", 16, fz_file_change },
	[FZ_FILE_REOPEN] = { "file-reopen", 1, fz_file_reopen },
	[FZ_INFO] = { "info", 2, fz_info },
	[FZ_SIGNAL] = { "signal", 2, fz_signal },
	[FZ_PARAMETER] = { "parameter", 1, fz_parameter },
};

void fz_fail(const char *format, ...)
{
	va_list arguments;
	char text[256];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printf("# %s\n", text);
	fflush(stdout);
	fz_failed = true;
}

static unsigned int pick_kind(struct fz_thread *thread)
{
	unsigned int sum = 0, kind, at;

	for (kind = 0; kind < FZ_KINDS; kind++)
		sum += operations[kind].weight;
	at = fz_pick(thread, sum);
	for (kind = 0; at >= operations[kind].weight; kind++)
		at -= operations[kind].weight;
	return kind;
}

static void do_step(struct fz_thread *thread, struct fz_step *step)
{
	unsigned int kind, found;

	thread->step = step;
	thread->random = step->seed;
	thread->drawn = 0;
	kind = pick_kind(thread);
	thread->doing = kind;
	operations[kind].run(thread);
	fz_count[kind]++;
	step->drawn = thread->drawn;
	found = fz_cover_take(&thread->cover);
	step->found = found;
	thread->found += found;
}

static void set_running(struct fz_thread *thread, bool runs)
{
	pthread_mutex_lock(&thread->lock);
	thread->runs = runs;
	pthread_mutex_unlock(&thread->lock);
}

static void *live(void *arg)
{
	struct fz_thread *thread = arg;
	unsigned int i;

	set_running(thread, true);
	thread->found = 0;
	thread->inject = may_inject ? zt_inject_open() : -1;
	fz_cover_begin(&thread->cover);
	for (i = 0; i < thread->recipe->nr_steps && !fz_failed; i++)
		do_step(thread, &thread->recipe->steps[i]);
	fz_cover_end(&thread->cover);
	if (thread->inject >= 0)
		close(thread->inject);
	set_running(thread, false);
	return NULL;
}

static void say_again(void)
{
	printf("# again: fuzz --threads %u --episodes 1 --replay %s\n",
	       options.threads, recipe_path);
}

/* Nothing waits for ever; if something does, its neighbours can't help it. */
static void join(struct fz_thread *thread)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE * zt_slack();
	if (!pthread_timedjoin_np(thread->thread, NULL, &end))
		return;
	fz_fail("thread %u does not return from %s", thread->index,
		operations[thread->doing].name);
	say_again();
	printf("not ok 1 fuzz\n");
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

static void run_threads(void)
{
	struct fz_thread *thread;
	unsigned int i;

	world.nr_threads = options.threads;
	for (i = 0; i < options.threads; i++)
		pthread_mutex_init(&world.threads[i].lock, NULL);
	for (i = 0; i < options.threads; i++) {
		thread = &world.threads[i];
		thread->index = i;
		thread->recipe = &recipes[i];
		if (pthread_create(&thread->thread, NULL, live, thread))
			zt_die("pthread_create");
	}
	for (i = 0; i < options.threads; i++)
		join(&world.threads[i]);
}

/* Bytes that the module has sent since it was loaded. */
static uint64_t module_bytes(void)
{
	static const char *const names[] = { "file", "buffer", "user", "zero" };
	uint64_t sum = 0;
	char path[80];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *line;

		snprintf(path, sizeof(path),
			 "/sys/class/misc/zcopy/stats/%s_bytes", names[i]);
		line = zt_read_line(path);
		if (!line)
			zt_die(path);
		sum += strtoull(line, NULL, 10);
	}
	return sum;
}

/* What is done in an episode, on the disk before it is done. */
static void prepare_recipes(uint64_t seed)
{
	static uint64_t random;
	unsigned int i;

	if (!random)
		random = seed;
	for (i = 0; i < options.threads && !options.replay; i++) {
		if (!fz_corpus_next(&recipes[i], &random))
			fz_recipe_fresh(&recipes[i], seed * FZ_THREADS + i);
	}
	if (!fz_recipe_write(recipe_path, recipes, options.threads))
		zt_die(recipe_path);
}

static void keep_finds(unsigned long number)
{
	unsigned int i;

	for (i = 0; i < options.threads; i++) {
		if (!world.threads[i].found)
			continue;
		last_find = number;
		if (!options.unguided)
			fz_corpus_keep(&recipes[i]);
	}
}

static void episode(void)
{
	unsigned int descriptors = zt_descriptors();
	int references = zt_module_references();
	uint64_t bytes = module_bytes();

	fz_world_open();
	run_threads();
	fz_world_close();

	bytes = module_bytes() - bytes;
	/* Where others send as well, the sum is theirs, too. */
	if (bytes != world.noted + world.wild_came && !world.bytes_lost &&
	    !zt_together())
		fz_fail("%llu bytes were sent, %llu came",
			(unsigned long long)bytes,
			(unsigned long long)(world.noted + world.wild_came));
	if (!zt_module_is_left(references, 20))
		fz_fail("%d users of the module are left",
			zt_module_references() - references);
	if (zt_descriptors() != descriptors)
		fz_fail("%u descriptors, not %u", zt_descriptors(),
			descriptors);
	if (fz_failed)
		say_again();
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 't':
		options.time = strtod(arg, NULL);
		return 0;
	case 's':
		options.seed = strtoull(arg, NULL, 0);
		return 0;
	case 'n':
		options.threads = (unsigned int)strtoul(arg, NULL, 0);
		if (!options.threads || options.threads > FZ_THREADS)
			argp_error(state, "1 to %d threads", FZ_THREADS);
		return 0;
	case 'e':
		options.episodes = strtoul(arg, NULL, 0);
		return 0;
	case 'u':
		options.unguided = true;
		return 0;
	case 'c':
		options.corpus = arg;
		return 0;
	case 'r':
		options.replay = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "time", 't', "SECONDS", 0, "end after so long (10)", 0 },
	{ "seed", 's', "N", 0, "of the first episode (a random one)", 0 },
	{ "threads", 'n', "N", 0, "at the same time (4)", 0 },
	{ "episodes", 'e', "N", 0, "end after so many", 0 },
	{ "unguided", 'u', NULL, 0, "whatever code was reached", 0 },
	{ "corpus", 'c', "DIR", 0, "begin with the recipes in DIR", 0 },
	{ "replay", 'r', "FILE", 0, "do what is in FILE, again and again", 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.doc = "Do random things to /dev/zcopy and look whether it holds.",
};

static void count_signal(int signal)
{
	fz_sigpipes += signal == SIGPIPE;
}

/* The program has itself been hit. */
static void die_of_signal(int signal, siginfo_t *info, void *context)
{
	printf("# signal %d at address %p\n", signal, info->si_addr);
	say_again();
	printf("not ok 1 fuzz\n");
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

static void prepare(void)
{
	const struct sigaction action = { .sa_handler = count_signal };
	const struct sigaction last = { .sa_sigaction = die_of_signal,
					.sa_flags = SA_SIGINFO };
	uint32_t seed;

	/*
	 * Calls are to be interrupted, not restarted. SIGPIPE may come from
	 * close(2), which sends what kTLS has kept; SEND must not raise it.
	 */
	if (sigaction(SIGUSR1, &action, NULL) ||
	    sigaction(SIGPIPE, &action, NULL) ||
	    sigaction(SIGSEGV, &last, NULL) || sigaction(SIGBUS, &last, NULL))
		zt_die("sigaction");
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		zt_die("getrandom");
	options.seed = seed;
	may_inject = !zt_inject_prepare();
	/* A random length must not eat the machine. Others want a little more. */
	zt_write_line("/sys/module/zcopy/parameters/max_buffer_mb",
		      zt_together() ? "64" : "16");
	fz_pattern_init();
}

/* Where recipes come from, and where they go. */
static void prepare_files(void)
{
	const char *results = getenv("ZCOPY_RESULTS");
	static char corpus[256];

	snprintf(recipe_path, sizeof(recipe_path), "%s/recipe",
		 results ? results : "/tmp");
	snprintf(corpus, sizeof(corpus), "%s/corpus", results ? results : "");
	if (options.replay && !fz_recipe_read(options.replay, recipes,
					      FZ_THREADS, &options.threads))
		zt_die(options.replay);
	if (options.corpus)
		fz_corpus_load(options.corpus);
	if (results && !options.unguided)
		fz_corpus_save_to(corpus);
}

static void prepare_cover(void)
{
	unsigned int i;

	for (i = 0; i < options.threads && !blind; i++)
		blind = fz_cover_open(&world.threads[i].cover);
}

static void report_cover(void)
{
	if (blind) {
		printf("# by grammar alone: %s\n", blind);
		return;
	}
	printf("# %u blocks, %u edges of the module reached, the last new one in episode %lu\n",
	       fz_cover_blocks(), fz_cover_edges(), last_find + 1);
	printf("# %u recipes kept\n", fz_corpus_size());
	if (!fz_cover_blocks())
		fz_fail("KCOV has not seen the module");
}

static void report(unsigned long episodes)
{
	unsigned long sum = 0;
	unsigned int kind;

	for (kind = 0; kind < FZ_KINDS; kind++) {
		printf("# %8lu %s\n", fz_count[kind], operations[kind].name);
		sum += fz_count[kind];
	}
	printf("# %lu operations in %lu episodes%s\n", sum, episodes,
	       may_inject ? ", with failures injected" : "");
	report_cover();
	printf("%sok 1 fuzz\n", fz_failed ? "not " : "");
}

int main(int argc, char **argv)
{
	double end;
	unsigned long i;

	prepare();
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	prepare_files();
	prepare_cover();
	end = zt_now() + options.time;
	printf("TAP version 13\n1..1\n# seed %llu, %u threads\n",
	       (unsigned long long)options.seed, options.threads);
	for (i = 0; !fz_failed && zt_now() < end; i++) {
		if (options.episodes && i == options.episodes)
			break;
		fflush(stdout);
		prepare_recipes(options.seed + i);
		episode();
		keep_finds(i);
	}
	if (!fz_failed)
		unlink(recipe_path);
	zt_write_line("/sys/module/zcopy/parameters/zero_copy", "always");
	zt_write_line("/sys/module/zcopy/parameters/max_buffer_mb", "1024");
	report(i);
	return fz_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
