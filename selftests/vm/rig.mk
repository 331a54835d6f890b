# SPDX-License-Identifier: GPL-2.0

check-rig: ## test the VM itself: does a run fail when it has to?
	@$(need) module
	@mkdir -p build
	@exec selftests/vm/test-rig $(vm_kernel)

.PHONY: check-rig
