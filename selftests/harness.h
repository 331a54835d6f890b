/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own test harness (taken at build time from the package
 * linux-source-6.12), and the few words that all test programs add to it.
 */
#ifndef ZT_HARNESS_H
#define ZT_HARNESS_H

#include "kselftest_harness.h"
#include "util.h"

/* An emulated machine that shares two processors with a build is slow. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 90

/*
 * Skip the test because the machine lacks what it needs, which is a failure
 * where the rig promises to have everything.
 */
#define ZT_SKIP(fmt, ...)                                               \
	do {                                                            \
		if (zt_strict()) {                                      \
			TH_LOG(fmt, ##__VA_ARGS__);                     \
			ASSERT_STREQ("everything is there", "skipped"); \
		}                                                       \
		SKIP(return, fmt, ##__VA_ARGS__);                       \
	} while (0)

/* One call of SEND with valid arguments, whose outputs must agree. */
#define ASSERT_CONSISTENT(call) ASSERT_STREQ("", zt_inconsistency(call))

#define ASSERT_COMPLETE(call)                                          \
	do {                                                           \
		ASSERT_CONSISTENT(call);                               \
		ASSERT_EQ(ZCOPY_STOP_COMPLETE, (call)->send.out_stop); \
	} while (0)

static inline void zt_give_slack(void)
{
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;

	for (fixture = __fixture_list; fixture; fixture = fixture->next)
		for (test = fixture->tests; test; test = test->next)
			test->timeout *= zt_slack();
}

/* The whole program is skipped on a machine without the device. */
static inline int zt_main(int argc, char **argv)
{
	int dev = zcopy_open();

	if (dev >= 0) {
		close(dev);
		zt_give_slack();
		return test_harness_run(argc, argv);
	}
	if (zt_strict())
		ksft_exit_fail_msg("%s: %s\n", zcopy_device_path(),
				   strerror(errno));
	ksft_print_header();
	ksft_exit_skip("%s: %s\n", zcopy_device_path(), strerror(errno));
}

#define ZT_MAIN                             \
	int main(int argc, char **argv)     \
	{                                   \
		return zt_main(argc, argv); \
	}

#endif /* ZT_HARNESS_H */
