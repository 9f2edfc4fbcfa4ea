/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory against the records. */
#include "torture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ALT_STACK = 64 << 10, SOME_PAGES = 1024, OTHERS_STEP = 7 };

static const char *what_name(const struct page *p)
{
	if (!page_has_object(p))
		return p->flags & F_HUGE ? "a huge page" : "an anonymous page";
	if (page_is_shared(p))
		return "a shared page";
	return p->flags & F_OWN ? "an own copy of a page" : "a private page";
}

static void wrong_page(uint32_t index, const void *found, const struct content *want)
{
	const struct page *p = page_get(index);
	char is[160], must[240], object[80] = "";

	page_describe(found, is, sizeof(is));
	content_describe(want, must, sizeof(must));
	if (page_has_object(p))
		snprintf(object, sizeof(object), " of object %u (kind %u, page %u of %u)",
			 page_object(p), me.board->objects[page_object(p)].kind, p->opage,
			 me.board->objects[page_object(p)].size);
	fail("%s%s at %p (prot %d flags %#x) holds: %s; must hold: %s", what_name(p), object,
	     (void *)page_address(index), p->prot, p->flags, is, must);
}

/* What cannot be read by a load is read as a debugger does. */
static const void *page_bytes(uint32_t index)
{
	if (page_get(index)->prot & PROT_READ)
		return page_address(index);
	if (me.mem_fd < 0)
		return NULL;
	if (pread(me.mem_fd, me.staging, PAGE, (off_t)page_address(index)) != PAGE)
		fail("cannot read the page at %p (prot %d flags %#x): %m",
		     (void *)page_address(index), page_get(index)->prot, page_get(index)->flags);
	return me.staging;
}

static void check_page(uint32_t index)
{
	struct content want;
	const void *bytes;

	if (content_of(index, &want) != KNOWN_CONTENT)
		return;
	bytes = page_bytes(index);
	if (bytes && !page_matches(bytes, &want))
		wrong_page(index, bytes, &want);
}

void check_range(uint32_t start, uint32_t nr)
{
	for (uint32_t i = start; i < start + nr; i++)
		check_page(i);
}

static uint32_t nr_all(void)
{
	return segment_first(SEG_ARENA) + me.cfg.arena_pages;
}

/* Not always everything: each page that is read is there then, if only as the zero page. */
void check_known(struct rng *r)
{
	uint32_t start = r ? rng_below(r, nr_all() - SOME_PAGES) : 0;

	check_range(start, r ? SOME_PAGES : nr_all());
	writers_pause();
	writers_check();
	writers_go_on();
}

/* --- the list of mappings --- */

static uint32_t check_mapped(uint64_t address, const char *perms)
{
	int64_t index = page_index(address);
	const struct page *p;
	char want[5];

	if (index < 0)
		return 0;
	p = page_get((uint32_t)index);
	snprintf(want, sizeof(want), "%c%c%c%c", p->prot & PROT_READ ? 'r' : '-',
		 p->prot & PROT_WRITE ? 'w' : '-', p->prot & PROT_EXEC ? 'x' : '-',
		 page_is_shared(p) ? 's' : 'p');
	if (p->what == WHAT_FREE || memcmp(want, perms, 4))
		fail("the page at %#lx is mapped %.4s, and must be %s", address, perms,
		     p->what == WHAT_FREE ? "free" : want);
	return 1;
}

static uint32_t check_line(const char *line)
{
	unsigned long start, end;
	uint32_t nr = 0;
	char perms[8];

	if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) != 3)
		fail("cannot understand a line of maps: %.60s", line);
	for (int id = 0; id < NR_SEGMENTS; id++) {
		uint64_t first = (uint64_t)page_address(segment_first(id));
		uint64_t stride = id == SEG_WIDE ? WIDE_STRIDE : 1;
		uint64_t last = first + segment_nr(id) * stride * PAGE;

		for (uint64_t at = start > first ? start : first; at < end && at < last;
		     at += stride * PAGE)
			nr += check_mapped(at, perms);
	}
	return nr;
}

