/* SPDX-License-Identifier: GPL-2.0-only */
/* Somebody else listens at the port when the restore comes: it fails before anything is made. */
/* needs: program:python3 */
/* between: { python3 -c 'import socket, subprocess; s = socket.socket(); s.bind(("127.0.0.1", int(open("port").read()))); s.listen(1); open("held", "w"); subprocess.run(["sh", "-c", "until grep -qrs --include=restore.log cannot.bind ..; do sleep 0.1; done"])' & until [ -e held ]; do sleep 0.1; done; } */
/* restore-refuse: cannot restore fd \d+ of task \d+: cannot bind a TCP socket to 127.0.0.1:\d+: Address already in use */
/* peer: no refuses to dump IP sockets on kernels since 6.16, and gives no advice at the restore */
#include "inet.h"

int main(void)
{
	int fd = inet_bound("127.0.0.1", SOCK_STREAM, 0);
	char text[16];

	CASE_SYS(listen(fd, 1));
	snprintf(text, sizeof(text), "%d", inet_port(fd));
	case_write_file("port", text);
	case_ready();
	return case_pass();
}
