#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command lines that the guide gives for the tracepoints, and what they say
# of a file that is sent. Both programs take long to start under emulation: run
# by name.

set -u

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/tap.sh
. "$here/tap.sh"
PATH=$here/../user:$PATH
size=3000000
receiver=''

clean_up()
{
	[ -z "$receiver" ] || kill "$receiver"
	rm -rf "$dir"
} 2>/dev/null

# A peer at "$address" that reads what one connection brings.
start_receiver()
{
	zcopy recv --quiet 127.0.0.1:0 2>"$dir/receiver" &
	receiver=$!
	until address=$(sed -n 's/.*listening on //p' "$dir/receiver") &&
	      [ -n "$address" ]; do
		kill -0 "$receiver" || return
		sleep 0.02
	done
}

# The events of all calls, and the sum of what their batches have sent.
story_is_whole()
{
	local sum

	sum=$(sed -n 's/.*zcopy_batch.* ret=\([0-9]*\).*/\1/p' "$1" |
		paste -s -d + | bc)
	if grep -q 'zcopy_send_begin.*nr_segments=1 done=0' "$1" &&
	   grep -q "zcopy_send_end.*stop=complete.* copied=0 done=$size" "$1" &&
	   [ "$sum" = $size ]; then
		return
	fi
	head -n 20 "$1" | sed 's/^/# | /'
	return 1
}

trace_cmd_line()
{
	start_receiver || return
	(cd "$dir" && trace-cmd record -e zcopy zcopy send file "$address" &&
		trace-cmd report) >"$dir/story" 2>&1
	story_is_whole "$dir/story"
}

perf_trace_line()
{
	start_receiver || return
	(cd "$dir" && perf trace -e 'zcopy:*' zcopy send file "$address") \
		>"$dir/story" 2>&1
	# perf writes "name(argument: value, ...)" itself, with raw numbers.
	grep -q 'zcopy:zcopy_send_begin' "$dir/story" &&
		grep -q "zcopy:zcopy_batch" "$dir/story" &&
		grep -qE "zcopy:zcopy_send_end.*done: $size" "$dir/story" && return
	head -n 20 "$dir/story" | sed 's/^/# | /'
	return 1
}

[ "$(id -u)" = 0 ] || skip_all "only root may trace"
for program in zcopy trace-cmd perf bc; do
	command -v "$program" >/dev/null || skip_all "there is no $program"
done
[ -w /dev/zcopy ] || skip_all "/dev/zcopy cannot be used"
dir=$(mktemp -d) || exit 1
trap clean_up EXIT
head -c $size /dev/zero >"$dir/file"

plan 2
check trace_cmd_line trace_cmd_line
case ${ZCOPY_RIG-} in
uml*) skip perf_trace_line "user-mode Linux has no perf events" ;;
*) check perf_trace_line perf_trace_line ;;
esac
finish
