// SPDX-License-Identifier: GPL-2.0
/* The matrix's files, each on a file system made for it below /tmp. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "matrix.h"
#include "util_disk.h"

void mx_sources_prepare(void)
{
	if (!zt_private_mounts("/tmp"))
		zt_die("private mounts");
	zt_load_modules("loop ext4 xfs btrfs overlay fuse erofs squashfs "
			"tls vsock_loopback nd_e820 nd_pmem");
}

static void write_content(const struct mx_source *source, int fd)
{
	if (pwrite(fd, source->content, MX_CONTENT, 0) != MX_CONTENT ||
	    fsync(fd))
		zt_die(source->name);
}

static void open_twice(struct mx_source *source, const char *path,
		       const char *poke_path, int flags)
{
	source->file = open(path, O_RDONLY | O_CLOEXEC | flags);
	source->poke = -1;
	if (poke_path)
		source->poke = open(poke_path, O_RDWR | O_CLOEXEC);
	if (source->file < 0 || (poke_path && source->poke < 0))
		zt_die(path);
}

/* A new file with the content at @path. */
static void put_file(const struct mx_source *source, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		zt_die(path);
	write_content(source, fd);
	close(fd);
}

static void make_file(struct mx_source *source, const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, source->name);
	put_file(source, path);
	open_twice(source, path, path, 0);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		zt_die(path);
}

/* Mount the image /tmp/NAME.img at /tmp/NAME; returns why not, or NULL. */
static const char *mount_image(const char *name, const char *type,
			       bool read_only)
{
	char dir[64], image[64];
	const char *device, *reason = NULL;
	int fd = -1;

	snprintf(dir, sizeof(dir), "/tmp/%s", name);
	snprintf(image, sizeof(image), "/tmp/%s.img", name);
	make_directory(dir);
	device = zt_loop_device(image, read_only, &fd);
	if (!device)
		return "no loop device";
	if (mount(device, dir, type, read_only ? MS_RDONLY : 0, NULL))
		reason = "it can't be mounted";
	close(fd);
	return reason;
}

/* Make a file system of @mebibytes at /tmp/TYPE. */
static const char *make_file_system(const char *type, unsigned int mebibytes,
				    const char *options)
{
	char image[64];

	if (!zt_has_file_system(type))
		return "not in this kernel";
	snprintf(image, sizeof(image), "/tmp/%s.img", type);
	zt_make_image(image, (uint64_t)mebibytes << 20);
	if (!zt_run("mkfs.%s %s %s", type, options, image))
		return "mkfs failed";
	return mount_image(type, type, false);
}

static const char *make_ext4(void)
{
	static const char *lacking = "";

	if (lacking && !*lacking)
		lacking = make_file_system("ext4", 24, "-q -F -O ^has_journal");
	return lacking;
}

static void small_pages(struct mx_source *source)
{
	make_directory("/tmp/small");
	if (mount("zcopy-test", "/tmp/small", "tmpfs", 0, NULL))
		zt_die("tmpfs");
	make_file(source, "/tmp/small");
}

static void huge_pages(struct mx_source *source)
{
	make_directory("/tmp/huge");
	if (mount("zcopy-test", "/tmp/huge", "tmpfs", 0, "huge=always"))
		source->lacking = "not in this kernel";
	else
		make_file(source, "/tmp/huge");
}

static void memory_file(struct mx_source *source)
{
	int fd = memfd_create("zcopy-test", MFD_CLOEXEC);

	if (fd < 0)
		zt_die("memfd_create");
	write_content(source, fd);
	open_twice(source, zt_self_path(fd), zt_self_path(fd), 0);
	close(fd);
}

static void on_ext4(struct mx_source *source)
{
	source->lacking = make_ext4();
	if (!source->lacking)
		make_file(source, "/tmp/ext4");
}

static void on_ext4_dax(struct mx_source *source)
{
	make_directory("/tmp/dax");
	if (access("/dev/pmem0", F_OK))
		source->lacking = "no persistent memory here";
	else if (!zt_run("mkfs.ext4 -q -F -b 4096 /dev/pmem0"))
		source->lacking = "mkfs failed";
	else if (mount("/dev/pmem0", "/tmp/dax", "ext4", 0, "dax=always"))
		source->lacking = "it can't be mounted";
	else
		make_file(source, "/tmp/dax");
}

