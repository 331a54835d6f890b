# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # job, kernel, ... are set by "run"
# shellcheck disable=SC2034 # modules, command, ... are used there
#
# The user-mode Linux rig, see "run": native code without virtualisation, one
# CPU, dear system calls. The kernel is a program: uml-build makes it, uml-fence
# starts it, uml-init is the first process in it.

uml_option=

rig_prepare()
{
	local entry

	[ "$kernel" = 6.12 ] || die "user-mode Linux is 6.12 only"
	entry=$("$here/uml-build" ${uml_option:+"$uml_option"}) || exit 125
	release=$(cat "$entry/release")
	modules=$entry/lib/modules
	linux=$entry/linux
	rig_words="user-mode Linux, native code, 1 CPU, $memory"
}

rig_command()
{
	local kind="shell" arguments=(
		"mem=$memory" ro root=/dev/root rootfstype=hostfs rootflags=/
		"init=$here/uml-init" "zcopy_job=$job"
		panic_on_warn=1 oops=panic noreboot
	)

	mkdir "$job/layer"
	[ "${#cmd[@]}" = 0 ] || kind="command"
	command=("$here/uml-fence" "$job" "$kind" "$memory" "$scratch" "$share"
		"$linux" "${arguments[@]}")
}
