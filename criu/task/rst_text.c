/* SPDX-License-Identifier: GPL-2.0-only */
/* What the restorer reports as numbers, in words. */
#include "task/rst_text.h"

#include <inttypes.h>

#include "pie/abi/restorer.h"

struct text {
	const char *words;  /* the action that could not be done */
	const char *detail; /* what the number next to it is; NULL: it says nothing */
	const char *hint;
};

#define CAP_HINT \
	"give the tool the capabilities that the task had (see CapEff in /proc/self/status)"

static const struct text texts[RST_NR_WHERE] = {
	[RST_AT_ABI_MISMATCH] = { "restorer and tool are not of one build: ABI", "number",
				  "rebuild the tool" },
	[RST_AT_MEM_UNMAP] = { "cannot unmap the tool", "address", NULL },
	[RST_AT_MEM_MOVE] = { "cannot move a mapping home", "address", NULL },
	[RST_AT_MEM_PROTECT] = { "cannot set the protection of a mapping", "address", NULL },
	[RST_AT_MEM_ADVISE] = { "cannot advise on a mapping", "address", NULL },
	[RST_AT_MEM_LOCK] = { "cannot lock a mapping", "address", NULL },
	[RST_AT_MEM_TAKE_KEYS] = { "cannot allocate protection keys", NULL,
				   "restore on a CPU that has them (pku in /proc/cpuinfo)" },
	[RST_AT_MEM_FREE_KEYS] = { "cannot free protection keys", NULL, NULL },
	[RST_AT_MEM_KEY] = { "cannot set the protection key of a mapping", "address", NULL },
	[RST_AT_MM_MAP] = { "cannot set the fields of the address space", NULL,
			    "give the tool CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN" },
	[RST_AT_THP] = { "cannot set the use of huge pages", NULL, NULL },
	[RST_AT_MLOCKALL] = { "cannot lock future mappings (mlockall)", NULL,
			      "run criu-lite with CAP_IPC_LOCK or a higher RLIMIT_MEMLOCK" },
	[RST_AT_MDWE] = { "cannot deny memory that is writable and executable", NULL,
			  "restore on a kernel with PR_SET_MDWE (6.3)" },
	[RST_AT_MEMORY_MERGE] = { "cannot let all memory be merged (PR_SET_MEMORY_MERGE)", NULL,
				  "restore on a kernel with KSM, 6.4 or later" },
	[RST_AT_PERSONALITY] = { "cannot set the personality", "value", NULL },
	[RST_AT_EXE] = { "cannot set the executable", NULL, NULL },
	[RST_AT_COMM] = { "cannot set the name of a thread", "thread", NULL },
	[RST_AT_THREAD] = { "cannot make a thread", "thread",
			    "look whether the number is in use, or give the tool "
			    "CAP_CHECKPOINT_RESTORE" },
	[RST_AT_SIGACTION] = { "cannot set a signal action", "signal", NULL },
	[RST_AT_ITIMER] = { "cannot set an interval timer", "timer", NULL },
	[RST_AT_TIMER] = { "cannot make a POSIX timer", "timer", NULL },
	[RST_AT_RLIMIT] = { "cannot set a resource limit", "limit",
			    "give the tool CAP_SYS_RESOURCE, or raise its own hard limit first" },
	[RST_AT_SUBREAPER] = { "cannot make a child subreaper", NULL, NULL },
	[RST_AT_MEMBARRIER] = { "cannot register for membarrier", "command", NULL },
	[RST_AT_ROBUST] = { "cannot set a robust list", "thread", NULL },
	[RST_AT_SAS] = { "cannot set an alternate signal stack", "thread", NULL },
	[RST_AT_RSEQ] = { "cannot register restartable sequences", "thread", NULL },
	[RST_AT_SCHED] = { "cannot set the scheduling policy", "thread",
			   "give the tool CAP_SYS_NICE" },
	[RST_AT_AFFINITY] = { "cannot set the CPU affinity", "thread",
			      "restore where at least one of the CPUs exists" },
	[RST_AT_NICE] = { "cannot set the nice value", "thread", "give the tool CAP_SYS_NICE" },
	[RST_AT_TIMERSLACK] = { "cannot set the timer slack", "thread", NULL },
	[RST_AT_IOPRIO] = { "cannot set the I/O priority", "thread", "give the tool CAP_SYS_NICE" },
	[RST_AT_MCE_KILL] = { "cannot set what broken memory does (PR_MCE_KILL)", "thread", NULL },
	[RST_AT_TSC] = { "cannot forbid the time stamp counter (PR_SET_TSC)", "thread", NULL },
	[RST_AT_IO_FLUSHER] = { "cannot make an I/O flusher (PR_SET_IO_FLUSHER)", "thread",
				"give the tool CAP_SYS_RESOURCE" },
	[RST_AT_SIGQUEUE] = { "cannot queue a pending signal", "signal",
			      "raise the tool's limit of pending signals (ulimit -i)" },
	[RST_AT_GROUPS] = { "cannot set the groups", "thread", CAP_HINT },
	[RST_AT_UID] = { "cannot set the user ids", "thread", CAP_HINT },
	[RST_AT_GID] = { "cannot set the group ids", "thread", CAP_HINT },
	[RST_AT_CAPS] = { "cannot set the capabilities", "thread", CAP_HINT },
	[RST_AT_BOUND] = { "cannot drop a capability from the bounding set", "capability",
			   CAP_HINT },
	[RST_AT_AMBIENT] = { "cannot set an ambient capability", "capability", CAP_HINT },
	[RST_AT_SECUREBITS] = { "cannot set the securebits", "thread", CAP_HINT },
	[RST_AT_NO_NEW_PRIVS] = { "cannot set no_new_privs", "thread", NULL },
	[RST_AT_PDEATHSIG] = { "cannot set the parent-death signal", "signal", NULL },
	[RST_AT_DUMPABLE] = { "cannot set the dumpable flag", NULL, NULL },
	[RST_AT_SECCOMP] = { "cannot install a seccomp filter", "number", NULL },
	[RST_AT_LOCK] = { "cannot take a file lock", "number", NULL },
	[RST_AT_FILES] = { "cannot close a descriptor of the tool", "descriptor", NULL },
};

/* In the order of RLIMIT_*. */
static const char *const limit_names[] = {
	"cpu",	   "fsize", "data",  "stack",	   "core",     "rss",  "nproc",	 "nofile",
	"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
};

struct err *rst_result_err(const struct rst_result *result)
{
	const struct text *t = result->where < RST_NR_WHERE ? &texts[result->where] :
							      &texts[RST_NOWHERE];
	struct err *e;

	if (!t->words)
		return err_sys(result->err, "restorer: step %u (%#" PRIx64 ")", result->where,
			       result->detail);
	if (result->where == RST_AT_RLIMIT && result->detail < ARRAY_SIZE(limit_names))
		e = err_sys(result->err, "%s (%s)", t->words, limit_names[result->detail]);
	else if (!t->detail)
		e = err_sys(result->err, "%s", t->words);
	else if (result->where < RST_AT_MM_MAP)
		e = err_sys(result->err, "%s (%s %#" PRIx64 ")", t->words, t->detail,
			    result->detail);
	else
		e = err_sys(result->err, "%s (%s %" PRIu64 ")", t->words, t->detail,
			    result->detail);
	return t->hint ? err_hint(e, "%s", t->hint) : e;
}
