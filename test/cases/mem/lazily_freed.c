/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages given back by MADV_FREE, MADV_COLD and MADV_PAGEOUT: free ones are old or zero, written ones are new. */
#include "case.h"

#include <sys/mman.h>

#define PAGES 64
#define PAGE 4096

static char *make(int advice)
{
	char *area = case_map(PAGES * PAGE);

	memset(area, 'a', PAGES * PAGE);
	if (madvise(area, PAGES * PAGE, advice) < 0)
		case_skip("madvise(%d): %s", advice, strerror(errno));
	for (int i = 0; i < PAGES; i += 3)
		area[i * PAGE] = 'b';
	return area;
}

int main(void)
{
	char *gone = make(MADV_FREE), *cold = make(20 /* MADV_COLD */),
	     *out = make(21 /* MADV_PAGEOUT */);

	case_ready();
	for (int i = 0; i < PAGES; i++) {
		char want = i % 3 ? 'a' : 'b';

		CASE_EQ(cold[i * PAGE], want);
		CASE_EQ(out[i * PAGE], want);
		CASE_EQ(cold[i * PAGE + 9], 'a');
		if (i % 3 == 0)
			CASE_EQ(gone[i * PAGE], 'b');
		else
			CASE_CHECK(gone[i * PAGE] == 'a' || !gone[i * PAGE], "page %d has %#x", i,
				   gone[i * PAGE]);
		gone[i * PAGE] = 'c';
		CASE_EQ(gone[i * PAGE], 'c');
	}
	return case_pass();
}
