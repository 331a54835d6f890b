# SPDX-License-Identifier: GPL-2.0
#
# make fuzz: random operations on the device, for TIME seconds, on RIG.
# make soak: the same by more threads on more processors, for longer, and beside it
# other programs, attempts to unload the module, a file system that freezes.
# make fuzz-guidance: does it help to know what code was reached? The same seeds
# with that knowledge and without.

#? TIME=60 SEED=N THREADS=4 RIG=uml-debug   fuzz, soak: how long, which, where
#? CORPUS=DIR        fuzz: begin with the recipes in DIR, and put new ones there
#? REPLAY=FILE       fuzz: do what is in FILE, build/fuzz/RIG-KERNEL/recipe
#? SEEDS="1 2 3"     fuzz-guidance: these, each for TIME seconds

.PHONY: fuzz soak fuzz-in-vm fuzz-guidance
soak: export VM_CPUS := $(or $(VM_CPUS),4)
soak: THREADS ?= 12
soak: TIME ?= 600
soak: fuzz_name = soak.sh
# Everything is slow there, and what has begun comes to its end.
soak: fuzz_grace = 900
soak: export ZCOPY_TEST_SLACK := $(or $(SLACK),4)
fuzz_time	= $(or $(TIME),60)
fuzz_name	= fuzz
fuzz_grace	= 300
fuzz_program	= $(fuzz_name) --time $(fuzz_time) --threads $(or $(THREADS),4)
# The guest sees the host's files; a run removes what is left of the last one.
fuzz_replay	= $(top)/build/fuzz.replay
fuzz_line	= $(fuzz_program) $(if $(SEED),--seed $(SEED)) \
		  $(if $(CORPUS),--corpus $(abspath $(CORPUS))) \
		  $(if $(REPLAY),--replay $(fuzz_replay))
fuzz_runs	= --then '$(fuzz_line)'

fuzz: fuzz-in-vm ## random operations on the device (TIME=60 SEED=N RIG=uml-debug)
soak: fuzz-in-vm ## that and more at once for ten minutes, on four processors

fuzz-in-vm: for-vm
	@$(MAKE) -C selftests O=$(top)/build/selftests $(quiet)
	@$(if $(CORPUS),mkdir -p '$(CORPUS)')
	@$(if $(REPLAY),cp '$(REPLAY)' $(fuzz_replay))
	@ZCOPY_TIMEOUT=$$(($(fuzz_time) + 200)) RESULTS=build/fuzz \
		VM_TIMEOUT=$$(($(words $(filter --then,$(fuzz_runs))) * \
		($(fuzz_time) + 30) + $(fuzz_grace))) \
		selftests/vm/check $(fuzz_runs) --nothing-else $(vm_kernel); \
	status=$$?; $(if $(CORPUS),cp -n build/fuzz/*/corpus/* '$(CORPUS)';) \
	exit $$status

fuzz-guidance: fuzz_runs = $(foreach seed,$(or $(SEEDS),1 2 3),\
	--then '$(fuzz_program) --seed $(seed)' \
	--then '$(fuzz_program) --seed $(seed) --unguided')
fuzz-guidance: fuzz-in-vm ## does the fuzzer do better than chance?
	@# Each command line, and below it what it has reached.
	@sed -n 's/^# selftests: zcopy: //p; s/^# # \([0-9]* blocks.*\)/\t\1/p' \
		build/fuzz/*.tap
