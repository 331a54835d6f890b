# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with "run" and qemu.sh
#
# The QEMU rig with a debug kernel instead of Debian's own: KASAN, lockdep,
# kmemleak, fault injection (configs/debug.config), on several processors.

# shellcheck source=selftests/vm/qemu.sh
. "$here/qemu.sh"

# Emulation is slow: no red zones of the slab allocator's own (KASAN has them),
# no life cycles of timers and work items, no owners of pages (fork takes a sixth
# longer with page_owner=on); and free pages are neither poisoned ("buffer" takes
# 41 s with page_poison=1, not 24) nor unmapped (debug_pagealloc=on costs a third).
# Lane a has all that can be had.
built_kernel=x86-debug arguments='slab_debug=- no_debug_objects'

[ -n "${VM_MEM-}" ] || memory=2G

# Here a gigabyte takes a minute, and so does a look for leaks.
take_less()
{
	export ZCOPY_TEST_LESS=1
}

find_kernel()
{
	local name=$built_kernel

	[ "$kernel" = 6.12 ] || name+=-$kernel
	image=$("$here/kernel-build" "$name") || exit 125
	modules=$image/lib/modules
	release=$(cat "$image/release")
	kernel_image=$image/linux
	initramfs_modules=
}
