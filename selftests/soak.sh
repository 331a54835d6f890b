#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# soak.sh [OPTION OF fuzz]...: all at once. As long as the fuzzer runs, the programs
# below run beside it, again and again, and meanwhile
#
#   * somebody tries to unload the module, which is refused: it is open, mapped, in
#     the middle of calls, and its pages are in sockets;
#   * the file system that all of them have their files on is frozen and thawed.
#
# In the end nobody uses the module any more. It takes as long as one likes
# (--time): run by name.
#
# What does not run here: stalls, which measures milliseconds; stats, module.sh,
# corners, faults and whatever else has the module's counters, its parameters or
# the machine's memory for itself.

set -u

here=$(dirname "$(readlink -f "$0")")
device=/dev/zcopy
refcnt=/sys/module/zcopy/refcnt
EAGAIN=11
# For one run of a program, and for one of the fuzzer beyond its time.
limit=$((600 * ${ZCOPY_TEST_SLACK:-1}))
# shellcheck source=selftests/tap.sh
. "$here/tap.sh"

# -T leaves out what needs the module (unloading_under_users) or the machine's free
# memory (leaves_nothing_behind) for itself.
beside=(
	"mapping"
	"races -T unloading_under_users"
	"concurrency -T leaves_nothing_behind"
	"blocked"
	"restart"
	"memcg"
	"buffer -t memlock_limit"
)

clean_up()
{
	rm -f "$work/running"
	# shellcheck disable=SC2086 # a list
	[ -z "$jobs" ] || { kill $jobs; wait $jobs; }
	if mountpoint -q "$work/disk"; then
		fsfreeze -u "$work/disk"
		umount -l "$work/disk"
	fi
	rm -rf "$work"
} 2>/dev/null

make_disk()
{
	local loop

	mkdir "$work/disk" && truncate -s 512M "$work/image" &&
		mkfs.ext4 -q -F "$work/image" || return
	modprobe -q loop
	loop=$(losetup -f --show "$work/image") || return
	mount "$loop" "$work/disk"
	# It goes with the file system.
	losetup -d "$loop"
	mountpoint -q "$work/disk"
}

# One run of a program; what it says matters only if it fails.
run()
{
	timeout -k 5 "$limit" "$here/$1" "${@:2}" </dev/null >"$log" 2>&1
}

# rmmod(8) looks at the count, the kernel counts itself.
unloading_is_refused()
{
	local message

	message=$(LC_ALL=C rmmod zcopy 2>&1) &&
		{ echo "rmmod did not refuse" >"$log"; return 1; }
	echo "$message" >"$log"
	case $message in *"in use"*) ;; *) return 1 ;; esac
	"$here/hold" nothing
	[ $? = $EAGAIN ] || { echo "the kernel did not refuse" >"$log"; return 1; }
	sleep 0.05
}

# For a moment: whoever writes waits for it.
freezes_and_thaws()
{
	{ fsfreeze -f "$work/disk" && sleep 0.2 && fsfreeze -u "$work/disk"; } \
		>"$log" 2>&1 && sleep 1
}

# again NAME COMMAND...: until the fuzzer has ended, or it fails. A round that has
# begun comes to its end.
again()
{
	local rounds=0 name=$1 log=$work/$1.log

	shift
	while [ -e "$work/running" ]; do
		"$@" || { echo "$?" >"$work/$name.failed"; return; }
		rounds=$((rounds + 1))
		echo "$rounds" >"$work/$name.rounds"
	done
}

# The programs do not inherit the file that is held open here.
start()
{
	again "$@" {held}>&- &
	jobs+=" $!"
}

# It went well, each time, and not never.
always_passed()
{
	local rounds

	rounds=$(cat "$work/$1.rounds" 2>/dev/null)
	note "$1: ${rounds:-0} rounds"
	if [ -e "$work/$1.failed" ]; then
		note "then it failed: status $(cat "$work/$1.failed")"
		sed 's/^/# | /' "$work/$1.log"
		return 1
	fi
	[ "${rounds:-0}" -gt 0 ]
}

# Its seed has to be seen, even if the kernel does not survive.
fuzz()
{
	"$here/fuzz" "$@" {held}>&- 2>&1 | sed -u 's/^/# /'
	return "${PIPESTATUS[0]}"
}

# All but this script have let go; pages in flight take a moment.
nobody_is_left()
{
	local try

	for try in {1..100}; do
		[ "$(cat $refcnt)" != 1 ] || return 0
		sleep 0.1
	done
	note "$(cat $refcnt) users of the module, not 1, after $try looks"
	return 1
}

[ -e $refcnt ] || skip_all "the module is not loaded"
[ "$(id -u)" = 0 ] || skip_all "only root can load modules and freeze file systems"
jobs=''
work=$(mktemp -d) && trap clean_up EXIT
trap 'exit 143' INT TERM HUP
make_disk || skip_all "cannot mount an image of ext4"
exec {held}<>$device || skip_all "cannot open $device"
export ZCOPY_TEST_TOGETHER=1 ZCOPY_TEST_DIR=$work/disk
: >"$work/running"

plan $((${#beside[@]} + 4))
for program in "${beside[@]}"; do
	read -ra words <<<"$program"
	start "${words[0]}" run "${words[@]}"
done
start rmmod unloading_is_refused
start fsfreeze freezes_and_thaws
check fuzz fuzz "$@"
rm "$work/running"
# shellcheck disable=SC2086 # a list
wait $jobs
jobs=''
for program in "${beside[@]}"; do
	check "${program%% *}" always_passed "${program%% *}"
done
check unloading_is_refused always_passed rmmod
check file_system_is_frozen always_passed fsfreeze
check nobody_is_left nobody_is_left
finish
