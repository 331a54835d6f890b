# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For count.sh: count something, and look at the report's figures. Sourced; takes
# "zcopy", the tool, "dir", a directory for files, and "report", one of them.

# shellcheck disable=SC2154 # those variables

# count ARGUMENT...: count it; the figures of the report go to "figures".
count()
{
	local status

	rm -f "$report"
	"$zcopy" count --json --output "$report" "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	[ ! -s "$report" ] || load_figures
	return "$status"
}

# By their keys, from the outside in, with a blank between: "cpu_copies to_user".
# A list's items go by their names; those of one name are added up.
declare -A figures
load_figures()
{
	local key figure

	figures=()
	while IFS=$'\t' read -r key figure; do
		figures[$key]=$figure
	done < <(python3 -I -S - "$report" <<-'END'
		import json, sys
		flat = {}
		def name(item):
		    if not isinstance(item, dict):
		        return "word"
		    if "route" in item:
		        return f"{item['method']} {item['route']} " + (
		            "cold" if item["cold"] else "warm")
		    return item.get("function", item.get("name", ""))
		def walk(item, key):
		    if isinstance(item, dict):
		        for word in item:
		            walk(item[word], key + [word])
		    elif isinstance(item, list):
		        for part in item:
		            walk(part, key + [name(part)])
		    else:
		        key = " ".join(key)
		        if type(item) is int and key in flat:
		            item += flat[key]
		        flat[key] = item
		walk(json.load(open(sys.argv[1])), [])
		for key in flat:
		    print(key, flat[key], sep="\t")
	END
	)
}

# A figure of the report: value cpu_copies to_user
value()
{
	echo "${figures[$*]:-0}"
}

# The figure is what is expected, give or take 2 percent and what a program
# reads while it starts.
near()
{
	local expected=$1 got
	shift

	got=$(value "$@")
	awk -v got="$got" -v want="$expected" 'BEGIN {
		difference = got < want ? want - got : got - want
		exit !(difference <= want * 0.02 + 16384)
	}' && return
	echo "# $*: $got, and not $expected"
	return 1
}

is()
{
	local expected=$1 got
	shift

	got=$(value "$@")
	[ "$got" = "$expected" ] && return
	echo "# $*: $got, and not $expected"
	return 1
}

# is, for something that is a number of calls and no less.
at_least()
{
	local least=$1 got
	shift

	got=$(value "$@")
	[ "$got" -ge "$least" ] && return
	echo "# $*: $got, less than $least"
	return 1
}

# row_is METHOD ROUTE KEY NUMBER SLACK: a figure of it, give or take SLACK.
row_is()
{
	local got

	got=$(value rows "$1" "$2" warm "$3")
	awk -v got="$got" -v want="$4" -v slack="$5" 'BEGIN {
		exit !(got != "" && got <= want + slack && got >= want - slack)
	}' && return
	echo "# $1 over $2: $3 $got, and not $4"
	return 1
}

# copies METHOD ROUTE NUMBER: the CPU copies each byte so often, within 2 %.
copies()
{
	row_is "$1" "$2" cpu_copies "$3" 0.02
}

# The same for crossings, where a page fault of the sender's is 0.12.
crossings()
{
	row_is "$1" "$2" crossings "$3" 0.4
}
