/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of test programs: making areas and files, and touching what may fault. */
#include "case.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void *map(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	CASE_CHECK(p != MAP_FAILED, "mmap of %zu bytes: %s", len, strerror(errno));
	return p;
}

void *case_map(size_t len)
{
	return map(len, MAP_PRIVATE);
}

void *case_map_shared(size_t len)
{
	return map(len, MAP_SHARED);
}

int case_make_file(const char *name, size_t len, uint32_t seed)
{
	int fd = CASE_SYS(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
	char *buf = malloc(len);

	case_fill(buf, len, seed);
	CASE_EQ(write(fd, buf, len), len);
	free(buf);
	return fd;
}

static void faulted(int sig)
{
	siglongjmp(back, sig);
}

bool case_faults(const volatile void *addr, int *sig_out)
{
	struct sigaction sa = { .sa_handler = faulted }, old_segv, old_bus;
	volatile int sig = 0;

	CASE_SYS(sigaction(SIGSEGV, &sa, &old_segv));
	CASE_SYS(sigaction(SIGBUS, &sa, &old_bus));
	sig = sigsetjmp(back, 1);
	if (!sig)
		(void)*(const volatile char *)addr;
	CASE_SYS(sigaction(SIGSEGV, &old_segv, NULL));
	CASE_SYS(sigaction(SIGBUS, &old_bus, NULL));
	if (sig_out)
		*sig_out = sig;
	return sig;
}
