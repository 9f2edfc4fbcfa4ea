/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two threads write a running number over and over through an area; at any moment a page holds one number
 * or the one before, never anything older.
 */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>

#define NR 2048

static volatile uint64_t *area;
static volatile bool stop;

static void *writer(void *half)
{
	volatile uint64_t *mine = area + (long)half * NR / 2 * 512;

	for (uint64_t round = 1; !stop; round++)
		for (int page = 0; page < NR / 2; page++) {
			uint64_t old = mine[page * 512 + 7];

			CASE_CHECK(old == round - 1, "page %d holds %lu before round %lu", page,
				   old, round);
			mine[page * 512 + 7] = round;
			if (round == 3 && page == 0)
				case_here();
		}
	return NULL;
}

int main(void)
{
	area = case_map(NR * 4096);
	case_threads(2, writer);
	case_wait_here(2);
	case_ready();
	case_sleep_ms(20);
	stop = true;
	case_threads_join();
	return case_pass();
}
