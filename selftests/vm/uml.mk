# SPDX-License-Identifier: GPL-2.0
#
# RIG=uml and RIG=uml-debug: the module is built for the kernel of that rig.

ifneq ($(filter uml uml-debug,$(RIG)),)
vm_kernel	:= 6.12
KERNELS		:= 6.12
vm_headers	= selftests/vm/uml-build $(if $(filter uml-debug,$(RIG)),--debug) --tree
vm_arch		= ARCH=um
endif
