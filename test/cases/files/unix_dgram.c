/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagram sockets: messages of many senders in one queue keep their order, bounds and senders, of which some are gone;
 * sockets that are connected one way, both ways, to themselves and to one that is closed.
 */
/* peer: no loses messages without bytes and the names of senders */
#include "unix.h"

int main(void)
{
	int log = unix_bound(SOCK_DGRAM, "log"), a = unix_bound(SOCK_DGRAM, "a");
	int b = unix_bound(SOCK_DGRAM, "@dgram b"),
	    plain = CASE_SYS(socket(AF_UNIX, SOCK_DGRAM, 0));
	int one_way = CASE_SYS(socket(AF_UNIX, SOCK_DGRAM, 0)),
	    self = unix_bound(SOCK_DGRAM, "self");
	int gone = unix_bound(SOCK_DGRAM, "gone"), gone_at = unix_bound(SOCK_DGRAM, "@dgram gone");
	int lost = unix_bound(SOCK_DGRAM, "lost"), bereft = unix_bound(SOCK_DGRAM, "bereft");
	int half[2], middle, early;

	unix_say_to(a, "log", "from a");
	unix_say_to(b, "log", "from b");
	unix_say_to(plain, "log", "");
	unix_say_to(plain, "log", "from nobody");
	unix_say_to(gone, "log", "from gone");
	unix_say_to(gone_at, "log", "from gone too");
	unix_say_to(a, "log", "from a again");
	CASE_SYS(close(gone));
	CASE_SYS(close(gone_at));
	unix_connect(one_way, "log");
	unix_say(one_way, "one way");
	unix_connect(a, "@dgram b");
	unix_connect(b, "a");
	unix_say(a, "to b");
	unix_connect(self, "self");
	unix_say(self, "myself");
	unix_connect(bereft, "lost");
	CASE_SYS(close(lost));
	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, half));
	struct sockaddr_un name;
	CASE_SYS(bind(half[0], (struct sockaddr *)&name, unix_addr(&name, "half")));
	unix_say(half[0], "from half");
	/* Whoever is connected takes messages of its peer only, but this one came before. */
	middle = unix_bound(SOCK_DGRAM, "middle");
	early = unix_client(SOCK_DGRAM, "middle");
	unix_connect(middle, "log");
	case_ready();
	unix_check_names(log, "log", NULL);
	unix_check_names(a, "a", "@dgram b");
	unix_check_names(b, "@dgram b", "a");
	unix_check_names(one_way, "", "log");
	unix_check_names(self, "self", "self");
	unix_check_names(half[0], "half", "");
	unix_check_names(half[1], "", "half");
	unix_hear_from(log, "from a", "a");
	unix_hear_from(log, "from b", "@dgram b");
	unix_hear_from(log, "", "");
	unix_hear_from(log, "from nobody", "");
	unix_hear_from(log, "from gone", "gone");
	unix_hear_from(log, "from gone too", "@dgram gone");
	unix_hear_from(log, "from a again", "a");
	unix_hear_from(log, "one way", "");
	unix_silent(log, EAGAIN);
	unix_hear_from(b, "to b", "a");
	unix_say(b, "to a");
	unix_hear_from(a, "to a", "@dgram b");
	unix_hear_from(self, "myself", "self");
	unix_hear_from(half[1], "from half", "half");
	unix_say(half[1], "to half");
	unix_hear_from(half[0], "to half", "");
	/* Only its peer may send to one that is connected. */
	struct sockaddr_un to;
	CASE_EQ(sendto(plain, "x", 1, 0, (struct sockaddr *)&to, unix_addr(&to, "a")), -1);
	CASE_EQ(errno, EPERM);
	unix_check_names(early, "", "middle");
	unix_check_names(middle, "middle", "log");
	unix_say_to(plain, "log", "new");
	unix_hear_from(log, "new", "");
	CASE_EQ(send(bereft, "x", 1, 0), -1);
	CASE_EQ(errno, ECONNREFUSED);
	return case_pass();
}
