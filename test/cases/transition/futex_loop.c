/* SPDX-License-Identifier: GPL-2.0-only */
/* Two threads hand a token to each other through a futex as fast as they can. */
/* busy: it changes all the time */
#include "case.h"

#include <linux/futex.h>
#include <sys/syscall.h>

static uint32_t turn;
static volatile bool stop;

static void *player(void *number)
{
	uint32_t me = (long)number, other = 1 - me;

	for (int round = 0; !stop; round++) {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != me && !stop) {
			long r = syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, NULL, NULL,
					 0);

			CASE_CHECK(r == 0 || errno == EAGAIN, "futex: %s", strerror(errno));
		}
		__atomic_store_n(&turn, other, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		if (round == 1000)
			case_here();
	}
	return NULL;
}

int main(void)
{
	case_threads(2, player);
	case_wait_here(2);
	case_ready();
	case_sleep_ms(20);
	stop = true;
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&turn, i, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0);
	}
	case_threads_join();
	return case_pass();
}