static void read_only(struct mx_source *source)
{
	source->lacking = make_ext4();
	if (source->lacking)
		return;
	make_directory("/tmp/only");
	if (mount("/tmp/ext4", "/tmp/only", NULL, MS_BIND, NULL) ||
	    mount(NULL, "/tmp/only", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY,
		  NULL))
		zt_die("a read-only mount");
	put_file(source, "/tmp/ext4/only");
	open_twice(source, "/tmp/only/only", "/tmp/ext4/only", 0);
}

/* Holes of odd lengths, but not where a probe looks. */
static void punch(struct mx_source *source)
{
	size_t at, len = 9 * KIB + 11;

	for (at = 30 * KIB + 7; at + len < MX_CONTENT; at += 25 * KIB) {
		if (fallocate(source->poke,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)at, (off_t)len))
			zt_die("holes");
		memset(source->content + at, 0, len);
	}
}

static void sparse_on_ext4(struct mx_source *source)
{
	on_ext4(source);
	if (!source->lacking)
		punch(source);
}

static void sparse_in_memory(struct mx_source *source)
{
	memory_file(source);
	punch(source);
}

static void on_xfs(struct mx_source *source)
{
	/* The smallest that there is. */
	source->lacking = make_file_system("xfs", 300, "-q -K");
	if (!source->lacking)
		make_file(source, "/tmp/xfs");
}

static const char *make_btrfs(void)
{
	static const char *lacking = "";

	if (lacking && !*lacking)
		lacking = make_file_system("btrfs", 128,
					   "-q -K -m single -d single");
	return lacking;
}

static void on_btrfs(struct mx_source *source)
{
	source->lacking = make_btrfs();
	if (!source->lacking)
		make_file(source, "/tmp/btrfs");
}

static void on_btrfs_compressed(struct mx_source *source)
{
	static const char dir[] = "/tmp/btrfs/compressed";

	source->lacking = make_btrfs();
	if (source->lacking)
		return;
	make_directory(dir);
	if (setxattr(dir, "btrfs.compression", "zlib", 4, 0))
		zt_die("btrfs.compression");
	make_file(source, dir);
	if (!zt_is_compressed(source->file))
		source->lacking = "it does not compress";
}

/* Seen through an overlay that was never written to. */
static void on_overlay(struct mx_source *source)
{
	source->lacking = make_ext4();
	if (!source->lacking && !zt_has_file_system("overlay"))
		source->lacking = "not in this kernel";
	if (source->lacking)
		return;
	make_directory("/tmp/ext4/lower");
	make_directory("/tmp/upper");
	make_directory("/tmp/work");
	make_directory("/tmp/overlay");
	put_file(source, "/tmp/ext4/lower/file");
	if (mount("zcopy-test", "/tmp/overlay", "overlay", 0,
		  "lowerdir=/tmp/ext4/lower,upperdir=/tmp/upper,"
		  "workdir=/tmp/work"))
		zt_die("overlay");
	open_twice(source, "/tmp/overlay/file", "/tmp/ext4/lower/file", 0);
}

static void on_fuse(struct mx_source *source)
{
	make_directory("/tmp/fuse");
	if (!mx_fuse_mount("/tmp/fuse", source->content, MX_CONTENT))
		source->lacking = "it can't be mounted";
	else
		open_twice(source, "/tmp/fuse/file", NULL, 0);
}

/* A file system that is made whole by a program, around one file. */
static void packed(struct mx_source *source, const char *type,
		   const char *command)
{
	char path[64];

	if (!zt_has_file_system(type)) {
		source->lacking = "not in this kernel";
		return;
	}
	make_directory("/tmp/packed");
	if (access("/tmp/packed/file", F_OK))
		put_file(source, "/tmp/packed/file");
	if (!zt_run(command, type))
		source->lacking = "mkfs failed";
	else
		source->lacking = mount_image(type, type, true);
	snprintf(path, sizeof(path), "/tmp/%s/file", type);
	if (!source->lacking)
		open_twice(source, path, NULL, 0);
}

static void on_squashfs(struct mx_source *source)
{
	packed(source, "squashfs",
	       "mksquashfs /tmp/packed /tmp/%s.img -noappend -no-progress "
	       "-processors 1");
}

static void on_erofs(struct mx_source *source)
{
	packed(source, "erofs", "mkfs.erofs /tmp/%s.img /tmp/packed");
}

