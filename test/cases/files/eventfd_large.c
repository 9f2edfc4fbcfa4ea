/* SPDX-License-Identifier: GPL-2.0-only */
/* Event counters beyond 32 bits. */
/* peer: no wrong keeps 32 bits of the counter, so 2^32 + 5 becomes 5 and 2^32 becomes 0 */
#include "eventfds.h"

static const struct eventfd_want wants[] = {
	{ (1ULL << 32) + 5, EFD_NONBLOCK },
	{ 1ULL << 32, EFD_NONBLOCK },
	{ 0x123456789abcdefULL, EFD_NONBLOCK },
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
