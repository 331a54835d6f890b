/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block devices and file systems that a test makes for itself, in a mount name
 * space of its own: all of them go when the test ends.
 */
#ifndef ZT_UTIL_DISK_H
#define ZT_UTIL_DISK_H

#include "util.h"

/*
 * Leave the mounts of everybody else; from here on @dir, which has to be there,
 * is an empty tmpfs. Returns whether that worked.
 */
bool zt_private_mounts(const char *dir);
/* Load modules, by names with blanks in between; what fails shows elsewhere. */
void zt_load_modules(const char *names);
/* Whether the kernel knows a file system by this name. */
bool zt_has_file_system(const char *name);
/* Run a line of shell in silence; whether its exit status was 0. */
bool zt_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A file of @bytes, one hole, at @path. */
void zt_make_image(const char *path, uint64_t bytes);
/*
 * A loop device over the file at @path; its name, or NULL. It goes with the last
 * of its users: *@fd is the first one, for the caller to close.
 */
const char *zt_loop_device(const char *path, bool read_only, int *fd);

/*
 * A disk in memory of @mebibytes, whose sectors can be made bad. Only one at a
 * time; it outlives the process unless zt_null_disk_remove() is called. Its
 * name, or NULL.
 */
const char *zt_null_disk(unsigned int mebibytes);
/* Sectors of 512 bytes, both included, can't be read from now on, or can. */
bool zt_null_disk_bad(uint64_t first, uint64_t last, bool bad);
void zt_null_disk_remove(void);

/* Where the page of @fd at @offset lies on its disk, in bytes; 0: nowhere. */
uint64_t zt_on_disk(int fd, uint64_t offset);
/* Whether the file system has stored any of the file compressed. */
bool zt_is_compressed(int fd);

#endif /* ZT_UTIL_DISK_H */