static void use_disk(struct mx_source *source, const char *device)
{
	open_twice(source, device, device, 0);
	write_content(source, source->poke);
}

static void null_disk(struct mx_source *source)
{
	const char *device = zt_null_disk(1);

	if (device)
		use_disk(source, device);
	else
		source->lacking = "no null_blk";
}

static void loop_disk(struct mx_source *source)
{
	const char *device;
	int fd;

	zt_make_image("/tmp/disk.img", MIB);
	device = zt_loop_device("/tmp/disk.img", false, &fd);
	if (device)
		use_disk(source, device);
	else
		source->lacking = "no loop device";
}

struct mx_source mx_sources[] = {
	{ .name = "tmpfs", .make = small_pages },
	{ .name = "tmpfs, huge pages", .make = huge_pages },
	{ .name = "memfd", .make = memory_file },
	{ .name = "memfd with holes", .make = sparse_in_memory },
	{ .name = "ext4", .make = on_ext4, .disk = true },
	{ .name = "ext4, holes", .make = sparse_on_ext4, .disk = true },
	{ .name = "ext4, read-only mount", .make = read_only, .disk = true },
	{ .name = "ext4, DAX", .make = on_ext4_dax },
	{ .name = "xfs", .make = on_xfs, .disk = true },
	{ .name = "btrfs", .make = on_btrfs, .disk = true },
	{ .name = "btrfs, compressed",
	  .make = on_btrfs_compressed,
	  .disk = true },
	{ .name = "overlayfs", .make = on_overlay, .disk = true },
	{ .name = "FUSE", .make = on_fuse, .disk = true },
	{ .name = "squashfs", .make = on_squashfs, .disk = true },
	{ .name = "erofs", .make = on_erofs, .disk = true },
	{ .name = "block device (null_blk)", .make = null_disk, .disk = true },
	{ .name = "block device (loop)", .make = loop_disk, .disk = true },
};

const unsigned int mx_nr_sources = sizeof(mx_sources) / sizeof(*mx_sources);

static bool is_packed(const struct mx_source *source)
{
	return source->make == on_squashfs || source->make == on_erofs;
}

void mx_source_open(struct mx_source *source)
{
	/* One file is in all of the packed file systems. */
	uint64_t seed = is_packed(source) ? 0 : (uint64_t)(source - mx_sources);
	size_t at;

	source->content = zt_alloc(MX_CONTENT);
	zt_pattern(source->content, MX_CONTENT, 71 + seed);
	/* What is to be compressed has to be worth it. */
	if (is_packed(source) || source->make == on_btrfs_compressed) {
		for (at = 0; at + KIB <= MX_CONTENT; at += KIB)
			memset(source->content + at + 256, 0, 768);
	}
	source->file = -1;
	source->poke = -1;
	source->make(source);
}

void mx_source_close(struct mx_source *source)
{
	if (source->file >= 0)
		close(source->file);
	if (source->poke >= 0)
		close(source->poke);
	if (source->make == null_disk)
		zt_null_disk_remove();
	free(source->content);
}

size_t mx_source_evict(const struct mx_source *source)
{
	size_t left = MX_CONTENT;
	int i;

	/* What was written last has to be on the disk to be dropped. */
	if (source->poke >= 0 && fsync(source->poke))
		zt_die("fsync");
	/* The first try may find pages still in a per-CPU list. */
	for (i = 0; i < 10 && left; i++) {
		posix_fadvise(source->file, 0, 0, POSIX_FADV_DONTNEED);
		left = zt_cached(source->file, 0, MX_CONTENT);
	}
	return left;
}

int mx_source_reader(const struct mx_source *source)
{
	return source->poke >= 0 ? source->poke : source->file;
}

void mx_source_warm(const struct mx_source *source)
{
	unsigned char *seen = zt_alloc(MX_CONTENT);
	size_t got = 0;
	ssize_t ret;

	while (got < MX_CONTENT) {
		ret = pread(mx_source_reader(source), seen + got,
			    MX_CONTENT - got, (off_t)got);
		if (ret <= 0)
			zt_die("pread");
		got += (size_t)ret;
	}
	if (memcmp(seen, source->content, MX_CONTENT) != 0)
		mx_fail("the file does not hold what was written to it");
	free(seen);
}
