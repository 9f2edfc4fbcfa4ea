/* SPDX-License-Identifier: GPL-2.0-only */
/* Two processes hand a growing buffer to each other in shared memory, by semaphores that are shared too. */
/* busy: it changes all the time */
#include "case.h"

#include <semaphore.h>

static struct shared {
	sem_t turn[2];
	long round;
	bool is_over;
	unsigned char data[60000];
} * s;

static void wait_turn(int me)
{
	while (sem_wait(&s->turn[me]) < 0)
		CASE_EQ(errno, EINTR);
}

static void player(void *number)
{
	int me = (long)number;

	for (;;) {
		wait_turn(me);
		if (s->is_over)
			break;
		for (size_t i = 0; i < sizeof(s->data); i += 97)
			CASE_EQ(s->data[i], (unsigned char)(s->round + i));
		s->round++;
		for (size_t i = 0; i < sizeof(s->data); i += 97)
			s->data[i]++;
		if (s->round == 100)
			case_say_ready();
		s->is_over = s->round > 200 && case_go();
		CASE_SYS(sem_post(&s->turn[1 - me]));
	}
	sem_post(&s->turn[1 - me]);
}

int main(void)
{
	pid_t pid;

	s = case_map_shared(sizeof(*s));
	CASE_SYS(sem_init(&s->turn[0], 1, 1));
	CASE_SYS(sem_init(&s->turn[1], 1, 0));
	for (size_t i = 0; i < sizeof(s->data); i++)
		s->data[i] = (unsigned char)i;
	pid = case_fork(player, (void *)1);
	player(NULL);
	case_join(pid);
	return case_pass();
}
