# SPDX-License-Identifier: GPL-2.0
#
# zcopy count in a VM: QEMU only, since user-mode Linux has no probes. What is
# measured on a kernel goes to a directory of its own, build/count/KERNEL.
#
# Attaching a probe patches the kernel's code while it runs. With two CPUs, and
# QEMU's TCG as of Debian 12, that once ended in a breakpoint that the kernel knew
# nothing of any more; it looks as if TCG had gone on with a translation of the
# old code. With one CPU there is nobody to run into it.

count_cpus	= $(or $(VM_CPUS),1)
count_size	?= 32M
count_dir	= build/count/$(vm_kernel)
count_vm	= VM_CPUS=$(count_cpus) selftests/vm/run --rig qemu --kernel $(vm_kernel) \
	--share $(count_dir) --timeout $(or $(VM_TIMEOUT),1800) --
count_in_guest	= head -c $(count_size) /dev/urandom >/mnt/scratch/file && \
	zcopy count --table /mnt/scratch/file --json --output /mnt/share/table.json

.PHONY: count count-programs count-doc check-count

count: for-vm ## copies and crossings of every method: build/count/table.json
	@mkdir -p $(count_dir)
	@$(count_vm) '$(count_in_guest)'; status=$$?; \
		cp $(count_dir)/table.json build/count/ && \
		echo build/count/table.json && exit $$status

count-programs: for-vm ## copies and crossings of nginx, Python and Java
	@$(need) count
	@mkdir -p $(count_dir)
	@javac -d $(count_dir) selftests/vm/CountSend.java
	@$(count_vm) 'COUNT_DIR=/mnt/scratch selftests/vm/count-programs /mnt/share'
	@echo $(count_dir)/programs.json

# Results that are typed by hand could be wrong.
count-doc: ## the tables of Documentation/count.rst, from build/count
	@selftests/vm/count-doc build/count Documentation/count.rst

check-count: ## zcopy count: programs whose copies and crossings are known
	@$(MAKE) check TESTS=count.sh RESULTS=build/check-count \
		VM_CPUS=$(count_cpus)
