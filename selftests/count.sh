#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# zcopy count: programs whose copies and crossings are known beforehand, and
# what another tool (strace) and the module itself count.
#
# ZCOPY is the tool to test, by default the one on the PATH.

set -u

here=$(dirname "$(readlink -f "$0")")
zcopy=${ZCOPY:-zcopy}
load=$here/count_load
dir=$(mktemp -d "${ZCOPY_TEST_DIR:-/tmp}/count.XXXXXX") || exit 1
file=$dir/file
report=$dir/report.json
MiB=$((1 << 20))
size=$((8 * MiB))
failed=0 number=0
sink_pid='' port='' anchor='' anchored=''

skip_all()
{
	if [ "${ZCOPY_TEST_STRICT:-0}" != 0 ]; then
		echo "Bail out! $*"
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit 4
}

clean_up()
{
	[ -z "$sink_pid" ] || kill "$sink_pid"
	[ -z "$anchor" ] || kill "$anchor" "$anchored"
	wait "$anchor"
	ip netns del zcopy-count
	rm -rf "$dir"
} 2>/dev/null
trap clean_up EXIT

# test NAME COMMAND...: one test, which is that the command succeeds.
test_that()
{
	local name=$1 begin
	shift

	number=$((number + 1))
	begin=$SECONDS
	if "$@"; then
		echo "ok $number count.$name # $((SECONDS - begin)) s"
	else
		failed=$((failed + 1))
		echo "not ok $number count.$name"
	fi
}

# What TCP sends again, on a busy machine, is counted again: up to three tries.
at_best()
{
	"$1" || "$1" || "$1"
}

# shellcheck source=selftests/count_report.sh
. "$here/count_report.sh"

#
# Programs whose figures are known
#

cold_read_loop()
{
	sync
	echo 1 >/proc/sys/vm/drop_caches
	count -- "$load" read "$file" "$MiB" &&
		near "$size" devices block_read &&
		near "$size" cpu_copies to_user
}

read_loop()
{
	count -- "$load" read "$file" "$MiB" &&
		near 0 devices bytes &&
		near "$size" cpu_copies to_user &&
		near 0 cpu_copies from_user &&
		near 0 cpu_copies packets &&
		is 0 payload &&
		at_least 9 crossings by_name read
}

dd_1m()
{
	count -- dd if="$file" of=/dev/null bs=1M &&
		near "$size" cpu_copies to_user &&
		near 0 cpu_copies from_user &&
		near 0 devices bytes &&
		at_least 8 crossings by_name write
}

cat_to_cat()
{
	# shellcheck disable=SC2016 # expanded by that shell
	count -- sh -c 'cat "$1" | cat >/dev/null' sh "$file" &&
		near $((2 * size)) cpu_copies to_user &&
		near "$size" cpu_copies from_user &&
		at_least 2 crossings by_name execve
}

copy_loop()
{
	count -- "$load" copy "$file" "$MiB" "$port" &&
		is "$size" payload &&
		is 8 sends &&
		is 8 crossings by_name sendto &&
		near "$size" cpu_copies to_user &&
		near "$size" cpu_copies from_user &&
		near 0 cpu_copies packets &&
		near "$size" devices bytes &&
		near 0 devices linear
}

sendfile_loop()
{
	count -- "$load" sendfile "$file" "$MiB" "$port" &&
		is "$size" payload &&
		is 8 sends &&
		is 9 crossings by_name sendfile &&
		near 0 cpu_copies bytes &&
		is "$size" by_reference sockets &&
		near "$size" devices fragments
}

zerocopy_is_copied_late()
{
	count -- "$load" zerocopy "$file" "$MiB" "$port" &&
		is "$size" payload &&
		is "$size" by_reference pinned &&
		near 0 cpu_copies from_user &&
		near "$size" cpu_copies packets
}

