# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# In the guest: what a program has left behind, on a kernel that can tell.
#
# kmemleak knows objects that nothing points to: it wants them five seconds old
# and unchanged between two looks. Whole pages are none of its business; page
# owner, where the rig turns it on, counts these by who allocated them.

kmemleak=/sys/kernel/debug/kmemleak
page_stacks=/sys/kernel/debug/page_owner_stacks/show_stacks

# All that is there before the first program is not the program's.
leaks_begin()
{
	[ -w "$kmemleak" ] || return 0
	echo scan=off >"$kmemleak"
	echo clear >"$kmemleak"
}

# Pages that the module has allocated and that are still there, by its names:
# before it is unloaded. What it called must be the allocator and nothing else:
# slabs are kept, pages of a file are the file's.
leaked_pages()
{
	[ -r "$page_stacks" ] || return 0
	awk -v RS= -F '\n' '
		!/\[zcopy\]/ || /slab/ { next }
		{
			for (i = 1; i <= NF; i++)
				if ($i !~ /alloc|stack|page_owner|page_from|frag_refill/)
					break
			if ($i ~ /\[zcopy\]/)
				print
		}' "$page_stacks"
}

# Pages in flight come back a moment after a program's end.
wait_for_pages()
{
	local deadline=$((SECONDS + 5 * ${ZCOPY_TEST_SLACK:-1}))

	until leaks=$(leaked_pages); [ -z "$leaks" ]; do
		[ "$SECONDS" -lt "$deadline" ] || return
		sleep 0.1
	done
}

# kmemleak turns itself off for good when it has no memory for what it notes, and
# then finds nothing. It tells by refusing even what is set already; show its words.
broken_kmemleak()
{
	[ -w "$kmemleak" ] || return 0
	{ echo stack=on >"$kmemleak"; } 2>/dev/null && return
	dmesg | grep kmemleak: || echo "it refuses to be told anything"
}

# After the module has gone: leaked_objects NUMBER COUNT, after this program of so
# many. What a look at all of memory sees for the first time is reported by the next
# one, so there is one after each program and a second one after the last. Where a
# look takes as long as a program, one in six: a report names the process.
leaked_objects()
{
	[ -w "$kmemleak" ] || return 0
	[ -z "${ZCOPY_TEST_LESS-}" ] || [ "$1" = "$2" ] || [ $(($1 % 6)) = 0 ] ||
		return 0
	echo scan >"$kmemleak"
	if [ "$1" = "$2" ]; then
		sleep 5.1
		echo scan >"$kmemleak"
	fi
	cat "$kmemleak"
	echo clear >"$kmemleak"
}
