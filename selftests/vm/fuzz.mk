# SPDX-License-Identifier: GPL-2.0
#
# make fuzz: random operations on the device, for TIME seconds, on RIG.
# make soak: the same by more threads on more processors, for longer.

#? TIME=60 SEED=N THREADS=4 RIG=uml-debug   fuzz, soak: how long, which, where

.PHONY: fuzz soak fuzz-in-vm
soak: export VM_CPUS ?= 4
soak: THREADS ?= 12
soak: TIME ?= 600
fuzz soak: fuzz_line = fuzz --time $(or $(TIME),60) \
	--threads $(or $(THREADS),4) $(if $(SEED),--seed $(SEED))

fuzz: fuzz-in-vm ## random operations on the device (TIME=60 SEED=N RIG=uml-debug)
soak: fuzz-in-vm ## the same for ten minutes, by twelve threads on four processors

fuzz-in-vm: for-vm
	@$(MAKE) -C selftests O=$(top)/build/selftests $(quiet)
	@ZCOPY_TIMEOUT=$$(($(or $(TIME),60) + 200)) RESULTS=build/fuzz \
		VM_TIMEOUT=$$(($(or $(TIME),60) + 300)) \
		selftests/vm/check --then '$(fuzz_line)' --nothing-else $(vm_kernel)
