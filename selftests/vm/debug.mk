# SPDX-License-Identifier: GPL-2.0
#
# make check-debug: the whole test suite, and then the fuzzer for FUZZ seconds, on
# kernels that notice what a test does not; LANE says which of them:
#
#   a  user-mode Linux 6.12 with KASAN, lockdep, kmemleak, UBSAN
#   b  x86-64 6.12 on two emulated processors with the same
#   c  x86-64 6.12 on two emulated processors that looks for data races (KCSAN)
#   d  as b, with Linux 6.1
#
# An emulated machine keeps one processor busy, so the programs are shared out to two.
#
# make coverage: which lines of the module the suite reaches, on all of these but c.

lane_a		= uml-debug/6.12
halves		= $(1)/1:2 $(1)/2:2
lane_b		= $(call halves,qemu-debug/6.12)
lane_c		= $(call halves,qemu-kcsan/6.12)
lane_d		= $(call halves,qemu-debug/6.1)
# A debug kernel is slow; so is an emulated processor.
slack		= ZCOPY_TEST_SLACK=$(or $(SLACK),4)
lane_timeout	= VM_TIMEOUT=$(or $(VM_TIMEOUT),5400)

LANE		?=
# The one that takes longest begins.
both		= b a
FUZZ		?= 60
lanes		= $(foreach lane,$(or $(LANE),$(1)),$(lane_$(lane)))
# What needs failures on demand, which lane c has not got; then the fuzzer.
FAULTS		?= fail_nth fail_send
faults		= $(FAULTS:%=--then %)
replay		= $(if $(SEED), --unguided --seed $(SEED) --threads 1)
extras		= $(if $(filter c,$(LANE)),,$(faults)) \
		  --then 'fuzz --time $(FUZZ)$(replay)'

.PHONY: check-debug coverage for-lanes

#? LANE="a b c d" FUZZ=60   check-debug: these kernels, seconds for the fuzzer
#? SEED=1 FAULTS=fail_nth    check-debug: the fuzzer does the same things each time

check-debug: ## all tests on kernels with KASAN, lockdep, kmemleak (LANE=a|b|c|d)
	@$(MAKE) for-lanes LANES='$(call lanes,$(both))'
	@$(slack) $(lane_timeout) RESULTS=build/check-debug \
		selftests/vm/check --vm-only $(extras) $(call lanes,$(both))

coverage: ## lines of the module that no test reaches: build/coverage/
	@$(MAKE) for-lanes LANES='$(call lanes,a b d)' COVERAGE=1
	@$(slack) $(lane_timeout) ZCOPY_COVERAGE=1 \
		RESULTS=build/coverage MODULE_SUFFIX=-coverage \
		selftests/vm/check --vm-only $(extras) $(call lanes,a b d) || \
		echo "zcopy: not all tests passed" >&2
	@selftests/vm/coverage build/coverage

for-lanes:
	@$(need) check vm
	@set -e; for lane in $(patsubst %/1:2,%,$(filter-out %/2:2,$(LANES))); do \
		$(MAKE) for-vm RIG="$${lane%/*}" KERNEL="$${lane#*/}"; done
	@$(MAKE) -C selftests O=$(top)/build/selftests $(quiet)
