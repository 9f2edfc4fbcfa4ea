/* SPDX-License-Identifier: GPL-2.0-only */
/* A System V segment belongs to an ipc namespace and is refused by name. */
/* refuse: cannot dump a System V shared memory segment at .*SYSV0+( \(deleted\))? of task [0-9]+ */
#include "case.h"

#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
	char *area;

	if (id < 0)
		case_skip("shmget: %s", strerror(errno));
	area = shmat(id, NULL, 0);
	CASE_CHECK(area != (void *)-1, "shmat: %s", strerror(errno));
	CASE_SYS(shmctl(id, IPC_RMID, NULL));
	area[5] = 'x';
	case_ready();
	CASE_EQ(area[5], 'x');
	CASE_SYS(shmdt(area));
	return case_pass();
}
