/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses as people type them: HOST:PORT, [IPV6]:PORT, unix:PATH, and for
 * listening also :PORT. Failures are told on stderr here, where the cause is
 * known; the functions return a descriptor, or minus an exit status.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

int address_connect(const char *address);
int address_listen(const char *address);

/* The local address of @fd, as one would type it. Returns @text. */
char *address_name(int fd, char *text, size_t size);

/* Removes what address_listen() left behind: the file of a unix socket. */
void address_forget(const char *address);

bool address_is_tcp(int fd);

#endif /* ADDRESS_H */
