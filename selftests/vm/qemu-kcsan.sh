# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with "run" and qemu-debug.sh
#
# The QEMU rig with a kernel that looks for data races (configs/x86-kcsan.config).

# shellcheck source=selftests/vm/qemu-debug.sh
. "$here/qemu-debug.sh"

# A race somewhere else is no reason to stop. Without the other word, nothing would
# be looked for: "cat /sys/kernel/debug/kcsan" in the guest.
built_kernel=x86-kcsan arguments='panic_on_warn=0 kcsan.early_enable=1'
