/* SPDX-License-Identifier: GPL-2.0-only */
/* A log to which others append between dump and restore keeps what they wrote, and so does what comes after. */
/* between: printf other >>log && touch restored */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = CASE_SYS(open("log", O_WRONLY | O_APPEND | O_CREAT, 0600));

	CASE_EQ(write(fd, "one ", 4), 4);
	case_ready();
	CASE_EQ(write(fd, " two", 4), 4);
	CASE_CHECK(!strcmp(case_read_file("log"),
			   access("restored", F_OK) ? "one  two" : "one other two"),
		   "the log has \"%s\"", case_read_file("log"));
	return case_pass();
}
