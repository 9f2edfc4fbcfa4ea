/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ids and capabilities belong to threads in the kernel: one has another uid, one another group, one fewer
 * capabilities.
 */
/* needs: root */
#include "case.h"

#include <linux/capability.h>
#include <sys/syscall.h>

static const char *const fields[] = { "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff" };

static void change(long number)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 1 << CAP_KILL, 1 << CAP_KILL | 1 << CAP_CHOWN,
						    0 } };
	gid_t group = 777;

	/* The calls of the C library would change all threads. */
	if (number == 0)
		CASE_SYS(syscall(SYS_setresuid, 501, 502, 503));
	else if (number == 1)
		CASE_SYS(syscall(SYS_setresgid, 601, 602, 603));
	else if (number == 2)
		CASE_SYS(syscall(SYS_setgroups, 1, &group));
	else
		CASE_SYS(syscall(SYS_capset, &head, data));
}

static void *body(void *number)
{
	char before[CASE_NR(fields)][128];

	change((long)number);
	for (unsigned i = 0; i < CASE_NR(fields); i++)
		strcpy(before[i], case_status(0, fields[i]));
	case_here();
	case_wait_go();
	for (unsigned i = 0; i < CASE_NR(fields); i++)
		CASE_CHECK(!strcmp(before[i], case_status(0, fields[i])),
			   "thread %ld: %s was %s, is %s", (long)number, fields[i], before[i],
			   case_status(0, fields[i]));
	return NULL;
}

int main(void)
{
	case_threads(4, body);
	case_wait_here(4);
	case_ready();
	CASE_EQ(getuid(), 0);
	case_threads_join();
	return case_pass();
}
