/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI is frozen: programs that are built today must work for ever. A size,
 * a place or a number that changes stops the build of the tests.
 */
#ifndef ZT_ABI_FROZEN_H
#define ZT_ABI_FROZEN_H

#include <stddef.h>
#include <linux/zcopy.h>

#define FROZEN(type, member, at) \
	_Static_assert(offsetof(struct type, member) == (at), #type "." #member)

_Static_assert(sizeof(struct zcopy_info) == 56, "struct zcopy_info");
FROZEN(zcopy_info, size, 0);
FROZEN(zcopy_info, flags, 4);
FROZEN(zcopy_info, out_abi_version, 8);
FROZEN(zcopy_info, out_backend, 12);
FROZEN(zcopy_info, out_features, 16);
FROZEN(zcopy_info, out_page_size, 24);
FROZEN(zcopy_info, out_batch_bytes, 28);
FROZEN(zcopy_info, out_max_segments, 32);
FROZEN(zcopy_info, __reserved, 36);
FROZEN(zcopy_info, out_max_buffer, 40);
FROZEN(zcopy_info, out_buffer_length, 48);

_Static_assert(sizeof(struct zcopy_buffer) == 16, "struct zcopy_buffer");
FROZEN(zcopy_buffer, size, 0);
FROZEN(zcopy_buffer, flags, 4);
FROZEN(zcopy_buffer, length, 8);

_Static_assert(sizeof(struct zcopy_segment) == 48, "struct zcopy_segment");
FROZEN(zcopy_segment, type, 0);
FROZEN(zcopy_segment, flags, 4);
FROZEN(zcopy_segment, fd, 8);
FROZEN(zcopy_segment, out_stop, 12);
FROZEN(zcopy_segment, offset, 16);
FROZEN(zcopy_segment, len, 24);
FROZEN(zcopy_segment, out_done, 32);
FROZEN(zcopy_segment, out_copied, 40);

_Static_assert(sizeof(struct zcopy_send) == 72, "struct zcopy_send");
FROZEN(zcopy_send, size, 0);
FROZEN(zcopy_send, flags, 4);
FROZEN(zcopy_send, socket, 8);
FROZEN(zcopy_send, nr_segments, 12);
FROZEN(zcopy_send, segments, 16);
FROZEN(zcopy_send, done, 24);
FROZEN(zcopy_send, out_sent, 32);
FROZEN(zcopy_send, out_copied, 40);
FROZEN(zcopy_send, out_stop, 48);
FROZEN(zcopy_send, out_error, 52);
FROZEN(zcopy_send, out_segment, 56);
FROZEN(zcopy_send, __reserved, 60);
FROZEN(zcopy_send, out_resident, 64);

_Static_assert(sizeof(struct zcopy_stats) == 192, "struct zcopy_stats");
FROZEN(zcopy_stats, size, 0);
FROZEN(zcopy_stats, flags, 4);
FROZEN(zcopy_stats, out_calls, 8);
FROZEN(zcopy_stats, out_batches, 16);
FROZEN(zcopy_stats, out_file_bytes, 24);
FROZEN(zcopy_stats, out_buffer_bytes, 32);
FROZEN(zcopy_stats, out_user_bytes, 40);
FROZEN(zcopy_stats, out_zero_bytes, 48);
FROZEN(zcopy_stats, out_copied_bytes, 56);
FROZEN(zcopy_stats, out_stops, 64);

_Static_assert(ZCOPY_IOC_INFO == 0xe900, "ZCOPY_IOC_INFO");
_Static_assert(ZCOPY_IOC_BUFFER == 0xe901, "ZCOPY_IOC_BUFFER");
_Static_assert(ZCOPY_IOC_SEND == 0xe902, "ZCOPY_IOC_SEND");
_Static_assert(ZCOPY_IOC_STATS == 0xe903, "ZCOPY_IOC_STATS");

#endif /* ZT_ABI_FROZEN_H */
