// SPDX-License-Identifier: GPL-2.0
/* What the three zcopy methods share: the device, and SEND until it is done. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "method_zcopy_util.h"

static int try_device(struct transfer *transfer, struct zcopy_info *info)
{
	int fd = zcopy_open();

	if (fd < 0)
		return transfer_lacks(transfer, "%s: %s", zcopy_device_path(),
				      zcopy_strerror(0, errno));
	if (!zcopy_get_info(fd, info))
		return fd;
	transfer_lacks(transfer, "%s is not a zcopy device: %s",
		       zcopy_device_path(),
		       zcopy_strerror(ZCOPY_IOC_INFO, errno));
	close(fd);
	return -1;
}

int device_probe(struct transfer *transfer)
{
	struct zcopy_info info;
	int fd = try_device(transfer, &info);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

struct device *device_open(struct transfer *transfer, uint64_t segments)
{
	struct device *device = state_alloc(transfer, sizeof(*device));

	if (!device)
		return NULL;
	device->fd = try_device(transfer, &device->info);
	if (device->fd < 0)
		return NULL;
	device->most = device->info.out_max_segments;
	if (segments < device->most)
		device->most = segments;
	device->segments = calloc(device->most, sizeof(*device->segments));
	if (!device->segments) {
		transfer_lacks(transfer, "no memory");
		return NULL;
	}
	return device;
}

void device_close(struct transfer *transfer)
{
	struct device *device = transfer->state;

	free(device->segments);
	if (device->fd >= 0)
		close(device->fd);
}

const char *device_explain(int error)
{
	return zcopy_strerror(ZCOPY_IOC_SEND, error);
}

/* SEND has stopped where waiting does not help. */
static int device_failed(struct transfer *transfer,
			 const struct zcopy_send *send, int error)
{
	switch (send->out_stop) {
	case ZCOPY_STOP_SHORT:
		return transfer_fail(transfer, FAILURE_SOURCE, ENODATA);
	case ZCOPY_STOP_SOURCE_ERROR:
		return transfer_fail(transfer, FAILURE_SOURCE,
				     (int)send->out_error);
	case ZCOPY_STOP_SOCKET_ERROR:
		return transfer_fail(transfer, FAILURE_SOCKET,
				     (int)send->out_error);
	default:
		return transfer_blame(transfer, error);
	}
}

/* One SEND. Returns 1 when the vector is complete, 0 to call again, or -1. */
static int send_once(struct transfer *transfer, struct zcopy_send *send)
{
	const struct device *device = transfer->state;
	int error = 0;

	/* The outputs stay as they are where the arguments are refused. */
	send->out_sent = 0;
	send->out_copied = 0;
	send->out_stop = ZCOPY_STOP_NONE;
	if (zcopy_send(device->fd, send))
		error = errno;
	transfer->calls++;
	transfer->confirmed += send->out_sent;
	transfer->copied += send->out_copied;
	transfer_moved(transfer, send->out_sent);

	if (send->out_stop == ZCOPY_STOP_COMPLETE)
		return 1;
	if (send->out_stop == ZCOPY_STOP_SOCKET_FULL)
		return transfer_wait(transfer);
	if (send->out_stop == ZCOPY_STOP_INTERRUPTED || error == EINTR) {
		errno = EINTR;
		return transfer_retry(transfer);
	}
	return device_failed(transfer, send, error);
}

int device_send(struct transfer *transfer, uint32_t nr_segments)
{
	const struct device *device = transfer->state;
	struct zcopy_send send;
	uint64_t bytes = 0;
	uint32_t i;
	int ret;

	for (i = 0; i < nr_segments; i++)
		bytes += device->segments[i].len;
	zcopy_send_init(&send, transfer->socket, device->segments, nr_segments);
	if (transfer_more(transfer, bytes))
		send.flags |= ZCOPY_SEND_MORE;
	do {
		ret = send_once(transfer, &send);
	} while (!ret);
	return ret < 0 ? -1 : 0;
}

int device_send_all(struct transfer *transfer, enum zcopy_segment_type type)
{
	struct device *device = transfer->state;
	uint64_t chunk, offset;

	for (offset = 0; offset < transfer->bytes; offset += chunk) {
		chunk = transfer_chunk(transfer, transfer->bytes - offset,
				       UINT64_MAX);
		if (type == ZCOPY_SEGMENT_BUFFER)
			zcopy_segment_buffer(device->segments, offset, chunk);
		else
			zcopy_segment_zero(device->segments, chunk);
		if (device_send(transfer, 1))
			return -1;
	}
	return 0;
}
