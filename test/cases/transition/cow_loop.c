/* SPDX-License-Identifier: GPL-2.0-only */
/* A process changes its pages while children that it forked check that theirs stay as they were. */
/* busy: it changes all the time */
#include "case.h"

#define PAGES 64

static unsigned *pages;

static unsigned *page(int i)
{
	return pages + i * 1024;
}

static void child(void *arg)
{
	unsigned round = *(unsigned *)arg;

	for (int pass = 0; pass < 3; pass++) {
		for (int i = 0; i < PAGES; i++)
			CASE_EQ(*page(i), round * 1000 + i);
		case_sleep_ms(1);
	}
	for (int i = 0; i < PAGES; i += 2)
		*page(i) = ~0u;
}

int main(void)
{
	unsigned round = 0;
	pid_t older = 0, newer;

	pages = case_map(PAGES * 4096);
	for (; round < 10 || !case_go(); round++) {
		for (int i = 0; i < PAGES; i++)
			*page(i) = round * 1000 + i;
		newer = case_fork(child, &round);
		if (older)
			case_join(older);
		older = newer;
		for (int i = 0; i < PAGES; i++)
			CASE_EQ(*page(i), round * 1000 + i);
		if (round == 5)
			case_say_ready();
	}
	case_join(older);
	return case_pass();
}
