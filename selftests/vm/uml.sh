# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # job, kernel, ... are set by "run"
# shellcheck disable=SC2034 # modules, command, ... are used there
#
# The user-mode Linux rig, see "run": native code without virtualisation, one
# CPU, dear system calls. The kernel is a program: kernel-build makes it, uml-fence
# starts it, uml-init is the first process in it.

uml_kernel=uml uml_arguments=

rig_prepare()
{
	local entry

	[ "$kernel" = 6.12 ] || die "user-mode Linux is 6.12 only"
	"$here/need" uml || exit 125
	entry=$("$here/kernel-build" "$uml_kernel") || exit 125
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

	# shellcheck disable=SC2206 # words
	arguments+=($uml_arguments)

	mkdir "$job/layer"
	[ "${#cmd[@]}" = 0 ] || kind="command"
	command=("$here/uml-fence" "$job" "$kind" "$memory" "$scratch" "$share"
		"$linux" "${arguments[@]}")
}
