/* SPDX-License-Identifier: GPL-2.0-only */
/* A tree that belongs to the session of somebody else is dumped with --shell-job. */
/* opts: --shell-job */
/* same-session: yes */
/* differs: session|pgrp|NSsid|NSpgid it gets those of the restore */
#include "case.h"

int main(void)
{
	case_ready();
	CASE_CHECK(getsid(0) != getpid(), "it leads a session of its own");
	return case_pass();
}
