/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of sockets that are elsewhere than the address says: relative to a folder that the program has left, in a folder
 * that was moved, deleted, replaced by something else, renamed, behind a symbolic link.
 */
/* peer: no refuses an address that is not the end of the path of its file */
#include "unix.h"

static int answers(const char *path)
{
	struct sockaddr_un a;
	int fd = CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0)), failed;

	failed = connect(fd, (struct sockaddr *)&a, unix_addr(&a, path)) ? errno : 0;
	CASE_SYS(close(fd));
	return failed;
}

/* The socket at @path is the listener @fd. */
static void check_reaches(int fd, const char *path)
{
	int client = unix_client(SOCK_STREAM, path), server = CASE_SYS(accept(fd, NULL, NULL));

	unix_say(client, path);
	unix_hear(server, path);
	CASE_SYS(close(client));
	CASE_SYS(close(server));
}

int main(void)
{
	int relative, up, moved, deleted, replaced, renamed, linked, twin;

	CASE_SYS(mkdir("sub", 0755));
	CASE_SYS(mkdir("sub/deep", 0755));
	CASE_SYS(mkdir("was", 0755));
	CASE_SYS(symlink("sub", "link"));
	CASE_SYS(chdir("sub"));
	relative = unix_listener(SOCK_STREAM, "relative", 5);
	up = unix_listener(SOCK_STREAM, "../sub/deep/../up", 5);
	CASE_SYS(chdir(".."));
	moved = unix_listener(SOCK_STREAM, "was/moved", 5);
	CASE_SYS(rename("was", "is"));
	deleted = unix_listener(SOCK_STREAM, "deleted", 5);
	CASE_SYS(unlink("deleted"));
	replaced = unix_listener(SOCK_STREAM, "replaced", 5);
	CASE_SYS(unlink("replaced"));
	case_write_file("replaced", "a file");
	renamed = unix_listener(SOCK_STREAM, "renamed", 5);
	CASE_SYS(rename("renamed", "other name"));
	linked = unix_listener(SOCK_STREAM, "link/linked", 5);
	/* The same address twice: the first one's file is deleted. */
	twin = unix_listener(SOCK_STREAM, "deleted", 5);
	case_ready();
	unix_check_names(relative, "relative", NULL);
	unix_check_names(up, "../sub/deep/../up", NULL);
	unix_check_names(moved, "was/moved", NULL);
	unix_check_names(deleted, "deleted", NULL);
	unix_check_names(replaced, "replaced", NULL);
	unix_check_names(renamed, "renamed", NULL);
	unix_check_names(linked, "link/linked", NULL);
	check_reaches(relative, "sub/relative");
	check_reaches(up, "sub/up");
	check_reaches(moved, "is/moved");
	check_reaches(renamed, "other name");
	check_reaches(linked, "sub/linked");
	check_reaches(twin, "deleted");
	CASE_EQ(answers("was/moved"), ENOENT);
	CASE_EQ(answers("renamed"), ENOENT);
	CASE_CHECK(!strcmp(case_read_file("replaced"), "a file"), "the file is another one");
	CASE_EQ(unix_option(deleted, SO_ACCEPTCONN), 1);
	return case_pass();
}
