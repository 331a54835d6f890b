# SPDX-License-Identifier: GPL-2.0
#
# A rig whose kernel is built here: the module is built for that kernel.

ifneq ($(filter uml uml-debug,$(RIG)),)
vm_kernel	:= 6.12
KERNELS		:= 6.12
vm_headers	= selftests/vm/kernel-build --tree $(RIG)
vm_arch		= ARCH=um
endif

ifneq ($(filter qemu-debug qemu-kcsan,$(RIG)),)
KERNELS		:= $(vm_kernel)
vm_headers	= selftests/vm/kernel-build --tree \
	$(RIG:qemu-%=x86-%)$(filter-out -6.12,-$(vm_kernel))
endif
