// SPDX-License-Identifier: GPL-2.0
/*
 * The probes: choose those that this kernel can have, load and attach them.
 *
 * Kernels differ in the functions that they have. A probe whose function is
 * absent is left out; what matters is that each thing that is to be seen has
 * the probes that it needs (struct sight).
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "count_probes.h"
#include "tool.h"

/**
 * struct sight - something that is to be seen
 * @what: completes "this kernel gives no way to see ..."
 * @needed: counting makes no sense without
 * @any: one of @functions is enough; otherwise it takes all of them
 * @functions: kernel functions and tracepoints that have a probe here
 */
struct sight {
	const char *what;
	bool needed;
	bool any;
	const char *functions[6];
};

static const struct sight sights[] = {
	{ "system calls", true, false, { "sys_enter" } },
	{ "new processes", true, false,
	  { "task_newtask", "sched_process_exec", "sched_process_exit" } },
	{ "copies to and from user memory", true, false,
	  { "filemap_read", "skb_copy_datagram_iter", "generic_perform_write",
	    "tcp_sendmsg_locked", "vfs_read", "vfs_write" } },
	{ "what sockets take", true, false, { "inet_sendmsg" } },
	{ "page faults", false, false,
	  { "page_fault_user", "page_fault_kernel" } },
	{ "copies between packets", false, false,
	  { "skb_copy_bits", "skb_copy_and_csum_bits", "skb_copy_ubufs" } },
	{ "copies of whole pages", false, false, { "copy_mc_to_kernel" } },
	{ "pages put into sockets", false, true,
	  { "skb_splice_from_iter", "do_tcp_sendpages" } },
	{ "pages put into pipes", false, true,
	  { "splice_folio_into_pipe", "splice_to_pipe" } },
	{ "user memory put into sockets", false, false,
	  { "msg_zerocopy_realloc", "skb_zerocopy_iter_stream" } },
	{ "requests to block devices", false, false, { "block_bio_queue" } },
	{ "packets", false, false, { "net_dev_start_xmit" } },
	{ "encryption", false, false, { "crypto_aead_encrypt" } },
};

static bool be_verbose;

static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list args)
{
	if (!be_verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

/* "fentry/inet_sendmsg" is on inet_sendmsg. */
static const char *target(const struct bpf_program *program)
{
	return strchr(bpf_program__section_name(program), '/') + 1;
}

static bool is_tracepoint(const struct bpf_program *program)
{
	return !strncmp(bpf_program__section_name(program), "tp_btf/", 7);
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[80];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Take the probes on function @name back in that have been left out. */
static void keep_function(struct count_bpf *skeleton, const char *name)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skeleton->obj) {
		if (!is_tracepoint(program) && !strcmp(target(program), name))
			bpf_program__set_autoload(program, true);
	}
}

/* Functions are where a module's type information says so, too. */
static int choose_functions(struct count_bpf *skeleton)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], name[160], type;

	if (!file) {
		say_error("cannot read /proc/kallsyms: %s", strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %c %159s", &type, name) == 2 &&
		    strchr("tTwW", type))
			keep_function(skeleton, name);
	}
	fclose(file);
	return 0;
}

static int choose(struct count_bpf *skeleton)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *program;

	if (!btf) {
		say_error("cannot read the kernel's type information: %s",
			  strerror(errno));
		return -1;
	}
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(
			program, is_tracepoint(program) &&
					 has_tracepoint(btf, target(program)));
	btf__free(btf);
	return choose_functions(skeleton);
}

static void attach(struct probes *probes)
{
	struct bpf_program *program;
	struct bpf_link *link;

	bpf_object__for_each_program(program, probes->skeleton->obj) {
		if (!bpf_program__autoload(program))
			continue;
		link = bpf_program__attach(program);
		if (link)
			probes->links[probes->nr_links++] = link;
		else
			bpf_program__set_autoattach(program, false);
	}
}

/* Loaded and attached. */
static bool is_active(const struct probes *probes, const char *function)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, probes->skeleton->obj) {
		if (!strcmp(target(program), function) &&
		    bpf_program__autoload(program) &&
		    bpf_program__autoattach(program))
			return true;
	}
	return false;
}

static bool can_see(const struct probes *probes, const struct sight *sight)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sight->functions); i++) {
		if (!sight->functions[i])
			break;
		if (is_active(probes, sight->functions[i]) == sight->any)
			return sight->any;
	}
	return !sight->any;
}

static int look(struct probes *probes)
{
	const struct sight *sight;

	for (sight = sights; sight < sights + ARRAY_SIZE(sights); sight++) {
		if (can_see(probes, sight))
			continue;
		if (sight->needed) {
			say_error(
				"this kernel gives no way to see %s (no probe on %s): it cannot count",
				sight->what, sight->functions[0]);
			return -1;
		}
		probes->notes[probes->nr_notes++] = sight->what;
	}
	return 0;
}

static void explain_load(int error, bool verbose)
{
	switch (error) {
	case EPERM:
		say_error(
			"the kernel does not let this process load probes: root's rights are restricted here");
		break;
	case ENOSYS:
		say_error("this kernel was built without BPF: it cannot count");
		break;
	default:
		say_error("the kernel does not take the probes (%s)%s",
			  strerror(error), verbose ? "" : ": --verbose tells more");
	}
}

int probes_open(struct probes **opened, bool verbose)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	int ret;

	be_verbose = verbose;
	libbpf_set_print(print_libbpf);
	if (!probes)
		return STATUS_FAILED;
	probes->stats = -1;
	probes->skeleton = count_bpf__open();
	if (!probes->skeleton || choose(probes->skeleton))
		goto err_close;
	ret = count_bpf__load(probes->skeleton);
	if (ret) {
		explain_load(-ret, verbose);
		goto err_close;
	}
	/* Ends when its descriptor is closed. Without it: no times. */
	probes->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	attach(probes);
	if (look(probes))
		goto err_close;
	*opened = probes;
	return STATUS_OK;

err_close:
	probes_close(probes);
	return STATUS_MISSING;
}

void probes_close(struct probes *probes)
{
	unsigned int i;

	for (i = 0; i < probes->nr_links; i++)
		bpf_link__destroy(probes->links[i]);
	if (probes->stats >= 0)
		close(probes->stats);
	count_bpf__destroy(probes->skeleton);
	free(probes);
}

const char *probes_note(const struct probes *probes, unsigned int index)
{
	return index < probes->nr_notes ? probes->notes[index] : NULL;
}
