// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl interface as such: every command with every size, every unknown
 * flag, every reserved member, bad numbers and bad pointers. What the commands
 * do is the business of the other programs.
 */
#include <stddef.h>
#include <sys/ioctl.h>

#include "abi_frozen.h"
#include "harness.h"

/*
 * An argument lies at the end of a mapping of its own, just before a hole, so
 * that the kernel cannot read or write beyond it unseen.
 */
#define ROOM (64 * KIB)
#define CANARY 0x5a

FIXTURE(abi)
{
	int dev;
	struct zt_pair pair;
	unsigned char *room;	 /* ROOM bytes, followed by a hole */
	unsigned char good[256]; /* an argument that the command takes */
};

FIXTURE_VARIANT(abi)
{
	unsigned long command;
	size_t size;
	uint32_t known_flags;
	size_t reserved; /* offset of the reserved member, or 0 */
	bool outputs;	 /* the command writes its struct */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(abi, info) {
	.command = ZCOPY_IOC_INFO,
	.size = sizeof(struct zcopy_info),
	.reserved = offsetof(struct zcopy_info, __reserved),
	.outputs = true,
};

FIXTURE_VARIANT_ADD(abi, buffer) {
	.command = ZCOPY_IOC_BUFFER,
	.size = sizeof(struct zcopy_buffer),
};

FIXTURE_VARIANT_ADD(abi, send) {
	.command = ZCOPY_IOC_SEND,
	.size = sizeof(struct zcopy_send),
	.known_flags = ZCOPY_SEND_NOWAIT | ZCOPY_SEND_CACHED | ZCOPY_SEND_MORE |
		       ZCOPY_SEND_SHUTDOWN,
	.reserved = offsetof(struct zcopy_send, __reserved),
	.outputs = true,
};

FIXTURE_VARIANT_ADD(abi, stats) {
	.command = ZCOPY_IOC_STATS,
	.size = sizeof(struct zcopy_stats),
	.outputs = true,
};
/* clang-format on */

static unsigned char *room_before_hole(void)
{
	unsigned char *room = mmap(NULL, ROOM + zt_page_size(),
				   PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || munmap(room + ROOM, zt_page_size()))
		zt_die("mmap");
	return room;
}

FIXTURE_SETUP(abi)
{
	struct zcopy_buffer *buffer = (void *)self->good;
	struct zcopy_send *send = (void *)self->good;
	uint32_t size = (uint32_t)variant->size;

	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	self->room = room_before_hole();
	memcpy(self->good, &size, sizeof(size));
	if (variant->command == ZCOPY_IOC_BUFFER)
		buffer->length = zt_page_size();
	if (variant->command == ZCOPY_IOC_SEND)
		send->socket = self->pair.tx;
}

FIXTURE_TEARDOWN(abi)
{
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
	zt_pair_close(&self->pair);
	close(self->dev);
	munmap(self->room, ROOM);
}

/* The good argument, cut or filled up to @len bytes, which end at the hole. */
static unsigned char *place(FIXTURE_DATA(abi) * self,
			    const FIXTURE_VARIANT(abi) * variant, size_t len,
			    int tail)
{
	unsigned char *at = self->room + ROOM - len;
	size_t known = len < variant->size ? len : variant->size;
	uint32_t size = (uint32_t)len;

	memset(self->room, CANARY, ROOM - len);
	memset(at, tail, len);
	memcpy(at, self->good, known);
	memcpy(at, &size, len < sizeof(size) ? len : sizeof(size));
	return at;
}

static int result(int dev, unsigned long command, void *argument)
{
	return ioctl(dev, command, argument) ? errno : 0;
}

static bool filled_with(const unsigned char *bytes, int value, size_t len)
{
	while (len--) {
		if (*bytes++ != value)
			return false;
	}
	return true;
}

TEST_F(abi, exact_size)
{
	unsigned char *at = place(self, variant, variant->size, 0);

	ASSERT_EQ(0, result(self->dev, variant->command, at));
	EXPECT_TRUE(filled_with(self->room, CANARY, ROOM - variant->size));
}

/*
 * Version 1 has no older callers: each struct is its own minimum. The bytes
 * that are said to be missing are really there and must not be touched.
 */
TEST_F(abi, every_smaller_size)
{
	uint32_t size;

	for (size = 0; size < variant->size; size++) {
		unsigned char *at = place(self, variant, variant->size, 0);

		memcpy(at, &size, sizeof(size));
		memset(at + sizeof(size), CANARY, variant->size - sizeof(size));
		ASSERT_EQ(EINVAL, result(self->dev, variant->command, at))
		TH_LOG("size %u", size);
		ASSERT_TRUE(filled_with(at + sizeof(size), CANARY,
					variant->size - sizeof(size)));
	}
}

/* Only as much as the size says may be read: the hole comes right after. */
TEST_F(abi, smaller_size_before_a_hole)
{
	size_t size;

	for (size = sizeof(uint32_t); size < variant->size; size++)
		ASSERT_EQ(EINVAL, result(self->dev, variant->command,
					 place(self, variant, size, 0)));
	for (size = 0; size < sizeof(uint32_t); size++)
		ASSERT_EQ(EFAULT, result(self->dev, variant->command,
					 place(self, variant, size, 0)));
}

static const size_t larger_by[] = { 1, 2, 3, 4, 7, 8, 40, 1000, 4096 - 192 };

TEST_F(abi, larger_with_zeros)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(larger_by); i++) {
		uint32_t size;
		unsigned char *at;

		len = variant->size + larger_by[i];
		at = place(self, variant, len, 0);
		ASSERT_EQ(0, result(self->dev, variant->command, at))
		TH_LOG("larger by %zu", larger_by[i]);
		EXPECT_TRUE(filled_with(self->room, CANARY, ROOM - len));
		EXPECT_TRUE(filled_with(at + variant->size, 0, larger_by[i]));
		memcpy(&size, at, sizeof(size));
		EXPECT_EQ(len, size);
	}
}

