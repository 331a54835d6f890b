/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways of sending that only the suite compares: how programs without zcopy send
 * many files, files between headers, or memory, each at its best.
 */
#ifndef PEERS_H
#define PEERS_H

#include "method.h"

/* Files, and memory between them. */
extern const struct method peer_cork;
extern const struct method peer_writev;
extern const struct method peer_splice_batch;

/* Memory only. */
extern const struct method peer_send;
extern const struct method peer_zerocopy;
extern const struct method peer_send_zc;
extern const struct method peer_vmsplice;

#endif /* PEERS_H */
