# SPDX-License-Identifier: GPL-2.0
#
# make count: what every method of the tool copies, measured in a VM and set
# beside the textbook. QEMU only: user-mode Linux has no probes.
# make count-programs: the same question asked of servers that people run.

count_size	?= 32M
count_in_guest	= head -c $(count_size) /dev/urandom >/mnt/scratch/file && \
	zcopy count --table /mnt/scratch/file --json --output /mnt/share/table.json

.PHONY: count count-programs check-count

count: for-vm ## copies and crossings of every method: build/count/table.json
	@mkdir -p build/count
	@selftests/vm/run --rig qemu --kernel $(vm_kernel) --share build/count \
		-- '$(count_in_guest)'
	@echo build/count/table.json

count-programs: for-vm ## copies and crossings of nginx, Python and Java
	@$(need) count
	@mkdir -p build/count
	@javac -d build/count selftests/vm/CountSend.java
	@selftests/vm/run --rig qemu --kernel $(vm_kernel) --share build/count \
		--timeout $(or $(VM_TIMEOUT),1800) -- \
		'selftests/vm/count-programs /mnt/share/programs.json'
	@echo build/count/programs.json

check-count: ## zcopy count: programs whose copies and crossings are known
	@$(MAKE) check TESTS=count.sh RESULTS=build/check-count
