# SPDX-License-Identifier: GPL-2.0
# What zcopy count needs before it is compiled: the probes, as a C header that
# holds the program and the functions to load it; and the names of the system
# calls. Included by the Makefile beside it.

# Not the first rule of this file.
.DEFAULT_GOAL := all

bpf := $(here)/bpf
CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
# clang says pc where Debian says nothing.
triplet := $(subst -pc-,-,$(shell $(CC) -dumpmachine))
# As libbpf's headers call the architecture.
bpf_arch := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(firstword \
	$(subst -, ,$(triplet)))))
bpf_flags := -g -O2 -Wall -target bpf -D__TARGET_ARCH_$(bpf_arch) \
	-idirafter /usr/include/$(triplet)

flags += -I$(here) -I$(O)
libraries += -lbpf

$(addprefix $(O)/count_,$(addsuffix .o,probes figures run)): $(O)/count.skel.h
$(O)/count_sums.o: $(O)/count_syscalls.h

$(O)/count.bpf.o: $(bpf)/count.bpf.c $(wildcard $(bpf)/*.h) $(O)/.command
	@echo '  BPF     $(@F)'
	@command -v $(CLANG) >/dev/null && command -v $(BPFTOOL) >/dev/null || { \
		echo 'zcopy: the probes of zcopy count take clang and bpftool.'; \
		echo 'As root: apt-get install clang bpftool libbpf-dev'; \
		exit 1; } >&2
	@$(CLANG) $(bpf_flags) -c -o $@ $<

# bpftool says on stderr what it does.
$(O)/count.skel.h: $(O)/count.bpf.o
	@echo '  GEN     $(@F)'
	@$(BPFTOOL) gen skeleton $< name count_bpf >$@.new 2>$@.log || { \
		cat $@.log >&2; exit 1; }
	@mv $@.new $@

# An X macro: COUNT_SYSCALL_NAMES(X) is X(read, 0) X(write, 1) ...
$(O)/count_syscalls.h: $(O)/.command
	@echo '  GEN     $(@F)'
	@{ echo '#define COUNT_SYSCALL_NAMES(X) \'; \
		echo '#include <asm/unistd.h>' | $(CC) -E -dM - | sed -n \
		's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/X(\1, \2) \\/p' | \
		sort -t, -k2n; echo; } >$@
