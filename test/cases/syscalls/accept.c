/* SPDX-License-Identifier: GPL-2.0-only */
/* accept() on a listening socket. */
#include "case.h"

#include <sys/socket.h>
#include <sys/un.h>
#include "blocked.h"

static int listener;
static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "sock" };

static long call(void)
{
	return BLOCKED_CALL(SYS_accept, listener, NULL, NULL) >= 0 ? 0 : -errno;
}

static void wake(void)
{
	int fd = CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0));

	CASE_SYS(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

int main(void)
{
	listener = CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	CASE_SYS(bind(listener, (struct sockaddr *)&name, sizeof(name)));
	CASE_SYS(listen(listener, 1));
	return blocked_main(call, SYS_accept, wake, 0);
}
