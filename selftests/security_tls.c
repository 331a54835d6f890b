// SPDX-License-Identifier: GPL-2.0
/*
 * Crypto that works in place writes into pages that are not its own, if it takes
 * them for its own. So ciphertext is sent from a file, by reference, to a socket
 * that decrypts in the kernel: the plaintext must go elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tls.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "harness.h"

/* Two full records and a part of one. */
#define PLAIN (2 * 16384 + 7001)
#define SEALED_ROOM (PLAIN + 4 * KIB)

enum source { DISK, MEMORY, BUFFER };
enum way { RECV, PEEK, SPLICE, WAYS };

FIXTURE(security_tls)
{
	int dev;
	int file; /* -1 for BUFFER */
	unsigned char *plain;
	unsigned char *sealed; /* as kTLS encrypts it */
	size_t sealed_len;
	unsigned char *came;
	struct zt_pair pair;
	struct zt_vector vector;
	struct zt_call call;
};

FIXTURE_VARIANT(security_tls)
{
	enum source source;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(security_tls, disk) {
	.source = DISK,
};

FIXTURE_VARIANT_ADD(security_tls, memory) {
	.source = MEMORY,
};

FIXTURE_VARIANT_ADD(security_tls, buffer) {
	.source = BUFFER,
};
/* clang-format on */

/* What goes over the wire where kTLS sends @plain; 0 if the kernel has no kTLS. */
static size_t seal(const unsigned char *plain, unsigned char *sealed)
{
	struct zt_pair pair;
	size_t len;

	zt_pair_open(&pair, ZT_TCP4, 0);
	if (!zt_ktls_tell_key(pair.tx, TLS_TX)) {
		zt_pair_close(&pair);
		return 0;
	}
	if (send(pair.tx, plain, PLAIN, MSG_NOSIGNAL) != PLAIN ||
	    shutdown(pair.tx, SHUT_WR))
		zt_die("send of the plaintext");
	len = zt_read_full(pair.rx, sealed, SEALED_ROOM);
	zt_pair_close(&pair);
	return len;
}

FIXTURE_SETUP(security_tls)
{
	self->dev = zcopy_open();
	ASSERT_LE(0, self->dev);
	self->plain = zt_alloc(PLAIN);
	self->sealed = zt_alloc(SEALED_ROOM);
	self->came = zt_alloc(SEALED_ROOM);
	self->file = -1;
	self->pair.tx = -1;
	self->pair.rx = -1;
	zt_vector_init(&self->vector);
	zt_pattern(self->plain, PLAIN, 171);
	self->sealed_len = seal(self->plain, self->sealed);
	if (!self->sealed_len)
		ZT_SKIP("no kTLS");
	ASSERT_LT(PLAIN, self->sealed_len);
	ASSERT_GT(SEALED_ROOM, self->sealed_len);
	ASSERT_EQ(NULL,
		  memmem(self->sealed, self->sealed_len, self->plain, 16));
}

FIXTURE_TEARDOWN(security_tls)
{
	zt_vector_free(&self->vector);
	zt_pair_close(&self->pair);
	close(self->file);
	close(self->dev);
	free(self->plain);
	free(self->sealed);
	free(self->came);
}

/* Where self->sealed lies that is to be sent, anew. */
static void make_source(struct __test_metadata *_metadata,
			FIXTURE_DATA(security_tls) * self, enum source source)
{
	if (self->file >= 0)
		close(self->file);
	if (source == DISK)
		self->file = zt_file(zt_disk_dir(), self->sealed,
				     self->sealed_len);
	if (source == MEMORY)
		self->file = zt_memory_file(self->sealed, self->sealed_len);
	if (source != BUFFER)
		return;
	ASSERT_EQ(0, zcopy_set_buffer(self->dev, 64 * KIB));
	ASSERT_EQ(self->sealed_len,
		  pwrite(self->dev, self->sealed, self->sealed_len, 0));
}

/* The ciphertext arrives, by reference, at a socket that has the key. */
static void deliver(struct __test_metadata *_metadata,
		    FIXTURE_DATA(security_tls) * self, enum source source)
{
	const struct timeval patience = { .tv_sec = 20 * zt_slack() };

	zt_pair_close(&self->pair);
	zt_pair_open(&self->pair, ZT_TCP4, 0);
	ASSERT_TRUE(zt_ktls_tell_key(self->pair.rx, TLS_RX));
	ASSERT_EQ(0, setsockopt(self->pair.rx, SOL_SOCKET, SO_RCVTIMEO,
				&patience, sizeof(patience)));
	zt_vector_free(&self->vector);
	if (source == BUFFER)
		zt_add_buffer(&self->vector, self->sealed, 0, self->sealed_len);
	else
		zt_add_file(&self->vector, self->file, self->sealed, 0,
			    self->sealed_len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector,
			     ZCOPY_SEND_SHUTDOWN, &self->call));
	ASSERT_COMPLETE(&self->call);
	/* If these were copies, nothing would be shown. */
	EXPECT_EQ(zt_must_copy(&self->vector), self->call.send.out_copied);
}

