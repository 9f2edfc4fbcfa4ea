/* SPDX-License-Identifier: GPL-2.0-only */
/* One thread waits for the first of three words (futex_waitv) that three others change in turn. */
/* busy: it changes all the time */
#include "case.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define NR 3

struct waitv {
	uint64_t val, addr;
	uint32_t flags, reserved;
};

static uint32_t words[NR];
static volatile long seen;

static void *changer(void *number)
{
	uint32_t *word = &words[(long)number];

	for (int i = 0; i < 300 || !case_go(); i++) {
		__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		if (i == 50)
			case_here();
		if (i > 300)
			case_sleep_ms(1);
	}
	__atomic_or_fetch(word, 1u << 31, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return NULL;
}

int main(void)
{
	struct waitv w[NR] = {};
	long r;

	if (syscall(SYS_futex_waitv, w, 0, 0, NULL, 0) < 0 && errno == ENOSYS)
		case_skip("this kernel has no futex_waitv");
	case_threads(NR, changer);
	case_wait_here(NR);
	case_say_ready();
	for (;;) {
		uint32_t all = ~0u;

		for (int i = 0; i < NR; i++) {
			w[i].val = __atomic_load_n(&words[i], __ATOMIC_SEQ_CST);
			w[i].addr = (uintptr_t)&words[i];
			w[i].flags = 2 | FUTEX_PRIVATE_FLAG; /* 32 bits */
			all &= w[i].val;
		}
		if (all >> 31)
			break;
		r = syscall(SYS_futex_waitv, w, NR, 0, NULL, 0);
		CASE_CHECK(r >= 0 || errno == EAGAIN, "futex_waitv: %s", strerror(errno));
		CASE_CHECK(r < NR, "futex_waitv gives %ld", r);
		seen++;
	}
	case_threads_join();
	CASE_CHECK(seen, "it never waited");
	return case_pass();
}
