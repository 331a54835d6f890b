# SPDX-License-Identifier: GPL-2.0
#
# make bench: the whole suite of "zcopy bench --suite" in a VM, by default on
# user-mode Linux, whose code is native. Another rig has a directory of its own.
# make bench-doc: the results in Documentation/, from the last report.

bench_rig	= $(or $(RIG),uml)
bench_dir	= build/bench$(if $(filter uml,$(bench_rig)),,/$(bench_rig)-$(vm_kernel))
bench_options	= $(if $(QUICK),--quick) $(if $(SCENARIO),--scenario '$(SCENARIO)')

# User-mode Linux is several processes that take turns. On one CPU of the host a
# turn costs half as much, and always the same.
bench_pin	= $(if $(filter uml,$(bench_rig)),taskset --cpu-list \
		  $$(taskset -cp $$$$ | sed 's/.*[ ,-]//'))

.PHONY: bench bench-in-vm bench-doc

#? QUICK=1 SCENARIO=gather,large.tmpfs   bench: less of everything; only these runs

bench: ## the benchmark suite in a VM: build/bench/report.md and pictures
	@$(need) bench
	@$(MAKE) bench-in-vm RIG=$(bench_rig)

bench-in-vm: for-vm
	@mkdir -p $(bench_dir)
	@$(bench_pin) selftests/vm/run --kernel $(vm_kernel) --rig $(bench_rig) \
		--timeout $(or $(VM_TIMEOUT),1800) --share $(bench_dir) -- \
		"zcopy bench --suite --output /mnt/share $(bench_options)"
	@echo "$(bench_dir)/report.md"

# Results that are typed by hand could be wrong.
bench-doc: ## Documentation/benchmark-results.rst from build/bench/report.json
	@$(need) bench
	@$(MAKE) user $(quiet)
	@build/user/zcopy bench --render build/bench/report.json \
		--output build/bench >/dev/null
	@selftests/vm/bench-doc build/bench Documentation
