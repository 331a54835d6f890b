/* SPDX-License-Identifier: GPL-2.0 */
/* The files of a command line as the sources of a transfer. */
#ifndef SOURCES_H
#define SOURCES_H

#include "method.h"

/**
 * struct sources - what is to be sent
 * @list: for transfer_init()
 * @nr: elements of @list
 */
struct sources {
	struct source *list;
	unsigned int nr;
};

/*
 * Opens @nr_files files, and puts @header before and @trailer behind them,
 * where those are not NULL: their memory must outlive the sources. Returns an
 * exit status, after a sentence on stderr if it is not 0.
 */
int sources_open(struct sources *sources, char **files, unsigned int nr_files,
		 const char *header, const char *trailer);
/* The sum of all lengths. */
uint64_t sources_bytes(const struct sources *sources);
void sources_close(struct sources *sources);

#endif /* SOURCES_H */
