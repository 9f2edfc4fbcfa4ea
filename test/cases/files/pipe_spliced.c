/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes whose buffers are pages of others: of a file (splice), of memory (vmsplice), of another pipe
 * (tee).  The data is what it was, also where the file changed its length since.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/uio.h>

static void check(int fd, size_t len, unsigned seed, const char *what)
{
	static char buf[65536];
	size_t done = 0;

	while (done < len)
		done += CASE_SYS(read(fd, buf + done, sizeof(buf) - done));
	CASE_EQ(done, len);
	case_check_fill(buf, len, seed, what);
}

int main(void)
{
	int file = case_make_file("file", 20000, 1), a[2], b[2], c[2], d[2];
	struct iovec gift = { case_map(16384), 9000 };
	loff_t from = 0;

	CASE_SYS(pipe(a));
	CASE_SYS(pipe(b));
	CASE_SYS(pipe(c));
	CASE_SYS(pipe2(d, O_NONBLOCK));
	CASE_EQ(splice(file, &from, a[1], NULL, 20000, 0), 20000);
	case_fill(gift.iov_base, 9000, 2);
	CASE_EQ(vmsplice(b[1], &gift, 1, 0), 9000);
	CASE_EQ(tee(b[0], c[1], 9000, 0), 9000);
	case_ready();
	check(a[0], 20000, 1, "pages of a file");
	CASE_EQ(tee(b[0], d[1], 9000, 0), 9000);
	check(b[0], 9000, 2, "pages of memory");
	check(c[0], 9000, 2, "pages of another pipe");
	check(d[0], 9000, 2, "pages taken over after the restore");
	return case_pass();
}
