#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may use /dev/zcopy: the udev rule and its group, as "make udev-install"
# installs them, with a udev daemon at work. It changes the machine, so it runs
# in a VM only.

set -u

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/tap.sh
. "$here/tap.sh"
top=$(readlink -f "$here/../..")
device=/dev/zcopy
PATH=$PATH:/usr/sbin:/sbin
udevd=/lib/systemd/systemd-udevd
daemon=''

clean_up()
{
	[ -z "$daemon" ] || kill "$daemon"
	rm -rf "$dir"
} 2>/dev/null

mode_of_device()
{
	udevadm settle --timeout=20
	stat -c '%a %U:%G' $device
}

is_mode()
{
	local mode

	mode=$(mode_of_device)
	[ "$mode" = "$1" ] && return
	note "$mode, and not $1"
	return 1
}

# nobody_with GROUP...: can a user who is nobody, in these groups, open it?
nobody_with()
{
	setpriv --reuid 65534 --regid 65534 --groups "$1" \
		sh -c "exec 3<>$device" 2>/dev/null
}

start_daemon()
{
	local deadline=$((SECONDS + 20))

	$udevd >/dev/null 2>&1 &
	daemon=$!
	until [ -S /run/udev/control ]; do
		[ "$SECONDS" -lt "$deadline" ] || return
		sleep 0.05
	done
}

rule_is_installed()
{
	start_daemon && is_mode "600 root:root" || return
	make -s -C "$top" udev-install >"$dir/install" 2>&1 &&
		is_mode "660 root:zcopy" && return
	sed 's/^/# | /' "$dir/install"
	return 1
}

members_may_open_it()
{
	nobody_with "$(getent group zcopy | cut -d : -f 3)"
}

others_may_not()
{
	! nobody_with 65534 && ! nobody_with 100
}

# What the rule says of the device, in udev's own words.
udev_agrees()
{
	udevadm test /sys/class/misc/zcopy >"$dir/test" 2>&1
	grep -q '60-zcopy.rules.*GROUP' "$dir/test" &&
		grep -q '60-zcopy.rules.*MODE 0660' "$dir/test" && return
	sed 's/^/# | /' "$dir/test"
	return 1
}

# A module that is loaded again is under the rule again.
rule_outlives_the_module()
{
	[ -n "${ZCOPY_MODULE-}" ] || return
	rmmod zcopy && insmod "$ZCOPY_MODULE" && is_mode "660 root:zcopy" &&
		others_may_not
}

[ -n "${ZCOPY_RIG-}" ] || skip_all "a group and a rule are for a VM only"
for program in udevadm $udevd make; do
	command -v "$program" >/dev/null || skip_all "there is no $program"
done
dir=$(mktemp -d) || exit 1
trap clean_up EXIT

plan 5
for name in rule_is_installed members_may_open_it others_may_not \
	udev_agrees rule_outlives_the_module; do
	check $name $name
done
finish
