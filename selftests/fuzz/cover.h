/* SPDX-License-Identifier: GPL-2.0 */
/* What of the module's code threads have run through. See cover.c. */
#ifndef FZ_COVER_H
#define FZ_COVER_H

#include <stdatomic.h>
#include <stdint.h>

/* Of one thread at a time; list is NULL on a kernel that can't. */
struct fz_cover {
	int fd;
	uint64_t *list; /* how many, and then where; the kernel appends */
};

/* Returns NULL, or why nothing can be seen. */
const char *fz_cover_open(struct fz_cover *cover);
/* Both are called by the thread itself. */
void fz_cover_begin(struct fz_cover *cover);
void fz_cover_end(struct fz_cover *cover);
/* Add what this thread did since the last time; how much of it was new. */
unsigned int fz_cover_take(struct fz_cover *cover);

/* All threads together, since the program began. */
unsigned int fz_cover_blocks(void);
unsigned int fz_cover_edges(void);

#endif /* FZ_COVER_H */
