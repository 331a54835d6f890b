// SPDX-License-Identifier: GPL-2.0
/* What follows from the figures, and what the things in them are called. */
#include <string.h>

#include "count.h"
#include "count_syscalls.h"
#include "tool.h"

enum copy_kind { OUT, IN, NET, PAGE };

#define FUNCTION_ROW(constant, name, kind) { name, kind },

static const struct {
	const char *name;
	enum copy_kind kind;
} functions[] = { COUNT_FUNCTIONS(FUNCTION_ROW) };

#define SYSCALL_ROW(name, number) [number] = #name,

static const char *const syscall_names[COUNT_SYSCALLS] = { COUNT_SYSCALL_NAMES(
	SYSCALL_ROW) };

const char *copy_function_name(unsigned int function)
{
	return function < COUNT_NR_FUNCTIONS ? functions[function].name : "?";
}

const char *copy_kind_name(const struct count_copy_key *key)
{
	if (key->kernel)
		return "in kernel";
	switch (functions[key->function].kind) {
	case OUT:
		return "to user";
	case IN:
		return "from user";
	case NET:
		return "packets";
	default:
		return "pages";
	}
}

char *syscall_text(char *text, size_t size, int number)
{
	if (number == COUNT_IO_WORKER)
		snprintf(text, size, "io_uring worker");
	else if (number == COUNT_SOFTIRQ)
		snprintf(text, size, "softirq");
	else if (number == COUNT_FAULT)
		snprintf(text, size, "page fault");
	else if (number >= COUNT_COMPAT)
		snprintf(text, size, "32-bit %d", number - COUNT_COMPAT);
	else if (syscall_names[number])
		snprintf(text, size, "%s", syscall_names[number]);
	else
		snprintf(text, size, "number %d", number);
	return text;
}

static uint64_t *copy_sum(struct sums *sums, const struct count_copy_key *key)
{
	if (key->kernel)
		return &sums->in_kernel;
	switch (functions[key->function].kind) {
	case OUT:
		return &sums->to_user;
	case IN:
		return &sums->from_user;
	case NET:
		return &sums->packets;
	default:
		return &sums->pages;
	}
}

void figures_sum(const struct figures *figures, struct sums *sums)
{
	const struct count_totals *totals = &figures->totals;
	unsigned int i;

	memset(sums, 0, sizeof(*sums));
	for (i = 0; i < ARRAY_SIZE(figures->syscalls); i++)
		sums->syscalls += figures->syscalls[i];
	sums->crossings = 2 * (sums->syscalls + totals->faults_user);
	for (i = 0; i < figures->nr_copies; i++)
		*copy_sum(sums, &figures->copies[i].key) +=
			figures->copies[i].value.bytes;
	sums->cpu = sums->to_user + sums->from_user + sums->in_kernel +
		    sums->packets;
	for (i = 0; i < figures->nr_ciphers; i++) {
		if (strstr(figures->ciphers[i].name, "tls"))
			sums->encrypted += figures->ciphers[i].value.bytes;
	}
	for (i = 0; i < figures->nr_nets; i++) {
		sums->linear += figures->nets[i].value.linear;
		sums->fragments += figures->nets[i].value.fragments;
		sums->headers += figures->nets[i].value.header;
	}
	sums->device = totals->block_read + totals->block_written +
		       sums->linear + sums->fragments;
}

uint64_t count_payload(const struct figures *figures,
		       const struct subject *subject)
{
	return subject->payload ? subject->payload : figures->totals.payload;
}