/* One byte of the tail is not zero: each byte of a short one, then the last. */
TEST_F(abi, larger_with_something)
{
	size_t tail, at;

	for (tail = 1; tail <= 16; tail++) {
		for (at = 0; at < tail; at++) {
			unsigned char *arg = place(self, variant,
						   variant->size + tail, 0);

			arg[variant->size + at] = 1;
			ASSERT_EQ(E2BIG,
				  result(self->dev, variant->command, arg));
		}
	}
	for (at = 0; at < ARRAY_SIZE(larger_by); at++) {
		tail = larger_by[at];
		place(self, variant, variant->size + tail, 0);
		self->room[ROOM - 1] = 0x80;
		ASSERT_EQ(E2BIG,
			  result(self->dev, variant->command,
				 self->room + ROOM - variant->size - tail));
	}
}

TEST_F(abi, larger_than_what_is_there)
{
	static const uint32_t sizes[] = { 4096,	     4097,	65536,
					  1U << 30,  INT32_MAX, 1U << 31,
					  UINT32_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *at = place(self, variant, variant->size, 0);
		int error;

		memcpy(at, &sizes[i], sizeof(sizes[i]));
		error = result(self->dev, variant->command, at);
		/* Whether it is refused for its size or for the hole. */
		ASSERT_TRUE(error == EFAULT || error == E2BIG)
		TH_LOG("size %u: %s", sizes[i], strerror(error));
	}
}

TEST_F(abi, unknown_flags)
{
	uint32_t flag;

	for (flag = 1; flag; flag <<= 1) {
		unsigned char *at = place(self, variant, variant->size, 0);

		if (flag & variant->known_flags)
			continue;
		memcpy(at + 4, &flag, sizeof(flag));
		ASSERT_EQ(EINVAL, result(self->dev, variant->command, at))
		TH_LOG("flag %#x", flag);
		flag |= variant->known_flags;
		memcpy(at + 4, &flag, sizeof(flag));
		ASSERT_EQ(EINVAL, result(self->dev, variant->command, at));
		flag &= ~variant->known_flags;
	}
}

TEST_F(abi, reserved_members)
{
	uint32_t bit;

	for (bit = 1; bit && variant->reserved; bit <<= 1) {
		unsigned char *at = place(self, variant, variant->size, 0);

		memcpy(at + variant->reserved, &bit, sizeof(bit));
		ASSERT_EQ(EINVAL, result(self->dev, variant->command, at))
		TH_LOG("reserved bit %#x", bit);
	}
}

TEST_F(abi, unaligned_argument)
{
	size_t shift;

	for (shift = 1; shift < 16; shift++) {
		unsigned char *at = self->room + shift;

		memset(self->room, CANARY, ROOM);
		memcpy(at, self->good, variant->size);
		ASSERT_EQ(0, result(self->dev, variant->command, at));
		EXPECT_EQ(CANARY, at[-1]);
		EXPECT_EQ(CANARY, at[variant->size]);
	}
}

TEST_F(abi, bad_pointers)
{
	unsigned char *hole = self->room + ROOM;
	void *const pointers[] = {
		NULL,
		(void *)1,
		hole,
		hole - 1,
		hole - variant->size + 1,
		(void *)(UINTPTR_MAX / 2),
		(void *)(UINTPTR_MAX << 47),
		(void *)(UINTPTR_MAX - variant->size),
		(void *)UINTPTR_MAX,
	};
	uint32_t size = (uint32_t)variant->size;
	size_t i;

	/* What can be read of the straddling ones begins with a good size. */
	memcpy(hole - variant->size + 1, &size, sizeof(size));
	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		ASSERT_EQ(EFAULT,
			  result(self->dev, variant->command, pointers[i]))
		TH_LOG("pointer %p", pointers[i]);
	}
}

