// SPDX-License-Identifier: GPL-2.0
/* zcopy, BUFFER segments: the files are in the device's buffer beforehand. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "method_zcopy_util.h"

static int load(struct transfer *transfer, char *base)
{
	const struct source *source = transfer->sources;
	const struct source *end = source + transfer->nr_sources;

	for (; source < end; base += source->len, source++) {
		if (source->fd < 0)
			memcpy(base, source->base, source->len);
		else if (read_full(transfer, source->fd, base, source->len, 0))
			return -1;
	}
	return 0;
}

static int load_buffer(struct transfer *transfer, struct device *device)
{
	uint64_t page = device->info.out_page_size;
	uint64_t length = (transfer->bytes + page - 1) / page * page;
	void *base;
	int ret;

	if (!length)
		return 0;
	if (length > device->info.out_max_buffer)
		return transfer_lacks(transfer,
				      "the files take %" PRIu64
				      " MiB, a buffer at most %" PRIu64
				      " MiB: raise the module's max_buffer_mb",
				      length >> 20,
				      (uint64_t)device->info.out_max_buffer >>
					      20);
	if (zcopy_set_buffer(device->fd, length))
		return transfer_lacks(
			transfer, "no buffer of %" PRIu64 " MiB: %s",
			length >> 20, zcopy_strerror(ZCOPY_IOC_BUFFER, errno));
	base = zcopy_map_buffer(device->fd, length);
	if (!base)
		return transfer_lacks(transfer,
				      "the buffer cannot be mapped (%s)",
				      strerror(errno));
	ret = load(transfer, base);
	munmap(base, length);
	return ret;
}

static int buffer_open(struct transfer *transfer)
{
	struct device *device = device_open(transfer, 1);

	if (!device)
		return -1;
	snprintf(
		transfer->settings, sizeof(transfer->settings),
		"the files read into the mapped buffer beforehand, sent whole");
	return load_buffer(transfer, device);
}

static int buffer_send(struct transfer *transfer)
{
	return device_send_all(transfer, ZCOPY_SEGMENT_BUFFER);
}

const struct method method_zcopy_buffer = {
	.name = "zcopy-buffer",
	.summary = "zcopy SEND from the device's buffer, filled beforehand",
	.copies = 0,
	.evidence = "out_copied",
	.preloads = true,
	.probe = device_probe,
	.open = buffer_open,
	.send_all = buffer_send,
	.close = device_close,
	.explain = device_explain,
};
