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

# A detector of data races finds some in the rest of the kernel, too: of its
# reports, leave those that have to do with the module. All else passes, also what
# another processor says in the middle of a report.
relevant()
{
	awk -v other="$splat" '
		/BUG: KCSAN: / { report = 1; text = ""; ours = 0 }
		!report || (!/KCSAN: / && $0 ~ other) { print; next }
		{ text = text $0 "\n" }
		/\[zcopy\]/ { ours = 1 }
		/=======/ {
			if (ours)
				printf "%s", text
			report = 0
		}
		END { if (report && ours) printf "%s", text }'
}