static ssize_t take_by_splice(int rx, unsigned char *to, size_t len)
{
	int pipes[2];
	ssize_t got;

	if (pipe2(pipes, O_CLOEXEC))
		zt_die("pipe");
	got = splice(rx, NULL, pipes[1], NULL, len, 0);
	if (got > 0 && zt_read_full(pipes[0], to, (size_t)got) != (size_t)got)
		zt_die("a pipe lost bytes");
	close(pipes[0]);
	close(pipes[1]);
	return got;
}

static ssize_t take(int rx, unsigned char *to, size_t len, enum way way)
{
	if (way == SPLICE)
		return take_by_splice(rx, to, len);
	if (way == PEEK && recv(rx, to, len, MSG_PEEK) < 0)
		return -1;
	return recv(rx, to, len, 0);
}

/* All of the plaintext, or up to an error. Returns how much of it came. */
static size_t take_all(FIXTURE_DATA(security_tls) * self, enum way way)
{
	size_t done = 0;
	ssize_t got;

	memset(self->came, 0, SEALED_ROOM);
	do {
		errno = 0;
		got = take(self->pair.rx, self->came + done, PLAIN - done, way);
		if (got > 0)
			done += (size_t)got;
	} while (got > 0 && done < PLAIN);
	return done;
}

/* The source still holds what was sent, byte for byte. */
static bool is_unchanged(FIXTURE_DATA(security_tls) * self)
{
	int fd = self->file >= 0 ? self->file : self->dev;

	return pread(fd, self->came, self->sealed_len, 0) ==
		       (ssize_t)self->sealed_len &&
	       !memcmp(self->sealed, self->came, self->sealed_len);
}

static void decrypt(struct __test_metadata *_metadata,
		    FIXTURE_DATA(security_tls) * self, enum source source,
		    enum way way)
{
	make_source(_metadata, self, source);
	deliver(_metadata, self, source);
	ASSERT_EQ(PLAIN, take_all(self, way))
	TH_LOG("%s", strerror(errno));
	EXPECT_EQ(0, memcmp(self->plain, self->came, PLAIN));
	EXPECT_TRUE(is_unchanged(self));
}

TEST_F(security_tls, decrypted_by_recv)
{
	decrypt(_metadata, self, variant->source, RECV);
}

TEST_F(security_tls, decrypted_by_peek)
{
	decrypt(_metadata, self, variant->source, PEEK);
}

TEST_F(security_tls, decrypted_by_splice)
{
	decrypt(_metadata, self, variant->source, SPLICE);
}

/* A buffer that is too small for a record: kTLS decrypts into its own memory. */
TEST_F(security_tls, decrypted_in_pieces)
{
	size_t at;

	make_source(_metadata, self, variant->source);
	deliver(_metadata, self, variant->source);
	for (at = 0; at < PLAIN; at += 777)
		ASSERT_LT(0, recv(self->pair.rx, self->came + at,
				  PLAIN - at < 777 ? PLAIN - at : 777,
				  MSG_WAITALL));
	EXPECT_EQ(0, memcmp(self->plain, self->came, PLAIN));
	EXPECT_TRUE(is_unchanged(self));
}

/* A record that is not authentic has been decrypted before that is known. */
TEST_F(security_tls, damaged)
{
	enum way way;

	/* In the first record, behind its header. */
	self->sealed[5000] ^= 0x10;
	for (way = RECV; way < WAYS; way++) {
		make_source(_metadata, self, variant->source);
		deliver(_metadata, self, variant->source);
		EXPECT_EQ(0, take_all(self, way));
		EXPECT_EQ(EBADMSG, errno)
		TH_LOG("way %d", way);
		EXPECT_TRUE(is_unchanged(self));
	}
}

/* The other direction: plaintext of the source is encrypted, elsewhere. */
TEST_F(security_tls, encrypted)
{
	make_source(_metadata, self, variant->source);
	zt_pair_open(&self->pair, ZT_KTLS, 0);
	if (variant->source == BUFFER)
		zt_add_buffer(&self->vector, self->sealed, 0, self->sealed_len);
	else
		zt_add_file(&self->vector, self->file, self->sealed, 0,
			    self->sealed_len);
	ASSERT_EQ(0, zt_send(self->dev, self->pair.tx, &self->vector, 0,
			     &self->call));
	ASSERT_COMPLETE(&self->call);
	ASSERT_EQ(self->sealed_len,
		  zt_read_full(self->pair.rx, self->came, self->sealed_len));
	EXPECT_EQ(0, memcmp(self->sealed, self->came, self->sealed_len));
	EXPECT_TRUE(is_unchanged(self));
}

ZT_MAIN