ktls_encrypts()
{
	count -- "$load" ktls "$file" "$MiB" "$port" &&
		is "$size" payload &&
		near "$size" cpu_copies to_user &&
		near "$size" cpu_copies encrypted
}

datagrams()
{
	count -- "$load" datagrams "$file" 1024 0 &&
		is "$size" payload &&
		is $((size / 1024)) sends &&
		near "$size" cpu_copies from_user &&
		near "$size" devices bytes
}

# A datagram that comes without a word on its checksum is added up while it is
# copied to the receiver.
far()
{
	ip netns exec zcopy-count "$@"
}

join_far()
{
	ip netns add zcopy-count &&
		ip link add zcopy-near type veth peer name zcopy-far \
			netns zcopy-count &&
		ethtool -K zcopy-near tx off >/dev/null &&
		ip addr add 192.0.2.1/24 dev zcopy-near &&
		ip link set zcopy-near up &&
		far ip addr add 192.0.2.2/24 dev zcopy-far &&
		far ip link set zcopy-far up
}

checksummed_while_copied()
{
	local counter got status

	join_far || return
	cat >"$dir/receive.py" <<-'END'
		import socket, sys
		left = 1 << 20
		with socket.socket(type=socket.SOCK_DGRAM) as s:
		    SO_RCVBUFFORCE = 33
		    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
		    s.settimeout(60)
		    s.bind(("192.0.2.2", 9))
		    print("ready", file=open(sys.argv[1], "w"))
		    while left > 0:
		        left -= len(s.recv(4096))
	END
	count -- ip netns exec zcopy-count python3 -S "$dir/receive.py" \
		"$dir/ready" &
	counter=$!
	until [ -s "$dir/ready" ] || ! kill -0 "$counter"; do
		sleep 0.1
	done
	python3 -S -c 'import socket
s = socket.socket(type=socket.SOCK_DGRAM)
for i in range(1024):
    s.sendto(bytes(1024), ("192.0.2.2", 9))'
	wait "$counter"
	status=$?
	load_figures
	got=$(value cpu_copies functions skb_copy_and_csum_datagram_msg bytes)
	[ "$status-$got" = "0-$MiB" ] && return
	echo "# status $status, $got bytes, and not $MiB"
	return 1
}

# The sender alone, though both ends are on this machine.
one_write_to_disk()
{
	count -- dd if="$file" of="$dir/copy" bs=1M conv=fsync &&
		near "$size" cpu_copies to_user &&
		near "$size" cpu_copies from_user &&
		near "$size" devices block_written
}

# Direct I/O is the disk's work alone.
direct_read()
{
	count -- dd if="$file" of=/dev/null bs=1M iflag=direct &&
		near "$size" devices block_read &&
		near 0 cpu_copies to_user
}

other_kinds_of_files()
{
	count -- dd if=/dev/zero of=/dev/null bs=1M count=16 &&
		near 0 cpu_copies bytes || return
	count -- dd if=/dev/urandom of=/dev/null bs=1M count=1 &&
		near "$MiB" cpu_copies to_user
}

#
# Who is counted
#

