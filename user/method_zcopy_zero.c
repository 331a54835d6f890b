// SPDX-License-Identifier: GPL-2.0
/* zcopy, ZERO segments: the stack with nothing to look up, hence the floor. */
#include "method_zcopy_util.h"

static int zero_open(struct transfer *transfer)
{
	if (!device_open(transfer, 1))
		return -1;
	snprintf(transfer->settings, sizeof(transfer->settings),
		 "as many zeros, for comparison: not the files");
	return 0;
}

static int zero_send(struct transfer *transfer)
{
	return device_send_all(transfer, ZCOPY_SEGMENT_ZERO);
}

const struct method method_zcopy_zero = {
	.name = "zcopy-zero",
	.summary = "zcopy SEND of as many zeros: the floor, for bench only",
	.copies = 0,
	.evidence = "out_copied",
	.sends_zeros = true,
	.probe = device_probe,
	.open = zero_open,
	.send_all = zero_send,
	.close = device_close,
	.explain = device_explain,
};
