/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process has once and /proc takes as text: oom_score_adj, coredump_filter and loginuid.
 * The address fields of the mm itself belong to mem/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "task/restore_parts.h"

/* ---- restore ---- */

/* A worker inherits its maker's values: only a difference is written. */
static struct err *proc_self_put(const char *name, int base, const char *text, uint64_t want)
{
	AUTO_FREE char *have = NULL;
	AUTO_FD fd = -1;

	TRY(file_slurp_at(AT_FDCWD, &have, NULL, "/proc/self/%s", name));
	if ((uint64_t)strtoll(have, NULL, base) == want)
		return NULL;
	TRY(fd_open_at(AT_FDCWD, O_WRONLY, &fd, "/proc/self/%s", name));
	return err_context(fd_write_all(fd, text, strlen(text)), "cannot set %s to %s", name, text);
}

static struct err *oom_put(const struct task *t, int32_t adj)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", adj);
	return err_hint(
		proc_self_put("oom_score_adj", 10, text, (int64_t)adj),
		"give the tool CAP_SYS_RESOURCE: task %d had a lower value than the tool has",
		t->ns_pid);
}

static struct err *loginuid_put(uint32_t uid)
{
	char text[32];
	struct err *e;

	snprintf(text, sizeof(text), "%u", uid);
	e = proc_self_put("loginuid", 10, text, uid);
	/* Kernels without auditing have no such file and nothing to lose. */
	if (e && err_errno(e) == ENOENT) {
		err_drop(e, "no auditing in this kernel");
		return NULL;
	}
	return e;
}

static struct err *mm_fields_apply(struct worker *w)
{
	const TaskCoreEntry *tc = w->task->threads[0].core->tc;

	if (tc->has_oom_score_adj)
		TRY(oom_put(w->task, tc->oom_score_adj));
	if (tc->has_loginuid)
		TRY(loginuid_put(tc->loginuid));
	return NULL;
}

static struct err *mm_fields_check(const struct restore *r UNUSED, const struct task *t)
{
	const TaskCoreEntry *tc = t->threads[0].core->tc;

	if (tc->has_oom_score_adj && (tc->oom_score_adj < -1000 || tc->oom_score_adj > 1000))
		return err_new(ERR_IMAGE, "core-%d.img: oom_score_adj %d", t->ns_pid,
			       tc->oom_score_adj);
	return NULL;
}

const struct restore_part restore_part_mm_fields = {
	.name = "mm_fields",
	.check = mm_fields_check,
	.apply = mm_fields_apply,
};
