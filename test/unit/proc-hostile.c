// SPDX-License-Identifier: GPL-2.0-only
/*
 * proc/: texts damaged at random never make a parser read outside of them (run under
 * SANITIZE=address), hang or crash.  Each is tried in a heap block of exactly its length.
 */
#include <fcntl.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fd.h"
#include "proc/auxv.h"
#include "proc/cgroup.h"
#include "proc/fdinfo.h"
#include "proc/limits.h"
#include "proc/locks.h"
#include "proc/maps.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"
#include "proc/stat.h"
#include "proc/status.h"
#include "proc/timers.h"
#include "unit/unit.h"

enum { ROUNDS = 1500, PIECES = 8 };

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void parse_all(const char *text, size_t len, size_t which)
{
	struct arena *a = arena_new();
	struct proc_stat stat;
	struct proc_status status;
	struct proc_maps maps;
	struct proc_limits limits;
	struct proc_auxv auxv;
	struct proc_cgroups cgroups;
	struct proc_mounts mounts;
	struct proc_timers timers;
	struct fdinfo info;
	struct pid_list pids;
	struct proc_lock *locks;
	size_t nr;
	struct err *e = NULL;

	switch (which) {
	case 0:
		e = proc_stat_parse(text, len, &stat);
		break;
	case 1:
		e = proc_status_parse(text, len, a, &status);
		break;
	case 2:
		e = proc_maps_parse(text, len, a, &maps);
		break;
	case 3:
		e = proc_limits_parse(text, len, &limits);
		break;
	case 4:
		e = proc_auxv_parse(text, len, &auxv);
		break;
	case 5:
		e = proc_cgroups_parse(text, len, a, &cgroups);
		break;
	case 6:
		e = proc_mounts_parse(text, len, a, &mounts);
		break;
	case 7:
		e = proc_timers_parse(text, len, a, &timers);
		break;
	case 8:
		e = fdinfo_parse(text, len, a, &info);
		break;
	case 9:
		e = pid_list_parse(text, len, a, &pids);
		break;
	case 10:
		e = proc_locks_parse(text, len, true, a, &locks, &nr);
		break;
	}
	err_drop(e, "damaged on purpose");
	arena_free(a);
}

static const char *const samples[] = {
	"/proc/self/stat",
	"/proc/self/status",
	"/proc/self/smaps",
	"/proc/self/limits",
	"/proc/self/auxv",
	"/proc/self/cgroup",
	"/proc/self/mountinfo",
	"ID: 3\nsignal: 14/0\nnotify: signal/tid.55\nClockID: 1\n",
	"/proc/self/fdinfo/0",
	"1 2 3 4 5 ",
	"1: -> FLOCK  ADVISORY  WRITE 708 fe:00:11045210 0 EOF\n",
};

/* A copy of part of the sample with some bytes changed, or pieces of it repeated. */
static char *damage(const char *text, size_t len, uint64_t *rnd, size_t *len_out)
{
	size_t from = len ? next_random(rnd) % 4 * (next_random(rnd) % len) / 4 : 0;
	size_t n = len - from ? next_random(rnd) % (len - from + 1) : 0;
	char *copy = malloc(n ? n : 1);

	memcpy(copy, text + from, n);
	for (size_t i = next_random(rnd) % PIECES; n && i > 0; i--)
		copy[next_random(rnd) % n] = "0918af-:/() \n\t\\\xff\0ZkB"[next_random(rnd) % 21];
	for (size_t i = next_random(rnd) % 2; n > 16 && i > 0; i--)
		memmove(copy + next_random(rnd) % (n / 2), copy + n / 2, n / 4);
	*len_out = n;
	return copy;
}

static void damaged_texts(size_t which)
{
	uint64_t rnd = 88172645463325252ull + which;
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	if (samples[which][0] == '/') {
		CHECK_OK(file_slurp_at(AT_FDCWD, &text, &len, "%s", samples[which]));
	} else {
		text = strdup(samples[which]);
		len = strlen(text);
	}
	parse_all(text, len, which);
	for (int i = 0; i < ROUNDS; i++) {
		size_t n;
		AUTO_FREE char *copy = damage(text, len, &rnd, &n);

		parse_all(copy, n, which);
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		damaged_texts(i);
	return 0;
}
