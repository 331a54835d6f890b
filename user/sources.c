// SPDX-License-Identifier: GPL-2.0
/* The files of a command line as the sources of a transfer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources.h"
#include "tool.h"

/* Thousands of files are a use of the vector: take what root allows. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_file(struct source *source, const char *path)
{
	struct stat status;
	off_t end;

	source->name = path;
	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0) {
		say_error("cannot open %s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	if (fstat(source->fd, &status)) {
		say_error("cannot look at %s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	if (S_ISDIR(status.st_mode)) {
		say_error("%s is a directory: name the files in it", path);
		return STATUS_FAILED;
	}
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
		say_error(
			"%s is neither a regular file nor a block device: nothing else has a size and offsets",
			path);
		return STATUS_FAILED;
	}
	/* Unlike st_size, this is right for a block device as well. */
	end = lseek(source->fd, 0, SEEK_END);
	if (end < 0) {
		say_error("cannot tell the size of %s: %s", path,
			  strerror(errno));
		return STATUS_FAILED;
	}
	source->len = end;
	return STATUS_OK;
}

static void add_text(struct sources *sources, const char *name,
		     const char *text)
{
	struct source *source = &sources->list[sources->nr];

	if (!text)
		return;
	sources->nr++;
	source->name = name;
	source->fd = -1;
	source->base = text;
	source->len = strlen(text);
}

int sources_open(struct sources *sources, char **files, unsigned int nr_files,
		 const char *header, const char *trailer)
{
	unsigned int i;
	int status;

	raise_file_limit();
	sources->nr = 0;
	sources->list = calloc(nr_files + 2, sizeof(*sources->list));
	if (!sources->list) {
		say_error("no memory for a list of %u files", nr_files);
		return STATUS_FAILED;
	}
	add_text(sources, "header", header);
	for (i = 0; i < nr_files; i++) {
		status = open_file(&sources->list[sources->nr++], files[i]);
		if (status) {
			sources_close(sources);
			return status;
		}
	}
	add_text(sources, "trailer", trailer);
	return STATUS_OK;
}

uint64_t sources_bytes(const struct sources *sources)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < sources->nr; i++)
		bytes += sources->list[i].len;
	return bytes;
}

void sources_close(struct sources *sources)
{
	unsigned int i;

	for (i = 0; i < sources->nr; i++) {
		if (sources->list[i].fd >= 0)
			close(sources->list[i].fd);
	}
	free(sources->list);
	sources->list = NULL;
	sources->nr = 0;
}
