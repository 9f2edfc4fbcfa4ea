/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes whose parent ends at once, so that they change their parent while the dump comes. */
/* busy: it changes all the time */
/* peer: no-restore gives orphans to init instead of the subreaper */
#include "case.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static void middle(void)
{
	for (int i = 0; i < 3; i++)
		if (!CASE_SYS(fork())) {
			usleep(200 * i);
			_exit(40 + i);
		}
	_exit(7);
}

int main(void)
{
	int made = 0, seen[256] = {}, status;
	bool said = false;

	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	while (!case_go() || made < 50) {
		if (!CASE_SYS(fork()))
			middle();
		made++;
		for (int i = 0; i < 4; i++) {
			CASE_SYS(wait(&status));
			CASE_CHECK(WIFEXITED(status), "status %#x", status);
			seen[WEXITSTATUS(status)]++;
		}
		if (!said && made > 20) {
			case_say_ready();
			said = true;
		}
	}
	CASE_EQ(seen[7], made);
	for (int i = 0; i < 3; i++)
		CASE_EQ(seen[40 + i], made);
	return case_pass();
}
