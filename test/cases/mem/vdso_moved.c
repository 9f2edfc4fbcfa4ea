/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that moved its vDSO, with the data pages in front of it, still reads the time by it there. */
#include "case.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

struct part {
	unsigned long start, end;
};

/* The areas "[vvar]", "[vvar_vclock]" and "[vdso]", as many as this kernel has. */
static int find(struct part *parts)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int nr = 0;

	while (nr < 4 && fgets(line, sizeof(line), f))
		if (strstr(line, "[vvar") || strstr(line, "[vdso]"))
			nr += sscanf(line, "%lx-%lx", &parts[nr].start, &parts[nr].end) == 2;
	fclose(f);
	return nr;
}

static void move(const struct part *parts, int nr, char *to)
{
	for (int i = 0; i < nr; i++) {
		size_t len = parts[i].end - parts[i].start;
		char *want = to + (parts[i].start - parts[0].start);

		CASE_CHECK(mremap((void *)parts[i].start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
				  want) == want,
			   "mremap: %s", strerror(errno));
	}
}

int main(void)
{
	void *lib = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	char *function = lib ? dlsym(lib, "__vdso_clock_gettime") : NULL, *to;
	struct timespec before = {}, now = {}, by_kernel;
	struct part parts[4], after[4];
	int nr = find(parts);

	if (!nr || !function)
		case_skip("no vDSO");
	to = case_map(parts[nr - 1].end - parts[0].start);
	move(parts, nr, to);
	function += to - (char *)parts[0].start;
	CASE_EQ(((int (*)(clockid_t, struct timespec *))function)(CLOCK_MONOTONIC, &before), 0);
	case_ready();
	CASE_EQ(find(after), nr);
	CASE_EQ(after[0].start, (unsigned long)to);
	CASE_EQ(((int (*)(clockid_t, struct timespec *))function)(CLOCK_MONOTONIC, &now), 0);
	CASE_SYS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_kernel));
	CASE_CHECK(now.tv_sec >= before.tv_sec && by_kernel.tv_sec - now.tv_sec < 100,
		   "the time went from %ld to %ld", (long)before.tv_sec, (long)now.tv_sec);
	return case_pass();
}
