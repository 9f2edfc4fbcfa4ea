// SPDX-License-Identifier: GPL-2.0-only
#include "proc/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

enum {
	STAT_FIRST = 4, /* the first numeric field behind the state */
	STAT_LAST = 52,
	STAT_LEAST = 52, /* exit_code: the last one, since 3.5 */
	STAT_NR = STAT_LAST + 1,
};

/* A name may hold blanks, parentheses and newlines: it ends at the last ")" of the file. */
static bool parse_comm(struct scan *s, struct proc_stat *st)
{
	const char *close;
	size_t len;

	if (!scan_text(s, " ("))
		return false;
	close = memrchr(s->pos, ')', (size_t)(s->end - s->pos));
	if (!close)
		return false;
	len = (size_t)(close - s->pos);
	if (len >= sizeof(st->comm) || memchr(s->pos, 0, len))
		return false;
	memcpy(st->comm, s->pos, len);
	st->comm[len] = 0;
	s->pos = close + 1;
	return true;
}

/* Negative numbers are kept as the two's complement they stand for. */
static bool parse_number(struct scan *s, uint64_t *out)
{
	int64_t negative;

	if (!scan_char(s, ' '))
		return false;
	if (s->pos == s->end || *s->pos != '-')
		return scan_u64(s, out);
	if (!scan_i64(s, &negative))
		return false;
	*out = (uint64_t)negative;
	return true;
}

static void stat_assign(struct proc_stat *st, const uint64_t *f)
{
	st->ppid = (pid_t)f[4];
	st->pgrp = (pid_t)f[5];
	st->sid = (pid_t)f[6];
	st->tty_nr = (int)f[7];
	st->tty_pgrp = (pid_t)f[8];
	st->flags = (uint32_t)f[9];
	st->priority = (int64_t)f[18];
	st->nice = (int64_t)f[19];
	st->nr_threads = f[20];
	st->start_time = f[22];
	st->start_code = f[26];
	st->end_code = f[27];
	st->start_stack = f[28];
	st->esp = f[29];
	st->eip = f[30];
	st->cpu = (uint32_t)f[39];
	st->exit_signal = (int32_t)f[38];
	st->rt_priority = (uint32_t)f[40];
	st->policy = (uint32_t)f[41];
	st->start_data = f[45];
	st->end_data = f[46];
	st->start_brk = f[47];
	st->arg_start = f[48];
	st->arg_end = f[49];
	st->env_start = f[50];
	st->env_end = f[51];
	st->exit_code = (uint32_t)f[52];
}

struct err *proc_stat_parse(const char *text, size_t len, struct proc_stat *out)
{
	struct scan s = scan_init(text, len);
	uint64_t fields[STAT_NR] = { 0 };
	struct proc_stat st = { 0 };
	int nr = STAT_FIRST;

	if (!scan_pid(&s, &st.pid) || !parse_comm(&s, &st) || !scan_char(&s, ' ') ||
	    scan_at_end(&s))
		return scan_error(&s, "a stat file");
	st.state = *s.pos++;
	if (!strchr("RSDZTtXxKWPI", st.state) || !st.state)
		return scan_error(&s, "the state in a stat file");
	while (nr <= STAT_LAST && parse_number(&s, &fields[nr]))
		nr++;
	if (nr <= STAT_LEAST)
		return scan_error(&s, "the numbers of a stat file");
	stat_assign(&st, fields);
	*out = st;
	return NULL;
}

struct err *proc_stat_read(int dirfd, struct proc_stat *out)
{
	char buf[PROC_SMALL];
	size_t len;

	TRY(proc_read_small(dirfd, "stat", buf, &len));
	return proc_stat_parse(buf, len, out);
}

struct err *proc_stat_read_pid(pid_t host_pid, struct proc_stat *out)
{
	char path[32], buf[PROC_SMALL];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", host_pid);
	TRY(proc_read_small(AT_FDCWD, path, buf, &len));
	return proc_stat_parse(buf, len, out);
}
