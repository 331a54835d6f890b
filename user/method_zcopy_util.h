/* SPDX-License-Identifier: GPL-2.0 */
/* What the three zcopy methods share: the device, and SEND until it is done. */
#ifndef METHOD_ZCOPY_UTIL_H
#define METHOD_ZCOPY_UTIL_H

#include "libzcopy.h"
#include "method_util.h"

/**
 * struct device - state of the zcopy methods
 * @fd: the open device
 * @info: what the module can do
 * @segments: for requests
 * @most: elements of @segments
 */
struct device {
	int fd;
	struct zcopy_info info;
	struct zcopy_segment *segments;
	uint32_t most;
};

int device_probe(struct transfer *transfer);
/* The state, with room for @segments in a request; NULL after a failure. */
struct device *device_open(struct transfer *transfer, uint64_t segments);
void device_close(struct transfer *transfer);
const char *device_explain(int error);

/* SEND the first @nr_segments of the state's, whatever it takes. */
int device_send(struct transfer *transfer, uint32_t nr_segments);

/* SEND all the bytes as BUFFER or ZERO segments, one a call. */
int device_send_all(struct transfer *transfer, enum zcopy_segment_type type);

#endif /* METHOD_ZCOPY_UTIL_H */
