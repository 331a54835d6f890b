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
# reports, leave those whose headline has a function of the module: where one of the
# two accesses was, not who called it. And a test that has a process killed for its
# cgroup's memory knows of it; a race may be reported in the middle of that. All else
# passes, also what another processor says in the middle of a report.
relevant()
{
	awk -v other="$splat" '
		function finish()
		{
			if (ours)
				printf "%s", text
			report = outer; text = outer_text; ours = outer_ours
			outer = ""
		}
		/BUG: KCSAN: / {
			if (report != "KCSAN: ") {
				outer = report; outer_text = text; outer_ours = ours
			}
			report = "KCSAN: "; text = ""; ours = /\[zcopy\]/
		}
		/ invoked oom-killer: / { report = "Call Trace:"; text = ""; ours = 1 }
		!report || ($0 !~ report && !(outer && $0 ~ outer) && $0 ~ other) {
			print
			next
		}
		{ text = text $0 "\n" }
		/Memory cgroup stats for \/zcopy-test:/ { ours = 0 }
		report == "KCSAN: " && /=======/ { finish() }
		report == "Call Trace:" && /oom-kill:constraint|no killable processes/ {
			finish()
		}
		END {
			while (report)
				finish()
		}'
}
