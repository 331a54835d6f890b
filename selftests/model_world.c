// SPDX-License-Identifier: GPL-2.0
/* The sources of the model test. Nothing may ever change them. See model.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"

static const char *const file_names[ZM_FILES] = {
	[ZM_TMPFS] = "the file on tmpfs",
	[ZM_DISK] = "the file on disk",
	[ZM_COLD] = "the cold file on disk",
};

static unsigned char *make_pattern(size_t len, uint64_t seed)
{
	unsigned char *bytes = zt_alloc(len);

	zt_pattern(bytes, len, seed);
	return bytes;
}

static void *map_shared(int fd, size_t len)
{
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		zt_die("mmap");
	return map;
}

/* The hole is made by never writing there. */
static void write_around_hole(int fd, const unsigned char *content)
{
	if (pwrite(fd, content, ZM_HOLE_FROM, 0) != (ssize_t)ZM_HOLE_FROM ||
	    pwrite(fd, content + ZM_HOLE_TO, ZM_FILE_LEN - ZM_HOLE_TO,
		   ZM_HOLE_TO) != (ssize_t)(ZM_FILE_LEN - ZM_HOLE_TO))
		zt_die("pwrite");
}

static void open_file(struct zm_source *source, enum zm_file file)
{
	source->content = make_pattern(ZM_FILE_LEN, 100 + file);
	memset(source->content + ZM_HOLE_FROM, 0, ZM_HOLE_TO - ZM_HOLE_FROM);
	source->fd = file == ZM_TMPFS ? zt_memory_file("", 0)
				      : zt_file(zt_disk_dir(), "", 0);
	write_around_hole(source->fd, source->content);
	if (fsync(source->fd))
		zt_die("fsync");
	if (file == ZM_COLD)
		return;
	/* Pages that are mapped can't be dropped; a look brings the hole in. */
	source->map = map_shared(source->fd, ZM_FILE_LEN);
	if (memcmp(source->map, source->content, ZM_FILE_LEN) != 0)
		zt_die("a file is not as it was written");
}

static void open_memory(struct zm_world *world)
{
	size_t page = zt_page_size();

	world->memory = mmap(NULL, ZM_MEMORY + page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world->memory == MAP_FAILED ||
	    mprotect(world->memory + ZM_MEMORY, page, PROT_NONE))
		zt_die("mmap");
	world->memory_content = make_pattern(ZM_MEMORY, 111);
	memcpy(world->memory, world->memory_content, ZM_MEMORY);
}

static void open_devices(struct zm_world *world)
{
	world->dev = zcopy_open();
	world->bare_dev = zcopy_open();
	if (world->dev < 0 || world->bare_dev < 0 ||
	    zcopy_set_buffer(world->dev, ZM_BUFFER))
		zt_die(zcopy_device_path());
	world->buffer = map_shared(world->dev, ZM_BUFFER);
	world->buffer_content = make_pattern(ZM_BUFFER, 112);
	memcpy(world->buffer, world->buffer_content, ZM_BUFFER);
}

static void open_odd(struct zm_world *world)
{
	int fd = world->files[ZM_TMPFS].fd;
	int *odd = world->odd;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		zt_die("pipe2");
	odd[ZM_ODD_PIPE] = ends[0];
	world->odd_peer = ends[1];
	odd[ZM_ODD_DIRECTORY] = open("/", O_RDONLY | O_CLOEXEC);
	odd[ZM_ODD_WRITE_ONLY] = zt_reopen(fd, O_WRONLY);
	odd[ZM_ODD_PATH_ONLY] = open("/", O_PATH | O_CLOEXEC);
	odd[ZM_ODD_DATAGRAM] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	odd[ZM_ODD_LISTENER] = zt_listen(ZT_TCP4, 0);
	odd[ZM_ODD_CLOSED] = 100000;
	for (int i = 0; i < ZM_ODDS; i++) {
		if (odd[i] < 0)
			zt_die("a descriptor to be refused");
	}
}

