#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs that know nothing of zcopy at the other end: nc, curl and wrk. What
# they get is compared with the file. For curl and wrk, the web server of
# Documentation/examples/reply.c sends it.

set -u

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/tap.sh
. "$here/tap.sh"
stats=/sys/class/misc/zcopy/stats
PATH=$here/../user:$PATH
size=1234567
server='' port=0

clean_up()
{
	[ -z "$server" ] || kill "$server"
	rm -rf "$dir"
} 2>/dev/null

# Is somebody listening on TCP port $1?
listening()
{
	grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A" \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Sets "port" to one that nobody has.
find_port()
{
	port=$((20000 + RANDOM % 10000))
	while listening "$port"; do
		port=$((port + 1))
	done
}

wait_for_port()
{
	local deadline=$((SECONDS + 20))

	until listening "$port"; do
		[ "$SECONDS" -lt "$deadline" ] || return
		sleep 0.02
	done
}

same()
{
	cmp "$file" "$1" 2>&1 | sed 's/^/# /'
	[ "${PIPESTATUS[0]}" = 0 ]
}

nc_receives()
{
	local nc

	find_port
	busybox nc -l -p "$port" >"$dir/nc" &
	nc=$!
	wait_for_port && zcopy send --quiet "$file" "127.0.0.1:$port" &&
		wait "$nc" && same "$dir/nc"
}

start_server()
{
	find_port
	"$here/reply" "$file" "$port" &
	server=$!
	wait_for_port
}

counter()
{
	cat "$stats/$1"
}

# A counter that stands still: a SEND may end a moment after its last byte has come.
settled()
{
	local now before=''

	while now=$(counter "$1") && [ "$now" != "$before" ]; do
		before=$now
		sleep 0.2
	done
	echo "$now"
}

curl_gets_the_file()
{
	curl -sS -D "$dir/head" -o "$dir/body" "http://127.0.0.1:$port/" &&
		grep -q "^Content-Length: $size" "$dir/head" &&
		same "$dir/body"
}

curl_over_ipv6()
{
	rm -f "$dir/body"
	curl -sS -o "$dir/body" "http://[::1]:$port/" && same "$dir/body"
}

# One connection, and one SEND for each of its three replies.
curl_keeps_the_connection()
{
	local calls url=http://127.0.0.1:$port/ connects

	calls=$(settled calls)
	connects=$(curl -sS -w '%{num_connects}' -o "$dir/1" "$url" \
		-o "$dir/2" "$url" -o "$dir/3" "$url") || return
	[ "$connects" = 100 ] || { note "connections: $connects"; return 1; }
	[ "$(settled calls)" = $((calls + 3)) ] || return
	same "$dir/1" && same "$dir/2" && same "$dir/3"
}

# The server half-closes behind the last byte: curl sees the end.
curl_asks_to_close()
{
	rm -f "$dir/body"
	curl -sS -H 'Connection: close' -o "$dir/body" \
		"http://127.0.0.1:$port/" && same "$dir/body"
}

# Many at a time, for a second or a little longer. All that is copied is the headers.
# On a machine that needs longer for one request, it takes longer for fewer.
wrk_drives_it()
{
	local sent copied headers requests connections=16
	local seconds=${ZCOPY_TEST_SLACK:-1}

	[ -z "${ZCOPY_TEST_LESS-}" ] || connections=4 seconds=20
	sent=$(settled file_bytes) copied=$(counter copied_bytes)
	headers=$(counter user_bytes)
	wrk -t 2 -c $connections -d "${seconds}s" --timeout $((seconds + 1))s \
		"http://127.0.0.1:$port/" >"$dir/wrk" 2>&1
	sed 's/^/# | /' "$dir/wrk"
	requests=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$dir/wrk")
	[ "${requests:-0}" -ge $connections ] &&
		! grep -qE 'Socket errors|Non-2xx' "$dir/wrk" &&
		[ $(($(settled file_bytes) - sent)) -ge $((requests * size)) ] &&
		[ $(($(counter copied_bytes) - copied)) = \
			$(($(counter user_bytes) - headers)) ]
}

# The file is another one for the next request.
curl_gets_what_is_there()
{
	printf 'short now' >"$file"
	size=9
	curl_gets_the_file
}

for program in busybox curl wrk zcopy; do
	command -v "$program" >/dev/null || skip_all "there is no $program"
done
[ -w /dev/zcopy ] || skip_all "/dev/zcopy cannot be used"
dir=$(mktemp -d "${ZCOPY_TEST_DIR:-/tmp}/peers.XXXXXX") || exit 1
trap clean_up EXIT
file=$dir/file
head -c $size /dev/urandom >"$file"

plan 7
check nc_receives nc_receives
start_server || note "the server does not start"
check curl_gets_the_file curl_gets_the_file
check curl_over_ipv6 curl_over_ipv6
check curl_keeps_the_connection curl_keeps_the_connection
check curl_asks_to_close curl_asks_to_close
check wrk_drives_it wrk_drives_it
check curl_gets_what_is_there curl_gets_what_is_there
finish
