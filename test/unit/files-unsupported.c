/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every row of the tables of unsupported kinds is reached by a file that looks like it, before any other kind and any
 * other row, and says its reason and what to do.  Most of the objects exist on few machines.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "files/files_priv.h"
#include "files/unsupported.h"
#include "unit.h"

static const struct task owner = { .host_pid = 42 };

static struct fd_probe looks_like(const char *text, mode_t mode)
{
	return (struct fd_probe){
		.task = &owner, .fd = 7, .link = "fd/7", .text = text, .dup = -1, .st.st_mode = mode
	};
}

/* Nothing but @row may be found, and its refusal is whole. */
static void expect(const struct fd_probe *p, const struct unsupported *row)
{
	char want[512];
	struct err *e;

	if (unsupported_find(p) != row) {
		fprintf(stderr, "\"%s\" does not reach the row \"%s\"\n", p->text, row->text);
		exit(1);
	}
	CHECK(file_kind_of_probe(p) == &file_kind_unsupported);
	e = file_kind_unsupported.dump(NULL, p, NULL);
	CHECK(e && err_code(e) == ERR_UNSUPPORTED);
	snprintf(want, sizeof(want), "cannot dump fd 7 of task 42 (%s): %s", p->text, row->why);
	CHECK(strstr(err_message(e), want));
	CHECK(row->hint[0] && strstr(err_hint_text(e), row->hint));
	err_drop(e, "expected by the test");
}

static void check_links(void)
{
	for (size_t i = 0; i < nr_unsupported_links; i++) {
		char text[256];
		struct fd_probe p = looks_like(text, S_IFREG | 0600);

		/* A number that no namespace has; a device's further name. */
		snprintf(text, sizeof(text), "%s1]", unsupported_links[i].text);
		expect(&p, &unsupported_links[i]);
	}
}

/* A path below a row's is no object of that row when it is only named. */
static void check_links_by_name(void)
{
	for (size_t i = 0; i < nr_unsupported_links; i++) {
		struct fd_probe p = looks_like(unsupported_links[i].text, S_IFREG | 0600);

		p.flags = O_PATH;
		if (!strncmp(p.text, "/dev/", 5))
			CHECK(!unsupported_find(&p));
	}
}

static void check_sockets(void)
{
	for (size_t i = 0; i < nr_unsupported_sockets; i++) {
		const struct unsupported_socket *s = &unsupported_sockets[i];
		struct fd_probe p = looks_like("socket:[1]", S_IFSOCK | 0777);

		CHECK(unsupported_socket_find(s->family, s->type ? s->type : SOCK_RAW) == &s->row);
		p.dup = socket(s->family, s->type ? s->type : SOCK_RAW, 0);
		if (p.dup < 0)
			continue;
		/* The protocol that a number of 0 means may be supported; the row is for the others. */
		CHECK(unsupported_find(&p) == &s->row);
		if (file_kind_of_probe(&p) == &file_kind_unsupported)
			expect(&p, &s->row);
		close(p.dup);
	}
	CHECK(unsupported_socket_find(AF_MAX, SOCK_RAW) == &unsupported_types[UNSUPPORTED_SOCKET]);
}

static void check_types(void)
{
	struct fd_probe p = looks_like("socket:[1]", S_IFSOCK | 0777);

	expect(&p, &unsupported_types[UNSUPPORTED_SOCKET]);
	p = looks_like("/dev/sda", S_IFBLK | 0600);
	CHECK(unsupported_find(&p) == &unsupported_types[UNSUPPORTED_BLOCK]);
	p = looks_like("/dev/kmsg", S_IFCHR | 0600);
	p.st.st_rdev = makedev(1, 11);
	CHECK(unsupported_find(&p) == &unsupported_types[UNSUPPORTED_CHAR]);
	p = looks_like("somethingfs:[1]", S_IFREG | 0600);
	expect(&p, &unsupported_types[UNSUPPORTED_ANY]);
	p = looks_like("/memfd:a (deleted)", S_IFREG | 0600);
	p.flags = O_PATH;
	expect(&p, &unsupported_types[UNSUPPORTED_PATH_MEMFD]);
	p = looks_like("/tmp/socket (deleted)", S_IFSOCK | 0600);
	p.flags = O_PATH;
	expect(&p, &unsupported_types[UNSUPPORTED_PATH_SOCKET]);
}

/* What is supported is not taken by a row. */
static void check_others(void)
{
	struct fd_probe p = looks_like("/dev/null", S_IFCHR | 0666);

	p.st.st_rdev = makedev(1, 3);
	CHECK(!unsupported_find(&p));
	p = looks_like("/tmp/file", S_IFREG | 0600);
	CHECK(!unsupported_find(&p));
	p = looks_like("pipe:[1]", S_IFIFO | 0600);
	CHECK(!unsupported_find(&p));
}

/* The manual has a line for each kind that a restore can make. */
static void check_manual(void)
{
	for (size_t i = 0; file_kinds[i]; i++)
		CHECK(!file_kinds[i]->open == !file_kinds[i]->about);
}

int main(void)
{
	UNIT_RUN(check_links);
	UNIT_RUN(check_links_by_name);
	UNIT_RUN(check_sockets);
	UNIT_RUN(check_types);
	UNIT_RUN(check_others);
	UNIT_RUN(check_manual);
	return 0;
}
