/* SPDX-License-Identifier: GPL-2.0-only */
/* The first thread ended by pthread_exit() and the process lives on in another one: refused by name. */
/* refuse: cannot stop task [0-9]+ .leader_ended.: its main thread has ended */
#include "case.h"

#include <pthread.h>

static void *second(void *arg)
{
	while (case_state(getpid()) != 'Z')
		case_sleep_ms(1);
	case_ready();
	exit(case_pass());
	return arg;
}

int main(void)
{
	pthread_t th;

	CASE_EQ(pthread_create(&th, NULL, second, NULL), 0);
	pthread_exit(NULL);
}
