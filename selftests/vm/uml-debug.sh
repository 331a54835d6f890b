# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with "run" and uml.sh
#
# The user-mode Linux rig with the debug kernel: KASAN, lockdep, kmemleak,
# UBSAN, fault injection (configs/debug.config).

# shellcheck source=selftests/vm/uml.sh
. "$here/uml.sh"

# The slab allocator's own red zones are off: it fills them with memset(), which
# in user-mode Linux KASAN watches even there. Free pages can be poisoned here, not
# unmapped.
uml_kernel=uml-debug uml_arguments='page_owner=on slab_debug=- page_poison=1'
