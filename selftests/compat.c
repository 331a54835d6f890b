// SPDX-License-Identifier: GPL-2.0
/*
 * The same commands by a 32-bit caller. No 32-bit compiler is needed: a 64-bit
 * program can enter the kernel by the 32-bit door, int 0x80, with everything
 * that it passes below 4 GiB. The kernel then takes it for a 32-bit caller.
 */
#include <signal.h>
#include <sys/ioctl.h>

#include "harness.h"

#define LOW_ROOM MIB
#define IA32_IOCTL 54

#ifdef __x86_64__
static int ia32_ioctl(int fd, unsigned long command, const void *argument)
{
	long ret = IA32_IOCTL;

	asm volatile("int $0x80"
		     : "+a"(ret)
		     : "b"((long)fd), "c"(command), "d"(argument)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int)-ret;
}
#else
static int ia32_ioctl(int fd, unsigned long command, const void *argument)
{
	return EBADMSG;
}
#endif

/* A kernel without the 32-bit door kills who knocks. */
static bool has_ia32_door(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		zt_die("fork");
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		_exit(ia32_ioctl(-1, ZCOPY_IOC_INFO, NULL) == EBADF ? 0 : 1);
	}
	if (waitpid(child, &status, 0) != child)
		zt_die("waitpid");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

FIXTURE(compat)
{
	int dev;
	struct zt_pair pair;
	unsigned char *low; /* LOW_ROOM bytes below 2 GiB */
	struct zcopy_send *send;
	struct zcopy_segment *segments;
	unsigned char *data;
};

FIXTURE_SETUP(compat)
{
	if (zt_user_mode_linux())
		SKIP(return, "user-mode Linux has no IA32 emulation");
	if (!has_ia32_door())
		ZT_SKIP("this kernel has no IA32 emulation");
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	self->low = mmap(NULL, LOW_ROOM, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, self->low);
	ASSERT_GT(UINT32_MAX, (uintptr_t)self->low);
	self->send = (void *)self->low;
	self->segments = (void *)(self->low + 1 * KIB);
	self->data = self->low + 64 * KIB;
}

FIXTURE_TEARDOWN(compat)
{
	zt_pair_close(&self->pair);
	close(self->dev);
	munmap(self->low, LOW_ROOM);
}

TEST_F(compat, info_is_the_same)
{
	struct zcopy_info info, *low = (void *)self->low;

	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	low->size = sizeof(*low);
	ASSERT_EQ(0, ia32_ioctl(self->dev, ZCOPY_IOC_INFO, low));
	EXPECT_EQ(0, memcmp(&info, low, sizeof(info)));
}

TEST_F(compat, buffer)
{
	struct zcopy_buffer *low = (void *)self->low;
	struct zcopy_info info;

	low->size = sizeof(*low);
	low->length = 2 * zt_page_size();
	ASSERT_EQ(0, ia32_ioctl(self->dev, ZCOPY_IOC_BUFFER, low));
	ASSERT_EQ(0, zcopy_get_info(self->dev, &info));
	EXPECT_EQ(2 * zt_page_size(), info.out_buffer_length);
	/* The upper half of the length is not lost on the way. */
	low->length = (UINT64_C(1) << 32) * 1024;
	EXPECT_EQ(EFBIG, ia32_ioctl(self->dev, ZCOPY_IOC_BUFFER, low));
}

TEST_F(compat, stats_are_the_same)
{
	struct zcopy_stats stats, *low = (void *)self->low;

	zcopy_send_init(self->send, self->pair.tx, self->segments, 1);
	zcopy_segment_zero(self->segments, 12345);
	ASSERT_EQ(0, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, self->send));
	ASSERT_EQ(0, zcopy_get_stats(self->dev, &stats));
	EXPECT_EQ(1, stats.out_calls);
	EXPECT_EQ(12345, stats.out_zero_bytes);
	low->size = sizeof(*low);
	ASSERT_EQ(0, ia32_ioctl(self->dev, ZCOPY_IOC_STATS, low));
	EXPECT_EQ(0, memcmp(&stats, low, sizeof(stats)));
}

/* What a 64-bit caller gets for the same struct. */
static int native_ioctl(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? errno : 0;
}

