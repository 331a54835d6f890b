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
	{ "new processes",
	  true,
	  false,
	  { "task_newtask", "sched_process_exec", "sched_process_exit" } },
	{ "copies to and from user memory",
	  true,
	  false,
	  { "filemap_read", "skb_copy_datagram_iter", "generic_perform_write",
	    "tcp_sendmsg_locked", "vfs_read", "vfs_write" } },
	{ "what sockets take", true, false, { "inet_sendmsg" } },
	{ "page faults",
	  false,
	  false,
	  { "page_fault_user", "page_fault_kernel" } },
	{ "copies between packets",
	  false,
	  false,
	  { "skb_copy_bits", "skb_copy_and_csum_bits", "skb_copy_ubufs" } },
	{ "copies of whole pages", false, false, { "copy_mc_to_kernel" } },
	{ "pages put into sockets",
	  false,
	  true,
	  { "skb_splice_from_iter", "do_tcp_sendpages" } },
	{ "pages put into pipes",
	  false,
	  true,
	  { "splice_folio_into_pipe", "splice_to_pipe" } },
	{ "user memory put into sockets",
	  false,
	  false,
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

static const char *wanted_type(const struct bpf_program *program, char *text,
			       size_t size)
{
	const char *section = bpf_program__section_name(program);
	bool tracepoint = !strncmp(section, "tp_btf/", 7);

	snprintf(text, size, "%s%s", tracepoint ? "btf_trace_" : "",
		 target(program));
	return text;
}

/* Functions, and the types that belong to tracepoints: all have names. */
struct name_set {
	const char **names;
	size_t nr;
};

static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool has_name(const struct name_set *set, const char *name)
{
	return bsearch(&name, set->names, set->nr, sizeof(name), by_name);
}

static bool is_of_interest(const struct btf *btf, const struct btf_type *type)
{
	return btf_is_func(type) ||
	       (btf_is_typedef(type) &&
		!strncmp(btf__name_by_offset(btf, type->name_off), "btf_trace_",
			 10));
}

/* The names in @btf beyond @first; they live as long as it does. */
static int collect_names(const struct btf *btf, unsigned int first,
			 struct name_set *set)
{
	unsigned int nr = btf__type_cnt(btf), i;
	const struct btf_type *type;

	set->nr = 0;
	set->names = calloc(nr - first, sizeof(*set->names));
	if (!set->names)
		return -1;
	for (i = first; i < nr; i++) {
		type = btf__type_by_id(btf, i);
		if (is_of_interest(btf, type))
			set->names[set->nr++] = btf__name_by_offset(
				btf, type->name_off);
	}
	qsort(set->names, set->nr, sizeof(*set->names), by_name);
	return 0;
}

/* Load the probes whose functions or tracepoints are in @btf, too. */
static int choose_from(struct count_bpf *skeleton, const struct btf *btf,
		       unsigned int first)
{
	struct bpf_program *program;
	struct name_set set;
	char type[80];

	if (collect_names(btf, first, &set))
		return -1;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (has_name(&set, wanted_type(program, type, sizeof(type))))
			bpf_program__set_autoload(program, true);
	}
	free(set.names);
	return 0;
}

/* Modules that have a probe here, if they are loaded. */
static int choose_from_modules(struct count_bpf *skeleton, struct btf *kernel)
{
	struct btf *module = btf__load_module_btf("vsock", kernel);
	int ret;

	if (!module)
		return 0;
	ret = choose_from(skeleton, module, btf__type_cnt(kernel));
	btf__free(module);
	return ret;
}

static int choose(struct count_bpf *skeleton)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *program;
	int ret;

	if (!btf) {
		say_error("cannot read the kernel's type information: %s",
			  strerror(errno));
		return -1;
	}
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	ret = choose_from(skeleton, btf, 1);
	if (!ret)
		ret = choose_from_modules(skeleton, btf);
	btf__free(btf);
	return ret;
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
			  strerror(error),
			  verbose ? "" : ": --verbose tells more");
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
