# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where this is sourced
#
# What a healthy kernel never says: a regular expression for grep -E.

splat='WARNING: |BUG: |kernel BUG|Oops|Kernel panic|Call Trace:|general protection'
splat+='|INFO: task .* blocked|self-detected stall|detected stalls|UBSAN: |KASAN: '
splat+='|possible (circular|recursive) locking|suspicious RCU usage|refcount_t: '
splat+='|inconsistent lock state|unable to handle|unreferenced object|Bad page '
splat+='|still in use|sleeping function called|Modules linked in:'
