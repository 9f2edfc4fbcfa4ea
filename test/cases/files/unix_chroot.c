/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket that was bound below another root, with an absolute path. */
/* peer: no wrong makes the file of the socket below the real root */
#include "unix.h"

int main(void)
{
	int fd, client, root = CASE_SYS(open("/", O_PATH));
	char name[64], outside[80];
	struct stat st;

	/* Nothing outside has this name. */
	snprintf(name, sizeof(name), "/run/case-%lld", (long long)case_now_ns());
	snprintf(outside, sizeof(outside), "jail%s", name);

	CASE_SYS(mkdir("jail", 0755));
	CASE_SYS(mkdir("jail/run", 0755));
	CASE_SYS(chroot("jail"));
	fd = unix_listener(SOCK_STREAM, name, 3);
	client = unix_client(SOCK_STREAM, name);
	CASE_SYS(fchdir(root));
	CASE_SYS(chroot("."));
	CASE_SYS(close(root));
	CASE_SYS(chdir(getenv("CASE_DIR")));
	case_ready();
	unix_check_names(fd, name, NULL);
	unix_check_names(client, "", name);
	unix_say(client, "hello");
	unix_hear(CASE_SYS(accept(fd, NULL, NULL)), "hello");
	CASE_EQ(stat(name, &st), -1);
	unix_client(SOCK_STREAM, outside);
	CASE_SYS(accept(fd, NULL, NULL));
	return case_pass();
}
