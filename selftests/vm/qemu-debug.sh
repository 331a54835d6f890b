# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with "run" and qemu.sh
#
# The QEMU rig with a debug kernel instead of Debian's own: KASAN, lockdep,
# kmemleak, fault injection (configs/debug.config), on several processors.

# shellcheck source=selftests/vm/qemu.sh
. "$here/qemu.sh"

built_kernel=x86-debug arguments=page_owner=on

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
