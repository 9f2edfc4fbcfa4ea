/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory of huge pages. */
/* needs: root */
/* hugepages: 8 */
/* alone: huge pages belong to the whole machine */
#include "case.h"

#include <sys/mman.h>

#define LEN (4 << 20)

static char *area;

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	case_check_fill(area, LEN, 18, "the child's view");
}

int main(void)
{
	pid_t pid;

	area = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		    -1, 0);
	if (area == MAP_FAILED)
		case_skip("no huge pages: %s", strerror(errno));
	case_fill(area, LEN, 18);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	case_check_fill(area, LEN, 18, "huge pages");
	CASE_CHECK(case_vmflag(area, "ht"), "no huge pages any more");
	case_join(pid);
	return case_pass();
}
