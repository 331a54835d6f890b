// SPDX-License-Identifier: GPL-2.0
/* zcopy info: what the module can do. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "libzcopy.h"
#include "options.h"
#include "tool.h"

static json_t *feature_list(uint64_t features)
{
	json_t *list = json_array();
	unsigned int bit;
	char number[16];
	const char *name;

	for (bit = 0; bit < 64; bit++) {
		if (!(features >> bit & 1))
			continue;
		name = zcopy_feature_name(bit);
		snprintf(number, sizeof(number), "bit-%u", bit);
		json_array_append_new(list, json_string(name ? name : number));
	}
	return list;
}

static void print_json(const struct zcopy_info *info)
{
	json_t *object = json_pack(
		"{s:s, s:I, s:s, s:o, s:I, s:I, s:I, s:I}", "device",
		zcopy_device_path(), "abi_version",
		(json_int_t)info->out_abi_version, "backend",
		zcopy_backend_name(info->out_backend), "features",
		feature_list(info->out_features), "page_size",
		(json_int_t)info->out_page_size, "batch_bytes",
		(json_int_t)info->out_batch_bytes, "max_segments",
		(json_int_t)info->out_max_segments, "max_buffer",
		(json_int_t)info->out_max_buffer);

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void print_features(uint64_t features)
{
	json_t *list = feature_list(features);
	json_t *name;
	size_t i;

	printf("%-14s", "features");
	json_array_foreach(list, i, name)
		printf("%s%s", i ? ", " : "", json_string_value(name));
	putchar('\n');
	json_decref(list);
}

static void print_text(const struct zcopy_info *info)
{
	printf("%-14s%s\n", "device", zcopy_device_path());
	printf("%-14s%u\n", "ABI version", info->out_abi_version);
	printf("%-14s%s\n", "back end", zcopy_backend_name(info->out_backend));
	print_features(info->out_features);
	printf("%-14s%u bytes\n", "page size", info->out_page_size);
	printf("%-14s%u KiB under one socket lock\n", "batch",
	       info->out_batch_bytes >> 10);
	printf("%-14s%u in one call\n", "segments", info->out_max_segments);
	printf("%-14sat most %" PRIu64 " MiB for each open file\n", "buffer",
	       (uint64_t)info->out_max_buffer >> 20);
}

int cmd_info(int argc, char **argv)
{
	bool json = parse_json_only(
		argc, argv, "Show what the module behind /dev/zcopy can do.",
		"Print a JSON object");
	struct zcopy_info info;
	int fd = zcopy_open();

	if (fd < 0) {
		say_error("cannot open %s: %s", zcopy_device_path(),
			  zcopy_strerror(0, errno));
		return STATUS_MISSING;
	}
	if (zcopy_get_info(fd, &info)) {
		say_error("%s does not answer: %s", zcopy_device_path(),
			  zcopy_strerror(ZCOPY_IOC_INFO, errno));
		return STATUS_MISSING;
	}
	close(fd);
	if (json)
		print_json(&info);
	else
		print_text(&info);
	return STATUS_OK;
}
