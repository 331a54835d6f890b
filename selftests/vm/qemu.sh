# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # job, kernel, ... are set by "run"
# shellcheck disable=SC2054 # QEMU's arguments have commas
# shellcheck disable=SC2034 # modules, command, ... are used there
#
# The QEMU rig, see "run": Debian's own kernel with KVM where it works, else with
# emulation (TCG).

# In the initramfs: to reach the host's file system. What these need comes along.
initramfs_modules='virtio_pci virtio_console 9pnet_virtio 9p overlay'

# For the kernel's command line.
arguments=

# Sets "image", the entry of the cache, and what is in it.
find_kernel()
{
	image=$("$here/cache" image "$kernel") || exit 125
	modules=$image/lib/modules
	release=$(ls "$modules")
	kernel_image=$image/boot/vmlinuz-$release
}

rig_prepare()
{
	find_kernel
	make_initramfs || die "cannot make an initramfs for $release"
	choose_accelerator
	[ "$accelerator" = kvm ] || take_less
	rig_words="QEMU with ${accelerator%%,*}, $cpus CPUs, $memory"
	make_scratch_disk || die "cannot make a disk of $scratch for /mnt/scratch"
}

# What a rig takes back on an emulated processor.
take_less()
{
	:
}

# Names of module files in the order in which they have to be loaded. The file
# names differ: .ko on 6.1, .ko.xz on 6.12; some are built into one of the two.
modules_in_order()
{
	local name

	for name in $initramfs_modules; do
		PATH=$PATH:/usr/sbin:/sbin modprobe -C /dev/null -d "$image" \
			-S "$release" --show-depends "$name" || return
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# A statically linked busybox, the modules, and initramfs-init. It is kept in
# the cache, under a name that changes with all that goes into it.
make_initramfs()
{
	local key dir file

	key=$({ echo "$image $initramfs_modules"; cat "$kernel_image" \
		"$here/initramfs-init" "$here/qemu.sh" /bin/busybox; } | sha256sum)
	initramfs=${image%/*/*}/initramfs/$release-${key:0:16}.cpio
	[ -s "$initramfs" ] && return

	mkdir -p "${initramfs%/*}"
	dir=$job/initramfs
	mkdir -p "$dir/modules" "$dir/bin"
	cp /bin/busybox "$dir/bin/busybox"
	cp "$here/initramfs-init" "$dir/init"
	chmod +x "$dir/init"
	: >"$dir/modules/order"
	for file in $(modules_in_order); do
		case $file in
		*.xz) xz -dc "$file" >"$dir/modules/$(basename "$file" .xz)" ;;
		*) cp "$file" "$dir/modules/" ;;
		esac || return
		basename "$file" .xz >>"$dir/modules/order"
	done
	(cd "$dir" && find . | busybox cpio -o -H newc 2>/dev/null) >"$job/initramfs.cpio" &&
		mv "$job/initramfs.cpio" "$initramfs.$$" &&
		mv "$initramfs.$$" "$initramfs"
}

make_scratch_disk()
{
	truncate -s "$scratch" "$job/scratch.img" &&
		PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F \
			-E lazy_itable_init=1,lazy_journal_init=1 -L scratch \
			"$job/scratch.img"
}

# /dev/kvm may be there, answer, and still not run a stock kernel. Boot one to
# find out, once for each machine, kernel and version of QEMU.
choose_accelerator()
{
	local key answer

	accelerator=tcg,thread=multi
	[ -w /dev/kvm ] || return 0
	key=$({ cat /etc/machine-id; grep -m1 'model name' /proc/cpuinfo
		uname -r; qemu-system-x86_64 --version; echo "$release"
		} 2>/dev/null | sha256sum)
	answer=${image%/*/*}/kvm/${key:0:16}
	if [ ! -s "$answer" ]; then
		mkdir -p "${answer%/*}"
		accelerator=kvm
		if probe; then echo kvm; else echo tcg,thread=multi; fi >"$answer.$$"
		mv "$answer.$$" "$answer"
	fi
	accelerator=$(cat "$answer")
}

# Does a kernel reach its init? initramfs-init says so and turns the VM off.
probe()
{
	echo "zcopy: trying whether KVM works here" >&2
	machine_options "zcopy.probe"
	setpriv --pdeathsig TERM timeout -k 1 15 setpriv --pdeathsig KILL \
		"${command[@]}" -serial "file:$job/probe.log" >/dev/null 2>&1 </dev/null
	grep -aq 'zcopy: init reached' "$job/probe.log" 2>/dev/null
}

# The part of the command line that a probe shares. panic=-1 makes a panic end
# QEMU at once (-no-reboot). The time-outs are for emulation on a busy machine.
#
# What is dear to emulate is left out: of the CPU's features, vector units and
# "rep movsb" (a copy by it takes four times as long as one by plain moves); of
# the kernel's work at boot, mitigations and self-tests of ciphers.
#
# memmap: memory that a driver, once it is loaded, takes for persistent: DAX.
machine_options()
{
	local cpu=qemu64,+smap,+smep,+rdrand append=(
		console=ttyS0 panic=-1 panic_on_warn=1 oops=panic
		softlockup_panic=1 watchdog_thresh=60
		sysctl.kernel.hung_task_timeout_secs=240
		sysctl.kernel.hung_task_panic=1
		rcupdate.rcu_cpu_stall_timeout=120
		mitigations=off cryptomgr.notests tsc=reliable nokaslr
		'memmap=16M!1G' "$@"
	)

	# shellcheck disable=SC2206 # words
	append+=($arguments)

	[ "$accelerator" = kvm ] && cpu=host
	command=(
		qemu-system-x86_64 -nodefaults -no-user-config -no-reboot
		-display none -machine q35 -accel "$accelerator" -cpu "$cpu"
		-smp "$cpus" -m "$memory"
		-kernel "$kernel_image" -initrd "$initramfs"
		-append "${append[*]}"
	)
}

# A directory of the host for the guest to mount by its tag.
directory_option()
{
	command+=(
		-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3-}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
	)
}

rig_command()
{
	machine_options
	command+=(
		-serial "file:$job/console.log"
		-drive "file=$job/scratch.img,format=raw,if=none,id=scratch,cache=unsafe,discard=unmap"
		-device virtio-blk-pci,drive=scratch
		-device virtio-serial-pci
	)
	# A command's output is plain bytes; a shell wants a terminal, which
	# Ctrl-] x ends from the outside.
	if [ "${#cmd[@]}" = 0 ]; then
		command+=(-chardev stdio,id=output,signal=off,mux=on
			-echr 0x1d -device 'virtconsole,chardev=output')
	else
		command+=(-chardev 'file,id=output,path=/dev/stdout'
			-device 'virtserialport,chardev=output,name=output')
	fi
	directory_option root / ,readonly=on
	directory_option job "$job/shared"
	[ -z "$share" ] || directory_option share "$share"
}
