/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients that were bound before they were connected, and whose listener is closed since. */
/* peer: no-restore the accepted end has no name afterwards, and files of clients are gone */
#include "unix.h"

static const char *const names[][2] = { { "server", "client" },
					{ "@name server", "@name client" } };

int main(void)
{
	int client[CASE_NR(names)], accepted[CASE_NR(names)];

	for (size_t i = 0; i < CASE_NR(names); i++) {
		int listener = unix_listener(SOCK_STREAM, names[i][0], 1);

		client[i] = unix_bound(SOCK_STREAM, names[i][1]);
		unix_connect(client[i], names[i][0]);
		accepted[i] = CASE_SYS(accept(listener, NULL, NULL));
		CASE_SYS(close(listener));
		unix_say(client[i], "to server");
		unix_say(accepted[i], "to client");
	}
	case_ready();
	for (size_t i = 0; i < CASE_NR(names); i++) {
		unix_check_names(client[i], names[i][1], names[i][0]);
		unix_check_names(accepted[i], names[i][0], names[i][1]);
		unix_hear(client[i], "to client");
		unix_hear(accepted[i], "to server");
		unix_say(client[i], "more");
		unix_hear(accepted[i], "more");
		/* The address belongs to nobody who listens. */
		struct sockaddr_un a;
		CASE_EQ(connect(CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&a,
				unix_addr(&a, names[i][0])),
			-1);
		CASE_EQ(errno, ECONNREFUSED);
	}
	return case_pass();
}
