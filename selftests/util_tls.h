/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TLS connections by OpenSSL. The sending end lets the kernel encrypt (kTLS), so
 * that what is sent into its socket arrives as one TLS stream; the other end
 * decrypts in user space and knows nothing of the kernel's part.
 */
#ifndef ZT_UTIL_TLS_H
#define ZT_UTIL_TLS_H

#include <openssl/ssl.h>

#include "util.h"

struct zt_tls_kind {
	int version;	    /* TLS1_2_VERSION or TLS1_3_VERSION */
	const char *cipher; /* by OpenSSL's name */
};

/* A sender's settings, with a key and a certificate of its own. */
SSL_CTX *zt_tls_sender(const struct zt_tls_kind *kind);
/*
 * The sender's end of a handshake on @fd, whose peer is at work already. With
 * kTLS, or the test ends; NULL and no more if the kernel has none.
 */
SSL *zt_tls_accept(SSL_CTX *context, int fd);

struct zt_tls {
	SSL_CTX *context;
	SSL *tx;
	SSL *rx;
};

/* Both ends of @pair; false if the kernel has no kTLS. */
bool zt_tls_open(struct zt_tls *tls, const struct zt_pair *pair,
		 const struct zt_tls_kind *kind);
void zt_tls_close(struct zt_tls *tls);
/* Read exactly @len bytes that were meant, or fewer at the end. */
size_t zt_tls_read_full(SSL *ssl, void *buf, size_t len);

/*
 * Start "openssl s_client" as the peer at @port of this machine. *@out is a pipe
 * from which to read what it decrypts. Returns the process.
 */
pid_t zt_tls_client_program(const struct zt_tls_kind *kind, int port, int *out);

#endif /* ZT_UTIL_TLS_H */