children_and_threads_are()
{
	count -- python3 -S -c '
import os, sys, threading
def read():
    with open(sys.argv[1], "rb", buffering=0) as f:
        while f.read(1 << 20):
            pass
threads = [threading.Thread(target=read) for i in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
if os.fork() == 0:
    if os.fork() == 0:
        read()
    else:
        os.wait()
else:
    os.wait()
' "$file" || return
	# The interpreter reads its own library.
	at_least $((3 * size)) cpu_copies to_user &&
		[ "$(value cpu_copies to_user)" -lt $((3 * size + 4 * MiB)) ]
}

# A process that is there already, and what it starts, until it ends.
by_pid()
{
	local pid counter status

	mkfifo "$dir/go"
	# shellcheck disable=SC2016 # expanded by that shell
	sh -c 'read go <"$2"; cat "$1"; exit 0' sh "$file" "$dir/go" >/dev/null &
	pid=$!
	count --pid "$pid" &
	counter=$!
	until grep -qs '^zcopy: counting' "$dir/err" || ! kill -0 "$counter"; do
		sleep 0.1
	done
	echo >"$dir/go"
	wait "$counter"
	status=$?
	wait "$pid"
	load_figures
	[ "$status" = 0 ] && near "$size" cpu_copies to_user &&
		is True subject ended
}

# Somebody else is busy all the while.
others_are_not()
{
	local pid status other begin=$SECONDS

	while :; do cat "$file"; done >/dev/null 2>&1 &
	other=$!
	sleep 100 &
	pid=$!
	count --pid "$pid" --time 0.5
	status=$?
	kill "$pid" "$other"
	wait "$pid" "$other" 2>/dev/null
	[ "$status" = 0 ] && [ $((SECONDS - begin)) -lt 90 ] &&
		is False subject ended && near 0 cpu_copies bytes
}

#
# What others count
#

# calls NAME FILE: of strace -c, the number of calls; 0 if it has none.
strace_calls()
{
	awk -v name="$1" '$NF == name { print $4; found = 1 }
		END { if (!found) print 0 }' "$2"
}

agrees_with_strace()
{
	local name got want wrong=0 names=()

	count -- "$load" copy "$file" 65536 "$port" || return
	strace -f -c -o "$dir/strace" "$load" copy "$file" 65536 "$port" || return
	# What never returns is not in strace's list.
	for name in "${!figures[@]}"; do
		[ "${name% *}" != 'crossings by_name' ] || names+=("${name##* }")
	done
	# What strace counts and we do not must be found as well.
	mapfile -t -O "${#names[@]}" names < <(awk '
		$1 ~ /^[0-9.]+$/ && $NF != "total" { print $NF }' "$dir/strace")
	for name in "${names[@]}"; do
		[ "$name" != exit_group ] || continue
		want=$(strace_calls "$name" "$dir/strace")
		got=$(value crossings by_name "$name")
		[ "$got" = "$want" ] && continue
		echo "# $name: $got calls, $want by strace"
		wrong=1
	done
	[ "$wrong" = 0 ]
}

table_is_the_textbook()
{
	local linear='veth, no scatter-gather'

	count --table "$file" --method \
		read,mmap,direct,sendfile,splice,zerocopy,uring-splice || {
		sed 's/^/# /' "$dir/err" "$dir/out"
		return 1
	}
	copies read veth 2 && copies mmap veth 1 && copies direct veth 1 &&
		copies sendfile veth 0 && copies sendfile "$linear" 1 &&
		copies splice veth 0 && copies zerocopy loopback 1 &&
		copies uring-splice veth 0 &&
		copies uring-splice "$linear" 1 &&
		row_is uring-splice veth network 1 0.02 &&
		crossings read veth 4 && crossings direct veth 4 &&
		crossings sendfile veth 2 && crossings splice veth 4 &&
		row_is sendfile veth gathered 1 0 &&
		row_is sendfile "$linear" gathered 0 0
}

# out_copied, the module's word, and the probes' count.
agrees_with_the_module()
{
	local linear='veth, no scatter-gather'

	count --table "$file" --method zcopy || return
	copies zcopy veth 0 && copies zcopy loopback 0 &&
		copies zcopy "$linear" 1 &&
		is 0.0 rows zcopy loopback warm reported copies &&
		is 1.0 rows zcopy "$linear" warm reported copies
}

#
# The tool itself
#

# Probes of ours in the kernel.
probes()
{
	bpftool prog list | grep -c 'name tcp_sendmsg_loc'
}

gone_after_sigkill()
{
	local pid tries during

	"$zcopy" count -- sleep 300 >/dev/null 2>&1 &
	pid=$!
	for ((tries = 0; tries < 600; tries++)); do
		[ -z "$(pgrep -P "$pid" -x sleep)" ] || break
		sleep 0.1
	done
	during=$(probes)
	sleep_pid=$(pgrep -P "$pid" -x sleep)
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	for ((tries = 0; tries < 100; tries++)); do
		[ "$(probes)" != 0 ] || break
		sleep 0.1
	done
	# What was counted goes on.
	kill -0 "$sleep_pid" && kill "$sleep_pid" &&
		[ "$during" -gt 0 ] && [ "$(probes)" = 0 ]
}

gone_after_the_end()
{
	count -- true && [ "$(probes)" = 0 ]
}

# A function's last probe is taken away in a tenth of a second: the kernel waits
# for all threads. Somebody else's probes, there all the while, save that; and
# the figures must not mind them.
drop_anchor()
{
	sleep 1000 &
	anchored=$!
	"$zcopy" count --pid "$anchored" >/dev/null 2>"$dir/anchor" &
	anchor=$!
	until grep -qs '^zcopy: counting' "$dir/anchor" || ! kill -0 "$anchor"; do
		sleep 0.1
	done
	[ "$(probes)" -gt 0 ]
}

# status STATUS ARGUMENT...: how the tool ends.
status()
{
	local expected=$1 got
	shift

	count "$@"
	got=$?
	[ "$got" = "$expected" ] && return
	echo "# count $*: status $got, and not $expected"
	return 1
}

exit_statuses()
{
	status 1 -- false &&
		status 2 -- /nonexistent/command && status 2 -- nonexistent &&
		status 2 && status 2 --pid 1 -- true &&
		status 2 --time 1 -- true && status 2 --pid 999999999 &&
		status 2 --table /dev/null
}

# A kernel without type information, such as user-mode Linux.
says_what_the_kernel_lacks()
{
	local status

	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf 2>/dev/null
		exec "$@"' sh "$zcopy" count -- true 2>"$dir/err"
	status=$?
	[ "$status" = 3 ] && grep -q 'no type information' "$dir/err" && return
	echo "# status $status: $(cat "$dir/err")"
	return 1
}

says_what_rights_are_missing()
{
	cp "$(command -v "$zcopy")" "$dir/zcopy" && chmod 755 "$dir" "$dir/zcopy" &&
		! setpriv --reuid 65534 --clear-groups "$dir/zcopy" count -- true \
			2>"$dir/err" &&
		grep -q 'takes root' "$dir/err"
}

# run NAME...: all tests that are left, and the result.
run()
{
	local name

	echo "TAP version 13"
	echo "1..$#"
	for name; do
		case $name in
		copy_loop | sendfile_loop | zerocopy_is_copied_late)
			test_that "$name" at_best "$name" ;;
		*) test_that "$name" "$name" ;;
		esac
	done
	[ "$failed" = 0 ]
	exit
}

case $(uname -r) in
*uml*) run says_what_the_kernel_lacks ;;
esac
for program in python3 strace bpftool ethtool ip setpriv; do
	command -v "$program" >/dev/null || skip_all "$program is missing"
done
head -c "$size" /dev/urandom >"$file"
coproc "$load" sink
sink_pid=$COPROC_PID
# shellcheck disable=SC2034 # read by name
read -r port <&"${COPROC[0]}"

tests='gone_after_the_end gone_after_sigkill drop_anchor
	cold_read_loop read_loop direct_read dd_1m cat_to_cat copy_loop
	sendfile_loop zerocopy_is_copied_late ktls_encrypts datagrams
	checksummed_while_copied one_write_to_disk other_kinds_of_files
	children_and_threads_are by_pid others_are_not agrees_with_strace
	table_is_the_textbook exit_statuses says_what_the_kernel_lacks
	says_what_rights_are_missing'
[ ! -e /dev/zcopy ] || tests+=' agrees_with_the_module'
# TESTS, for work on this file: only these.
read -ra list <<<"$(echo "${COUNT_TESTS:-$tests}" | tr '\n\t' '  ')"
run "${list[@]}"
