#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module as a whole: its fields and parameters, its device node, when it may
# be unloaded and when not. It unloads and loads the module many times, so it
# runs only where the module is loaded already, or ZCOPY_MODULE names one.

set -u

here=$(dirname "$(readlink -f "$0")")
device=/dev/zcopy
sys=/sys/module/zcopy
parameters=$sys/parameters
hold=$here/hold
EFBIG=27
# shellcheck source=selftests/tap.sh
. "$here/tap.sh"

# The module that fits the running kernel, if it was built in this tree.
find_module()
{
	local file

	for file in "${ZCOPY_MODULE:-}" "$here"/../module/*/zcopy.ko \
		"$(modinfo -n zcopy 2>/dev/null)"; do
		[ -f "$file" ] || continue
		case $(modinfo -F vermagic "$file") in
		"$(uname -r) "*) echo "$file"; return ;;
		esac
	done
}

loaded()
{
	[ -d $sys ]
}

load()
{
	insmod "$module" "$@" && settle
}

# Where udev is at work, it touches a new node a moment later.
settle()
{
	command -v udevadm >/dev/null && udevadm settle --timeout=10 2>/dev/null
	[ -c $device ]
}

unload()
{
	rmmod zcopy
}

# rmmod must say no, and for the right reason.
busy()
{
	local message

	if message=$(rmmod zcopy 2>&1); then
		note "rmmod did not refuse"
		load
		return 1
	fi
	case $message in
	*"in use"*) return 0 ;;
	*) note "$message"; return 1 ;;
	esac
}

# Start "hold WAY" and wait until it holds; then $holder_in ends it.
start_holder()
{
	local word

	coproc HOLDER { exec "$hold" "$1"; }
	# shellcheck disable=SC2153 # HOLDER_PID is set by coproc
	holder=$HOLDER_PID
	read -r word <&"${HOLDER[0]}" && [ "$word" = ready ]
}

stop_holder()
{
	local in=${HOLDER[1]}

	exec {in}>&-
	wait "$holder"
}

fields_are_there()
{
	local field

	for field in description author license version srcversion; do
		[ -n "$(modinfo -F $field "$module")" ] ||
			{ note "no $field"; return 1; }
	done
	[ "$(modinfo -F license "$module")" = GPL ] &&
		modinfo -F parm "$module" | grep -q '^max_buffer_mb:.*MiB'
}

idle()
{
	[ "$(cat $sys/refcnt)" = 0 ] || { note "refcnt $(cat $sys/refcnt)"
		return 1; }
}

node_is_private()
{
	[ "$(stat -c '%F %a %U' $device)" = \
		"character special file 600 root" ] ||
		{ note "$(stat -c '%F %a %U' $device)"; return 1; }
}

others_cannot_open()
{
	! setpriv --reuid 65534 --regid 65534 --clear-groups \
		sh -c "exec 3<>$device" 2>/dev/null
}

holding_blocks_unloading()
{
	start_holder "$1" || return 1
	busy || { stop_holder; return 1; }
	stop_holder && idle
}

# Pages in a pipe or in a socket are nobody's any more: the module may go.
pages_outlive_module()
{
	start_holder "$1" || return 1
	unload || { stop_holder; return 1; }
	! loaded && load && unload && stop_holder && load
}

unloads_without_trace()
{
	unload && ! loaded && [ ! -e $device ] && load
}

loads_only_once()
{
	! insmod "$module" 2>/dev/null && loaded && idle
}

loads_again_and_again()
{
	local i

	for i in 1 2 3 4 5; do
		if ! unload || ! load; then
			note "round $i"
			return 1
		fi
	done
}

# Opening races with unloading: each open succeeds or fails, nothing hangs.
opens_race_with_unloading()
{
	local i opener

	(while :; do : 2>/dev/null <>$device; done) 2>/dev/null &
	opener=$!
	for ((i = 0; i < 6; i++)); do
		if rmmod zcopy 2>/dev/null; then
			insmod "$module" || break
		fi
	done
	kill $opener
	wait $opener 2>/dev/null
	# "<>" makes a file where there is no node.
	[ -c $device ] || rm -f $device
	loaded || load
	[ $i = 6 ] && unload && load
}

# buffer_error MIB: the errno of making a buffer of so many MiB.
buffer_error()
{
	"$hold" buffer "$1"
	echo $?
}

cap_is_honoured()
{
	unload && load max_buffer_mb=2 || return 1
	[ "$(cat $parameters/max_buffer_mb)" = 2 ] &&
		[ "$(buffer_error 2)" = 0 ] &&
		[ "$(buffer_error 3)" = $EFBIG ] || return 1
	echo 3 >$parameters/max_buffer_mb &&
		[ "$(buffer_error 3)" = 0 ] &&
		[ "$(buffer_error 4)" = $EFBIG ] || return 1
	echo 0 >$parameters/max_buffer_mb &&
		[ "$(buffer_error 0)" = 0 ] &&
		[ "$(buffer_error 1)" = $EFBIG ] || return 1
	unload && load
}

bad_parameters_are_refused()
{
	unload || return 1
	! insmod "$module" max_buffer_mb=many 2>/dev/null &&
		! insmod "$module" max_buffer_mb=-1 2>/dev/null &&
		! insmod "$module" zero_copy=sometimes 2>/dev/null &&
		! loaded && load || return 1
	! echo sometimes 2>/dev/null >$parameters/zero_copy &&
		[ "$(cat $parameters/zero_copy)" = always ]
}

# With page sharing off, all works by copying, and is counted as copied. A machine
# that is very slow sees fewer of the tests that are there for it anyway.
zero_copy_can_be_turned_off()
{
	local ret=0 program programs='stats cached special blocked'

	[ -z "${ZCOPY_TEST_LESS-}" ] || programs='stats special'

	echo never >$parameters/zero_copy || return 1
	[ "$(cat $parameters/zero_copy)" = never ] || ret=1
	"$here/send" -r send.tcp4.every_pair_of_types -r send.tcp6.to_end \
		-r send.tcp4.zero_copy_is_real \
		-r send.unix_stream.zero_copy_is_real \
		-r send.unix_stream.random_mixtures >"$log" 2>&1 || ret=1
	"$here/resume" -r resume.tcp4.nowait \
		-r resume.unix_stream.nowait >>"$log" 2>&1 || ret=1
	"$here/files" -v memory >>"$log" 2>&1 || ret=1
	for program in $programs; do
		"$here/$program" >>"$log" 2>&1 || ret=1
	done
	"$here/ktls" -r ktls.tls13_aes128.all_types >>"$log" 2>&1 || ret=1
	[ $ret = 0 ] || sed 's/^/# | /' "$log"
	echo always >$parameters/zero_copy && return $ret
}

loaded || [ -n "${ZCOPY_MODULE:-}" ] || skip_all "the module is not loaded"
[ "$(id -u)" = 0 ] || skip_all "only root can load modules"
module=$(find_module)
[ -n "$module" ] || skip_all "there is no zcopy.ko for $(uname -r)"
loaded || load || skip_all "cannot load $module"
log=$(mktemp) && trap 'rm -f "$log"' EXIT

plan 18
check fields_are_there fields_are_there
check idle_at_first idle
check node_is_private node_is_private
check others_cannot_open others_cannot_open
check unloads_without_trace unloads_without_trace
check loads_only_once loads_only_once
check loads_again_and_again loads_again_and_again
check busy_while_open holding_blocks_unloading open
check busy_while_mapped holding_blocks_unloading map
check busy_during_a_call holding_blocks_unloading call
check pipe_outlives_module pages_outlive_module pipe
check socket_outlives_module pages_outlive_module socket
check opens_race_with_unloading opens_race_with_unloading
check cap_is_honoured cap_is_honoured
check bad_parameters_are_refused bad_parameters_are_refused
check zero_copy_can_be_turned_off zero_copy_can_be_turned_off
check idle_at_last idle
check still_loaded loaded
finish