static void check_maps(void)
{
	size_t room = STAGING_PAGES * PAGE - 1, len = 0;
	int fd = SYS(open("/proc/self/maps", O_RDONLY));
	uint32_t nr = 0;
	ssize_t got;

	while ((got = SYS(read(fd, me.staging + len, room - len))) > 0)
		len += (size_t)got;
	close(fd);
	me.staging[len] = '\0';
	for (char *line = me.staging; *line;) {
		char *end = strchr(line, '\n');

		*end = '\0';
		nr += check_line(line);
		line = end + 1;
	}
	if (nr != me.nr_mapped)
		fail("%u pages are mapped, and must be %u", nr, me.nr_mapped);
}

/* Behind the end of an object nothing can be read; asked in a way that gives no signal. */
static void check_beyond(uint32_t index)
{
	struct iovec to = { me.staging, 8 }, from = { page_address(index), 8 };
	struct content c;

	if (content_of(index, &c) == KNOWN_BEYOND &&
	    process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 8)
		fail("the page at %p is behind the end of object %u, and can be read",
		     (void *)page_address(index), page_object(page_get(index)));
}

/* --- objects, through their descriptors: much of them is mapped nowhere --- */

static void check_object_page(uint32_t o, uint32_t opage)
{
	const struct opage *p = &me.board->objects[o].pages[opage];
	struct content want = { .body = p->body, .stamp = p->stamp, .tail = (uint32_t)p->tail };
	char is[160], must[240];

	if (pread(me.fds[o], me.staging, PAGE, (off_t)opage * PAGE) != PAGE)
		fail("cannot read page %u of object %u: %m", opage, o);
	if (page_matches(me.staging, &want))
		return;
	page_describe(me.staging, is, sizeof(is));
	content_describe(&want, must, sizeof(must));
	fail("page %u of %u of object %u (kind %u), read through its descriptor, holds: %s; must "
	     "hold: %s",
	     opage, me.board->objects[o].size, o, me.board->objects[o].kind, is, must);
}

/* The first process sees all pages; the others may have another open file of it, and look at some. */
static void check_objects(void)
{
	struct stat st;

	for (uint32_t o = 0; o < NR_OBJECTS; o++) {
		if (me.fds[o] < 0)
			continue;
		SYS(fstat(me.fds[o], &st));
		if (st.st_size != (off_t)me.board->objects[o].size * PAGE)
			fail("object %u has %ld bytes, and must have %u pages", o, st.st_size,
			     me.board->objects[o].size);
		for (uint32_t i = me.slot; i < me.board->objects[o].size;
		     i += me.slot ? OTHERS_STEP : 1)
			check_object_page(o, i);
	}
}

/* Records of another time must be seen too. */
static void spoil_records(void)
{
	if (is_sabotaged("records"))
		me.pages[segment_first(SEG_ARENA) + 7].body++;
	if (is_sabotaged("objects"))
		me.board->objects[0].pages[5].body++;
}

void check_everything(void)
{
	board_catch_up();
	spoil_records();
	model_check();
	objects_check();
	check_maps();
	me.mem_fd = SYS(open("/proc/self/mem", O_RDONLY));
	check_range(0, nr_all());
	for (uint32_t i = 0; i < nr_all(); i++)
		check_beyond(i);
	close(me.mem_fd);
	me.mem_fd = -1;
	check_objects();
	writers_check();
}

/* --- faults --- */

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int64_t index = page_index((uint64_t)info->si_addr);
	const struct page *p;

	(void)context;
	if (index < 0)
		fail("signal %d at %p, where nothing is", sig, info->si_addr);
	p = page_get((uint32_t)index);
	fail("signal %d at %p, where must be %s (prot %d flags %#x page %u)", sig, info->si_addr,
	     p->what == WHAT_FREE ? "nothing" : what_name(p), p->prot, p->flags, p->opage);
}

void check_catch_faults(void)
{
	static char stack[ALT_STACK];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	SYS(sigaltstack(&alt, NULL));
	SYS(sigaction(SIGSEGV, &action, NULL));
	SYS(sigaction(SIGBUS, &action, NULL));
}
