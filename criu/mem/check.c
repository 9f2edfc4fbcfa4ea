/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares the mappings of a restored task with its image, before it runs: a mapping of the tool
 * that is left, or one that is missing, would be a fault of the tool that nobody else notices.
 * Neighbours may have been merged or split, so ranges of equal protection are compared, not
 * entries.
 *
 * Only the first two columns of the maps text are looked at, as it comes: of 50,000 mappings the
 * general parser would take longer than the kernel takes to write them.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "mem/restore_priv.h"

enum { BUF_BYTES = 128 * 1024 };

/* What a line of maps says. */
struct mapping {
	uint64_t start, end;
	int prot;
	bool is_shared;
};

struct check {
	const struct task *t;
	const struct mm *mm;
	uint64_t lot_start, lot_end;
	size_t vma;   /* the entry looked at */
	uint64_t pos; /* up to here both sides are equal */
};

static bool is_expected(const struct mem_layout *l, const VmaEntry *v)
{
	if (!(v->status & VMA_AREA_REGULAR))
		return false;
	if (!vma_is_vdso(v))
		return true;
	return l->vdso != VDSO_DROP;
}

/* The entry at or behind @c->pos, or NULL. */
static const VmaEntry *next_entry(struct check *c)
{
	for (; c->vma < c->mm->layout->nr_vmas; c->vma++) {
		const VmaEntry *v = c->mm->rec->vmas[c->vma];

		if (is_expected(c->mm->layout, v) && v->end > c->pos)
			return v;
	}
	return NULL;
}

static struct err *differ(const struct check *c, uint64_t start, uint64_t end, const char *what)
{
	return err_new(ERR_BUG,
		       "memory of restored task %d is not the image's: %#" PRIx64 "-%#" PRIx64
		       " %s",
		       c->t->ns_pid, start, end, what);
}

/* Mappings that are in no image by design: the vsyscall page, a running vDSO in the lot, a copy before it. */
static bool is_exempt(const struct check *c, const struct mapping *p)
{
	const struct mem_layout *l = c->mm->layout;

	if (p->start >= MEM_TASK_END)
		return true;
	if (l->vdso_aside && p->start >= l->vdso_aside &&
	    p->end <= l->vdso_aside + l->vdso_aside_len)
		return true;
	return l->vdso == VDSO_REDIRECT && p->start >= c->lot_start && p->end <= c->lot_end;
}

static struct err *check_mapping(struct check *c, const struct mapping *p)
{
	for (uint64_t pos = p->start; pos < p->end; pos = c->pos) {
		const VmaEntry *v = next_entry(c);

		if (!v || v->start > pos)
			return differ(c, pos, p->end, "should not be there");
		if (!vma_is_vdso(v) &&
		    ((int)v->prot != p->prot || p->is_shared != !!(v->flags & MAP_SHARED)))
			return differ(c, pos, MIN(v->end, p->end), "has another protection");
		c->pos = MIN(v->end, p->end);
	}
	return NULL;
}

static struct err *check_gap(struct check *c, uint64_t start)
{
	const VmaEntry *v = next_entry(c);

	if (v && MAX(v->start, c->pos) < start)
		return differ(c, MAX(v->start, c->pos), MIN(v->end, start), "is missing");
	return NULL;
}

static const char *parse_hex(const char *p, uint64_t *out)
{
	uint64_t value = 0;

	for (;; p++) {
		if (*p >= '0' && *p <= '9')
			value = value << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			value = value << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	*out = value;
	return p;
}

/* "55d0c0000000-55d0c0001000 r-xp ..."; a line ends in a newline, so nothing is read behind it. */
static struct err *parse_line(const char *line, struct mapping *out)
{
	const char *p = parse_hex(line, &out->start);

	if (*p == '-')
		p = parse_hex(p + 1, &out->end);
	if (*p++ != ' ' || !memchr("r-", p[0], 2) || !memchr("w-", p[1], 2) ||
	    !memchr("x-", p[2], 2))
		return err_new(ERR_KERNEL, "cannot read a line of /proc/PID/maps: %.40s", line);
	out->prot = (p[0] == 'r' ? PROT_READ : 0) | (p[1] == 'w' ? PROT_WRITE : 0) |
		    (p[2] == 'x' ? PROT_EXEC : 0);
	out->is_shared = p[3] == 's';
	return NULL;
}

static struct err *check_line(struct check *c, const char *line)
{
	struct mapping p = { 0 };

	TRY(parse_line(line, &p));
	if (is_exempt(c, &p))
		return NULL;
	TRY(check_gap(c, p.start));
	return check_mapping(c, &p);
}

static struct err *check_text(struct check *c, int fd, char *buf)
{
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, buf + have, BUF_BYTES - 1 - have);
		char *line = buf, *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(errno, "cannot read the maps of task %d", c->t->ns_pid);
		if (got == 0)
			return check_gap(c, UINT64_MAX);
		have += (size_t)got;
		for (; (end = memchr(line, '\n', have)); line = end + 1) {
			TRY(check_line(c, line));
			have -= (size_t)(end + 1 - line);
		}
		memmove(buf, line, have);
	}
}

struct err *mem_restore_check(struct restore *r, struct task *t)
{
	struct check c = {
		.t = t, .mm = t->mm, .lot_start = r->mem->lot_start, .lot_end = r->mem->lot_end
	};
	AUTO_FREE char *buf = malloc(BUF_BYTES);
	AUTO_FD fd = -1;

	if (!buf)
		return err_new(ERR_NOMEM, "cannot check the memory of task %d", t->ns_pid);
	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_CLOEXEC, &fd, "/proc/%d/maps", t->host_pid));
	return check_text(&c, fd, buf);
}
