# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # here is set by "run"
#
# The user-mode Linux rig with the debug kernel: KASAN, lockdep, kmemleak,
# UBSAN, fault injection (configs/uml-debug.config).

# shellcheck source=selftests/vm/uml.sh
. "$here/uml.sh"

# shellcheck disable=SC2034 # used in uml.sh
uml_option=--debug