static const char *changed_maps(const struct zm_world *world)
{
	int i;

	for (i = 0; i < ZM_FILES; i++) {
		const struct zm_source *source = &world->files[i];

		if (source->map &&
		    memcmp(source->map, source->content, ZM_FILE_LEN) != 0)
			return file_names[i];
	}
	if (memcmp(world->buffer, world->buffer_content, ZM_BUFFER) != 0)
		return "the buffer";
	return "";
}

/* A process that maps everything, waits for its leash to break, and looks. */
static void start_watcher(struct zm_world *world)
{
	int leash[2];
	char byte;

	if (pipe2(leash, O_CLOEXEC))
		zt_die("pipe2");
	fflush(NULL);
	world->watcher = fork();
	if (world->watcher < 0)
		zt_die("fork");
	if (!world->watcher) {
		close(leash[1]);
		if (*changed_maps(world))
			_exit(2);
		_exit(read(leash[0], &byte, 1) || *changed_maps(world));
	}
	close(leash[0]);
	world->watcher_leash = leash[1];
}

void zm_world_open(struct zm_world *world)
{
	int i;

	memset(world, 0, sizeof(*world));
	for (i = 0; i < ZM_FILES; i++)
		open_file(&world->files[i], i);
	open_memory(world);
	open_devices(world);
	open_odd(world);
	world->never = !zt_zero_copy();
	start_watcher(world);
}

static const char *changed_file(const struct zm_world *world)
{
	unsigned char *now = zt_alloc(ZM_FILE_LEN + 1);
	const char *changed = "";
	int i;

	for (i = 0; i < ZM_FILES; i++) {
		if (pread(world->files[i].fd, now, ZM_FILE_LEN + 1, 0) !=
			    (ssize_t)ZM_FILE_LEN ||
		    memcmp(now, world->files[i].content, ZM_FILE_LEN) != 0)
			changed = file_names[i];
	}
	free(now);
	return changed;
}

/* Memory that was never written to is the kernel's page of zeros. */
static bool zero_page_changed(void)
{
	size_t page = zt_page_size(), i;
	volatile unsigned char *zeros;
	unsigned char any = 0;

	zeros = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeros == MAP_FAILED)
		zt_die("mmap");
	for (i = 0; i < page; i++)
		any |= zeros[i];
	munmap((void *)zeros, page);
	return any;
}

static bool watcher_saw_change(struct zm_world *world)
{
	int status;

	close(world->watcher_leash);
	if (waitpid(world->watcher, &status, 0) != world->watcher)
		zt_die("waitpid");
	world->watcher = 0;
	return status != 0;
}

/* What was written to the pages would be on the disk by now, or in memory. */
static const char *changed_elsewhere(struct zm_world *world)
{
	int i;

	if (world->watcher && watcher_saw_change(world))
		return "what another process has mapped";
	for (i = 0; i < ZM_FILES; i++) {
		if (world->files[i].map)
			munmap(world->files[i].map, ZM_FILE_LEN);
		world->files[i].map = NULL;
		if (i != ZM_TMPFS)
			zt_drop_cache(world->files[i].fd);
	}
	return changed_file(world);
}

const char *zm_world_changes(struct zm_world *world, bool everywhere)
{
	const char *changed = changed_maps(world);

	if (!*changed)
		changed = changed_file(world);
	if (!*changed && zero_page_changed())
		changed = "the page of zeros";
	if (!*changed &&
	    memcmp(world->memory, world->memory_content, ZM_MEMORY) != 0)
		changed = "the memory of USER segments";
	if (!*changed && everywhere)
		changed = changed_elsewhere(world);
	return changed;
}

void zm_world_close(struct zm_world *world)
{
	int i;

	if (world->watcher)
		watcher_saw_change(world);
	for (i = 0; i < ZM_FILES; i++) {
		if (world->files[i].map)
			munmap(world->files[i].map, ZM_FILE_LEN);
		close(world->files[i].fd);
		free(world->files[i].content);
	}
	munmap(world->memory, ZM_MEMORY + zt_page_size());
	munmap(world->buffer, ZM_BUFFER);
	free(world->memory_content);
	free(world->buffer_content);
	for (i = 0; i < ZM_ODDS; i++) {
		if (i != ZM_ODD_CLOSED)
			close(world->odd[i]);
	}
	close(world->odd_peer);
	close(world->dev);
	close(world->bare_dev);
}
