# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the test programs that are scripts share: TAP, as the kernel's own
# selftests print it. To be sourced; sets "suite" from the script's name.

suite=$(basename "$0" .sh)
passed=0 failed=0 skipped=0 number=0

plan()
{
	echo "TAP version 13"
	echo "1..$1"
}

# Where everything must be there, what would be skipped has failed.
strict()
{
	[ "${ZCOPY_TEST_STRICT:-0}" != 0 ]
}

skip_all()
{
	if strict; then
		echo "Bail out! $*"
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit 4
}

note()
{
	echo "# $*"
}

# check NAME COMMAND...: one test, which is that the command succeeds.
check()
{
	local name=$1
	shift

	number=$((number + 1))
	if "$@"; then
		passed=$((passed + 1))
		echo "ok $number $suite.$name"
	else
		failed=$((failed + 1))
		echo "not ok $number $suite.$name"
	fi
}

# skip NAME WHY: one test that makes no sense here.
skip()
{
	number=$((number + 1)) skipped=$((skipped + 1))
	echo "ok $number $suite.$1 # SKIP $2"
}

# The last line, and the script's exit status.
finish()
{
	echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
	[ "$failed" = 0 ]
}
