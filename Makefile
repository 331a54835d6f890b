# SPDX-License-Identifier: GPL-2.0
#
# The door to everything that can be done with this tree: "make help".
#
# Kbuild says how the module is made; kbuild prefers it to this file, so that
# "make -C /lib/modules/$(uname -r)/build M=$PWD" works as for any module.
# Here the module is made below build/, and more than one kernel is served.
#
# A target that needs a program which is missing installs it (as root, on
# Debian) or prints the line to type: selftests/vm/need. Other directories may
# add targets: the *.mk of two of them are included. A line "target: ## text" is
# what "make help" shows.

# Which kernel: the headers in KDIR, by default the running kernel's; or
# Debian's 6.1 or 6.12, fetched into the cache (KERNEL=6.1, KERNEL=6.12).
KERNEL	?=
KDIR	?= $(if $(KERNEL),$(shell selftests/vm/cache headers $(KERNEL)),/lib/modules/$(shell uname -r)/build)
# LLVM=1 builds with clang, W=1 and C=2 add warnings and sparse, as in kbuild.
LLVM	?=

# The VM: see selftests/vm/run. KERNEL is 6.12 unless it is set.
# A "$" in CMD is the guest's, not make's.
override CMD	:= $(value CMD)
export CMD SHARE VM_MEM VM_CPUS VM_TIMEOUT RIG TESTS DEMO_FILE JOBS
vm_kernel	= $(or $(KERNEL),6.12)
# make check tests all of these.
KERNELS		?= $(or $(KERNEL),6.1 6.12)

PREFIX	?= /usr/local
DESTDIR	?=

MAKEFLAGS	+= --no-print-directory
top		:= $(CURDIR)
need		:= selftests/vm/need
quiet		= $(if $(V),,>/dev/null)

.DEFAULT_GOAL := all
.PHONY: help all module user selftests install clean distclean lint vm demo check

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@sed -n 's/^#? /  /p' $(MAKEFILE_LIST)

#?
#? KERNEL=6.1|6.12  a kernel of Debian's, else KDIR=DIR, else the running one
#? LLVM=1           the module with clang      C=2 with sparse, W=1 with warnings
#? CMD='...'        vm: run this and exit with its status, instead of a shell
#? SHARE=DIR        vm: this directory of the host, writable, at /mnt/share
#? VM_MEM=3G VM_CPUS=2 VM_TIMEOUT=600   the size of the VM, seconds until it is killed
#? RIG=qemu|uml             vm, check: QEMU, or user-mode Linux
#? RIG=qemu-debug|qemu-kcsan|uml-debug   the same with a debug kernel
#? KERNELS="6.1 6.12"   check: the kernels to test on; TESTS="abi send" only these
#? JOBS=2                check: so many VMs at once (one a processor)
#? PREFIX=/usr/local DESTDIR=           install

all: module user ## the module for the running kernel, and the tool

#
# The module
#

# kbuild writes next to its sources: it gets a directory of its own for each
# kernel, with links to them.
release		= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
mirror		= build/module/$(release)$(if $(LLVM),-llvm)$(if $(COVERAGE),-coverage)

module: ## build/module/RELEASE/zcopy.ko
	@$(need) module $(if $(LLVM),llvm) $(if $(C),lint)
	@$(if $(KERNEL)$(filter-out file,$(origin KDIR)),,$(need) headers || :)
	@$(MAKE) mirrored-module KDIR='$(KDIR)'

.PHONY: mirrored-module
mirrored-module:
	@if [ -z '$(release)' ]; then \
		echo "zcopy: there are no kernel headers in $(KDIR)." >&2; \
		echo "As root: apt-get install linux-headers-$$(uname -r)" >&2; \
		echo "or for a VM: make module KERNEL=6.12" >&2; exit 1; fi
	@selftests/vm/mirror $(mirror)
	@$(MAKE) -C $(KDIR) M=$(top)/$(mirror) $(if $(LLVM),LLVM=$(LLVM)) \
		$(if $(W),W=$(W)) $(if $(C),C=$(C)) \
		$(if $(COVERAGE),GCOV_PROFILE=y) modules

#
# User space
#

user: ## build/user/zcopy
	@$(need) user
	@$(MAKE) -C user O=$(top)/build/user

install: module user ## the module, the tool, its header and man pages
	$(MAKE) -C $(KDIR) M=$(top)/$(mirror) INSTALL_MOD_PATH=$(DESTDIR) \
		CONFIG_MODULE_SIG_ALL= modules_install
	$(if $(DESTDIR),,depmod $(release))
	install -D -m 755 build/user/zcopy $(DESTDIR)$(PREFIX)/bin/zcopy
	install -D -m 644 uapi/linux/zcopy.h $(DESTDIR)$(PREFIX)/include/linux/zcopy.h
	@for page in Documentation/man/*.[1-9]; do \
		[ -e "$$page" ] || continue; \
		install -D -m 644 "$$page" \
			"$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done

lint: ## look at the sources: style, sparse, scripts, man pages, arrows
	@exec selftests/lint/run

clean: ## throw build/ away
	rm -rf build

distclean: clean ## and the cached kernels
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/zcopy"

#
# Running it
#

# What runs in a VM: the module for its kernel, and the tool.
# Another rig than QEMU redefines the first two.
vm_headers	= selftests/vm/cache headers $(vm_kernel)
vm_arch		=
.PHONY: for-vm
for-vm:
	@headers=$$($(vm_headers)) && \
		$(MAKE) module KDIR="$$headers" $(vm_arch) $(quiet)
	@$(MAKE) user $(quiet)

vm: for-vm ## a shell in a VM with the module loaded; or CMD='...'
	@exec selftests/vm/run --kernel $(vm_kernel) $(if $(CMD),-- "$$CMD")

demo: for-vm ## send a real file in a VM, verify it, compare with other ways
	@exec selftests/vm/demo $(vm_kernel)

check: ## all tests, on all kernels
	@$(need) check vm $(if $(findstring traces,$(TESTS)),traces)
	@for kernel in $(KERNELS); do \
		$(MAKE) for-vm KERNEL=$$kernel || exit; done
	@$(MAKE) -C selftests O=$(top)/build/selftests $(quiet)
	@ZCOPY_TEST_SLACK=$(or $(SLACK),2) exec selftests/vm/check $(KERNELS)

-include selftests/vm/*.mk Documentation/packaging/*.mk