TEST_F(compat, bad_sizes_flags_and_pointers)
{
	static const struct {
		unsigned long command;
		uint32_t size;
	} commands[] = {
		{ ZCOPY_IOC_INFO, sizeof(struct zcopy_info) },
		{ ZCOPY_IOC_BUFFER, sizeof(struct zcopy_buffer) },
		{ ZCOPY_IOC_SEND, sizeof(struct zcopy_send) },
		{ ZCOPY_IOC_STATS, sizeof(struct zcopy_stats) },
	};
	uint32_t *low = (void *)self->low;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const unsigned long command = commands[i].command;

		memset(low, 0, 512);
		EXPECT_EQ(EINVAL, ia32_ioctl(self->dev, command, low));
		low[0] = 4;
		EXPECT_EQ(EINVAL, ia32_ioctl(self->dev, command, low));
		/* Larger, with zeros: SEND finds that 0 is no socket. */
		low[0] = commands[i].size + 64;
		EXPECT_EQ(native_ioctl(self->dev, command, low),
			  ia32_ioctl(self->dev, command, low));
		low[low[0] / 4 - 1] = 1;
		EXPECT_EQ(E2BIG, ia32_ioctl(self->dev, command, low));
		memset(low, 0, 512);
		low[0] = commands[i].size;
		low[1] = UINT32_C(1) << 31;
		EXPECT_EQ(EINVAL, ia32_ioctl(self->dev, command, low));
		EXPECT_EQ(EFAULT, ia32_ioctl(self->dev, command, NULL));
		EXPECT_EQ(EFAULT, ia32_ioctl(self->dev, command,
					     (void *)(uintptr_t)UINT32_MAX));
	}
	EXPECT_EQ(ENOTTY,
		  ia32_ioctl(self->dev, _IO(ZCOPY_IOC_TYPE, 0x7f), low));
}

TEST_F(compat, all_segment_types)
{
	const size_t len = 5 * zt_page_size() + 123;
	struct zt_receiver receiver;
	struct zt_vector vector;
	unsigned char *content = zt_alloc(len);
	int file;

	zt_pattern(content, len, 1);
	memcpy(self->data, content, len);
	file = zt_memory_file(content, len);
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 8 * zt_page_size()));
	ASSERT_EQ(len, pwrite(self->dev, content, len, 0));

	zt_vector_init(&vector);
	zt_add_user(&vector, self->data, len);
	zt_add_file(&vector, file, content, 100, len - 100);
	zt_add_buffer(&vector, content, 1000, len - 1000);
	zt_add_zero(&vector, 4097);
	memcpy(self->segments, vector.segments,
	       vector.nr * sizeof(*vector.segments));
	zcopy_send_init(self->send, self->pair.tx, self->segments, vector.nr);
	self->send->flags = ZCOPY_SEND_SHUTDOWN;

	zt_receiver_start(&receiver, self->pair.rx, vector.bytes, vector.len);
	ASSERT_EQ(0, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, self->send));
	EXPECT_EQ(ZCOPY_STOP_COMPLETE, self->send->out_stop);
	EXPECT_EQ(vector.len, self->send->out_sent);
	EXPECT_EQ(vector.len, self->send->done);
	EXPECT_EQ(len, self->segments[0].out_done);
	ASSERT_STREQ("", zt_receiver_finish(&receiver));
}

TEST_F(compat, send_errors_are_the_same)
{
	struct zcopy_send *send = self->send;

	zcopy_send_init(send, self->pair.tx, self->segments, 1);
	memset(self->segments, 0, sizeof(*self->segments));
	EXPECT_EQ(EINVAL, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, send));
	/* An address that no 32-bit caller has. */
	send->segments = UINT64_C(0xffffffff00000000) |
			 (uintptr_t)self->segments;
	EXPECT_EQ(EFAULT, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, send));
	zcopy_send_init(send, 9999, self->segments, 0);
	EXPECT_EQ(EBADF, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, send));
	zcopy_send_init(send, self->dev, self->segments, 0);
	EXPECT_EQ(ENOTSOCK, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, send));
	zcopy_send_init(send, self->pair.tx, self->segments, 1U << 31);
	EXPECT_EQ(EMSGSIZE, ia32_ioctl(self->dev, ZCOPY_IOC_SEND, send));
	EXPECT_EQ(0, zt_stray_bytes(&self->pair));
}

ZT_MAIN
