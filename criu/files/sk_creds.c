// SPDX-License-Identifier: GPL-2.0-only
/*
 * SO_PEERCRED shows the credentials of whoever called socketpair(2), connect(2) or listen(2), and nothing can set
 * it.  A worker can take on user and group for that call; the process is right when the worker is the one.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/securebits.h>

#include "files/sk_restore.h"

struct err *unix_creds_enter(const UnixSkEntry *rec, struct unix_creds *c)
{
	uid_t uid = rec && rec->has_peer_uid ? rec->peer_uid : 0;
	gid_t gid = rec && rec->has_peer_gid ? rec->peer_gid : 0;

	c->is_changed = uid != geteuid() || gid != getegid();
	if (!c->is_changed)
		return NULL;
	/* Capabilities stay, so that names can still be reached. */
	c->securebits = prctl(PR_GET_SECUREBITS);
	if (c->securebits < 0 ||
	    prctl(PR_SET_SECUREBITS, (unsigned long)c->securebits | SECBIT_NO_SETUID_FIXUP))
		return err_sys(errno, "cannot keep capabilities");
	if (setresgid((gid_t)-1, gid, (gid_t)-1) || setresuid((uid_t)-1, uid, (uid_t)-1))
		return err_sys(errno, "cannot become user %u of group %u", uid, gid);
	return NULL;
}

struct err *unix_creds_leave(const struct unix_creds *c)
{
	if (!c->is_changed)
		return NULL;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) || setresgid((gid_t)-1, 0, (gid_t)-1) ||
	    prctl(PR_SET_SECUREBITS, (unsigned long)c->securebits))
		return err_sys(errno, "cannot become root again");
	return NULL;
}
