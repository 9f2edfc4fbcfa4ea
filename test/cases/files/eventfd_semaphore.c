/* SPDX-License-Identifier: GPL-2.0-only */
/* Event counters that count in 64 bits, and those that are semaphores. */
/* peer: no wrong version 4.1 keeps 32 bits of the counter and not whether it is a semaphore */
#include "eventfds.h"

static const struct eventfd_want wants[] = {
	{ 0, EFD_SEMAPHORE },
	{ 1, EFD_SEMAPHORE | EFD_NONBLOCK },
	{ 2, EFD_SEMAPHORE },
	{ 7, EFD_SEMAPHORE },
	{ 0x123456789abcdefULL, EFD_CLOEXEC },
	{ UINT64_MAX - 1, EFD_NONBLOCK },
	{ UINT64_MAX - 1, EFD_SEMAPHORE },
};

int main(void)
{
	int fds[CASE_NR(wants)];

	for (size_t i = 0; i < CASE_NR(wants); i++)
		fds[i] = eventfd_make(&wants[i]);
	case_ready();
	for (size_t i = 0; i < CASE_NR(wants); i++)
		eventfd_check(fds[i], &wants[i]);
	return case_pass();
}
