# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with "run" and qemu-debug.sh
#
# The QEMU rig with a kernel that looks for data races (configs/x86-kcsan.config).

# shellcheck source=selftests/vm/qemu-debug.sh
. "$here/qemu-debug.sh"

# A race somewhere else is no reason to stop. KCSAN has to be turned on; and where
# processors are emulated, it has to look more often, and wait longer for another
# one, than it does by default: then not one race was found that had been put
# into the module.
built_kernel=x86-kcsan arguments='panic_on_warn=0 kcsan.early_enable=1'
arguments+=' kcsan.udelay_task=500 kcsan.skip_watch=1000'
