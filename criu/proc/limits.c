// SPDX-License-Identifier: GPL-2.0-only
#include "proc/limits.h"

#include <string.h>
#include <sys/resource.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

/* clang-format off */
static const char *const limit_names[PROC_NR_LIMITS] = {
	[RLIMIT_CPU] = "Max cpu time",           [RLIMIT_FSIZE] = "Max file size",
	[RLIMIT_DATA] = "Max data size",         [RLIMIT_STACK] = "Max stack size",
	[RLIMIT_CORE] = "Max core file size",    [RLIMIT_RSS] = "Max resident set",
	[RLIMIT_NPROC] = "Max processes",        [RLIMIT_NOFILE] = "Max open files",
	[RLIMIT_MEMLOCK] = "Max locked memory",  [RLIMIT_AS] = "Max address space",
	[RLIMIT_LOCKS] = "Max file locks",       [RLIMIT_SIGPENDING] = "Max pending signals",
	[RLIMIT_MSGQUEUE] = "Max msgqueue size", [RLIMIT_NICE] = "Max nice priority",
	[RLIMIT_RTPRIO] = "Max realtime priority", [RLIMIT_RTTIME] = "Max realtime timeout",
};
/* clang-format on */

static bool parse_limit(struct scan *s, uint64_t *out)
{
	scan_blanks(s);
	if (scan_text(s, "unlimited")) {
		*out = UINT64_MAX;
		return true;
	}
	return scan_u64(s, out);
}

static bool parse_line(struct scan *line, struct proc_limits *l, uint32_t *seen)
{
	for (size_t i = 0; i < PROC_NR_LIMITS; i++) {
		if (!scan_text(line, limit_names[i]))
			continue;
		*seen |= 1u << i;
		return scan_char(line, ' ') && parse_limit(line, &l->limits[i].soft) &&
		       scan_char(line, ' ') && parse_limit(line, &l->limits[i].hard);
	}
	return true; /* the heading, or a limit of a later kernel */
}

struct err *proc_limits_parse(const char *text, size_t len, struct proc_limits *out)
{
	struct scan s = scan_init(text, len), line;
	struct proc_limits l = { 0 };
	uint32_t seen = 0;

	while (scan_line(&s, &line)) {
		if (!parse_line(&line, &l, &seen))
			return scan_error(&line, "a line of limits");
	}
	if (seen != (1u << PROC_NR_LIMITS) - 1)
		return err_new(ERR_SYS, "cannot parse limits: some are missing (have %#x)", seen);
	*out = l;
	return NULL;
}

struct err *proc_limits_read(int dirfd, struct proc_limits *out)
{
	char text[PROC_SMALL];
	size_t len;

	TRY(proc_read_small(dirfd, "limits", text, &len));
	return proc_limits_parse(text, len, out);
}