TEST_F(abi, read_only_argument)
{
	unsigned char *at = place(self, variant, variant->size, 0);
	int error;

	ASSERT_EQ(0, mprotect(self->room, ROOM, PROT_READ));
	error = result(self->dev, variant->command, at);
	ASSERT_EQ(variant->outputs ? EFAULT : 0, error);
	ASSERT_EQ(0, mprotect(self->room, ROOM, PROT_READ | PROT_WRITE));
}

/* The inputs are the caller's: no command changes them. */
TEST_F(abi, inputs_stay)
{
	unsigned char *at = place(self, variant, variant->size, 0);

	ASSERT_EQ(0, result(self->dev, variant->command, at));
	switch (variant->command) {
	case ZCOPY_IOC_INFO:
	case ZCOPY_IOC_STATS:
		EXPECT_EQ(0, memcmp(at, self->good, 8));
		break;
	case ZCOPY_IOC_BUFFER:
		EXPECT_EQ(0, memcmp(at, self->good, variant->size));
		break;
	case ZCOPY_IOC_SEND:
		EXPECT_EQ(0, memcmp(at, self->good, 32));
		break;
	}
}

FIXTURE(device)
{
	int dev;
};

FIXTURE_SETUP(device)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(device)
{
	close(self->dev);
}

TEST_F(device, info_is_sane)
{
	struct zcopy_info info;
	const char *cap = zt_read_line(
		"/sys/module/zcopy/parameters/max_buffer_mb");

	memset(&info, 0xa5, sizeof(info));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(ZCOPY_ABI_VERSION, info.out_abi_version);
	EXPECT_TRUE(info.out_backend == ZCOPY_BACKEND_SENDPAGE ||
		    info.out_backend == ZCOPY_BACKEND_SPLICE_PAGES);
	EXPECT_EQ(ZCOPY_FEATURE_FILE | ZCOPY_FEATURE_BUFFER |
			  ZCOPY_FEATURE_USER | ZCOPY_FEATURE_ZERO |
			  ZCOPY_FEATURE_CACHED | ZCOPY_FEATURE_SHUTDOWN |
			  ZCOPY_FEATURE_STATS,
		  info.out_features);
	EXPECT_EQ(zt_page_size(), info.out_page_size);
	EXPECT_LE(zt_page_size(), info.out_batch_bytes);
	EXPECT_EQ(ZCOPY_MAX_SEGMENTS, info.out_max_segments);
	EXPECT_EQ(0, info.__reserved);
	EXPECT_EQ(0, info.out_buffer_length);
	ASSERT_NE(NULL, cap);
	EXPECT_EQ(strtoull(cap, NULL, 10) * MIB, info.out_max_buffer);
}

/* Kernels from 6.5 on have MSG_SPLICE_PAGES, older ones ->sendpage(). */
TEST_F(device, backend_fits_the_kernel)
{
	bool splice_pages = ksft_min_kernel_version(6, 5);
	struct zcopy_info info;

	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(splice_pages ? ZCOPY_BACKEND_SPLICE_PAGES
			       : ZCOPY_BACKEND_SENDPAGE,
		  info.out_backend);
}

TEST_F(device, info_follows_the_buffer)
{
	struct zcopy_info info;

	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 3 * zt_page_size()));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(3 * zt_page_size(), info.out_buffer_length);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 0));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(0, info.out_buffer_length);
}

TEST_F(device, unknown_commands)
{
	unsigned char argument[256] = { sizeof(struct zcopy_send) };
	unsigned int nr;

	for (nr = ZCOPY_CMD_STATS + 1; nr < 256; nr++)
		ASSERT_EQ(ENOTTY,
			  result(self->dev, _IO(ZCOPY_IOC_TYPE, nr), argument));
	for (nr = 0; nr <= ZCOPY_CMD_STATS; nr++) {
		const unsigned long commands[] = {
			_IO(ZCOPY_IOC_TYPE - 1, nr),
			_IO(ZCOPY_IOC_TYPE + 1, nr),
			_IOR(ZCOPY_IOC_TYPE, nr, struct zcopy_send),
			_IOW(ZCOPY_IOC_TYPE, nr, struct zcopy_send),
			_IOWR(ZCOPY_IOC_TYPE, nr, struct zcopy_send),
			_IOC(_IOC_NONE, ZCOPY_IOC_TYPE, nr, 1),
		};
		size_t i;

		for (i = 0; i < ARRAY_SIZE(commands); i++)
			ASSERT_EQ(ENOTTY,
				  result(self->dev, commands[i], argument));
	}
}

/* ENOTTY does not depend on the argument: it is not looked at. */
TEST_F(device, unknown_command_with_bad_pointer)
{
	EXPECT_EQ(ENOTTY, result(self->dev, _IO(ZCOPY_IOC_TYPE, 0x7f), NULL));
	EXPECT_EQ(ENOTTY, result(self->dev, TIOCGWINSZ, NULL));
}

ZT_MAIN
