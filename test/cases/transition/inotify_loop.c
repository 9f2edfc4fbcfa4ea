/* SPDX-License-Identifier: GPL-2.0-only */
/* Watches are changed all the time; each keeps its number, and the last mask of each is the one that counts. */
/* busy: it changes all the time */
#include "case.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { FILES = 16 };

static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "file%u", i % FILES);
	return name;
}

int main(void)
{
	int fd = CASE_SYS(inotify_init1(IN_NONBLOCK)), wds[FILES];
	struct inotify_event e;
	unsigned i;

	for (i = 0; i < FILES; i++) {
		case_write_file(name_of(i), "x");
		wds[i] = CASE_SYS(inotify_add_watch(fd, name_of(i), IN_MODIFY));
	}
	for (i = 0; !case_go() || i < 1000; i++) {
		CASE_EQ(inotify_add_watch(fd, name_of(i),
					  IN_MODIFY | (i & 1 ? IN_OPEN : IN_MOVE_SELF)),
			wds[i % FILES]);
		if (i == 500)
			case_say_ready();
	}
	CASE_EQ(read(fd, &e, sizeof(e)), -1);
	for (i = 0; i < FILES; i++) {
		CASE_EQ(inotify_add_watch(fd, name_of(i), IN_ATTRIB), wds[i]);
		CASE_SYS(chmod(name_of(i), 0600));
		CASE_EQ(read(fd, &e, sizeof(e)), (ssize_t)sizeof(e));
		CASE_EQ(e.wd, wds[i]);
		CASE_EQ(e.mask, IN_ATTRIB);
	}
	return case_pass();
}
