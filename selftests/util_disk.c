// SPDX-License-Identifier: GPL-2.0
/* Block devices and file systems of a test's own. See util_disk.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util_disk.h"

/* Newer kernels name the disk after its directory. */
#define NULL_DISK_NAME "null-zcopy"
#define NULL_DISK "/sys/kernel/config/nullb/" NULL_DISK_NAME

bool zt_private_mounts(const char *dir)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("zcopy-test", dir, "tmpfs", 0, "mode=1777");
}

bool zt_run(const char *format, ...)
{
	char line[1024];
	va_list list;
	int length, at;

	va_start(list, format);
	length = snprintf(line, sizeof(line),
			  "PATH=$PATH:/usr/sbin:/sbin; exec >/dev/null 2>&1; ");
	at = vsnprintf(line + length, sizeof(line) - (size_t)length, format,
		       list);
	va_end(list);
	if (at < 0 || (size_t)(at + length) >= sizeof(line))
		zt_die("a line of shell is too long");
	return system(line) == 0;
}

void zt_load_modules(const char *names)
{
	/* One that is missing or built in does not keep the others out. */
	zt_run("modprobe -qa %s", names);
}

bool zt_has_file_system(const char *name)
{
	FILE *file = fopen("/proc/filesystems", "re");
	char line[128];
	bool found = false;

	if (!file)
		zt_die("/proc/filesystems");
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strchr(line, '\t') &&
			!strcmp(strchr(line, '\t') + 1, name);
	}
	fclose(file);
	return found;
}

void zt_make_image(const char *path, uint64_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		zt_die(path);
	close(fd);
}

static int free_loop_number(void)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number;

	if (control < 0)
		return -1;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	return number;
}

const char *zt_loop_device(const char *path, bool read_only, int *fd)
{
	static char name[32];
	struct loop_config config = {
		.info.lo_flags = LO_FLAGS_AUTOCLEAR |
				 (read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	int file = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	int number = free_loop_number();

	if (file < 0 || number < 0)
		return NULL;
	snprintf(name, sizeof(name), "/dev/loop%d", number);
	*fd = open(name, O_RDWR | O_CLOEXEC);
	config.fd = (unsigned int)file;
	if (*fd < 0 || ioctl(*fd, LOOP_CONFIGURE, &config))
		return NULL;
	close(file);
	return name;
}

static bool set_null_disk(const char *attribute, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), NULL_DISK "/%s", attribute);
	return zt_write_line(path, value);
}

static const char *null_disk_name(void)
{
	static char name[32] = "/dev/" NULL_DISK_NAME;
	const char *index = zt_read_line(NULL_DISK "/index");

	if (access(name, F_OK) && index)
		snprintf(name, sizeof(name), "/dev/nullb%s", index);
	return access(name, F_OK) ? NULL : name;
}

const char *zt_null_disk(unsigned int mebibytes)
{
	char size[16];

	zt_run("modprobe -q null_blk nr_devices=0");
	/* Where somebody has mounted it before, this does no harm. */
	mount("configfs", "/sys/kernel/config", "configfs", 0, NULL);
	zt_null_disk_remove();
	snprintf(size, sizeof(size), "%u", mebibytes);
	if (mkdir(NULL_DISK, 0700) || !set_null_disk("size", size) ||
	    !set_null_disk("memory_backed", "1") ||
	    !set_null_disk("blocksize", "512") || !set_null_disk("power", "1"))
		return NULL;
	return null_disk_name();
}

bool zt_null_disk_bad(uint64_t first, uint64_t last, bool bad)
{
	char range[64];

	snprintf(range, sizeof(range), "%c%llu-%llu", bad ? '+' : '-',
		 (unsigned long long)first, (unsigned long long)last);
	return set_null_disk("badblocks", range);
}

void zt_null_disk_remove(void)
{
	rmdir(NULL_DISK);
}

/* The extent of @fd that holds @offset. */
static bool find_extent(int fd, uint64_t offset, struct fiemap_extent *extent)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} request = {
		.map = { .fm_start = offset,
			 .fm_length = 1,
			 .fm_flags = FIEMAP_FLAG_SYNC,
			 .fm_extent_count = 1 },
	};

	if (ioctl(fd, FS_IOC_FIEMAP, &request))
		zt_die("FS_IOC_FIEMAP");
	*extent = request.extent;
	return request.map.fm_mapped_extents == 1;
}

uint64_t zt_on_disk(int fd, uint64_t offset)
{
	struct fiemap_extent extent;

	if (!find_extent(fd, offset, &extent) ||
	    (extent.fe_flags & FIEMAP_EXTENT_UNKNOWN))
		return 0;
	return extent.fe_physical + (offset - extent.fe_logical);
}

bool zt_is_compressed(int fd)
{
	struct fiemap_extent extent;

	return find_extent(fd, 0, &extent) &&
	       (extent.fe_flags & FIEMAP_EXTENT_ENCODED);
}
