// SPDX-License-Identifier: GPL-2.0-only
/* flow/predict: whatever there is more of costs more, and a slower machine takes longer. */
#include "flow/predict.h"

#include "unit/unit.h"

enum { MIB_PAGES = 256 };

/* A program of 256 MiB that has written 4 MiB since its marks were made, on a machine like that of the prices. */
static const struct predict_input usual = {
	.nr_tasks = 1,
	.nr_threads = 1,
	.nr_fds = 3,
	.memory = { .nr_pending = 4 * MIB_PAGES,
		    .nr_runs = 100,
		    .nr_present = 256 * MIB_PAGES,
		    .nr_vmas = 25,
		    .look_us = 5200,
		    .scan_us = 400,
		    .nr_copied = 16 * MIB_PAGES,
		    .copy_us = 4000 },
	.since_marks_us = 50000,
	.lead_us = 5000,
};

static void sum_of_parts(void)
{
	uint64_t us = predict_frozen_us(&usual);

	/* Looking 5.2 ms, scanning 0.4, copying at least 1.0 and at most twice that, the rest some 3. */
	CHECK(us > 8000 && us < 12000);
}

#define GROWS_WITH(member, more)                                         \
	do {                                                             \
		struct predict_input in = usual;                         \
		uint64_t before = predict_frozen_us(&in);                \
                                                                         \
		in.member += (more);                                     \
		if (predict_frozen_us(&in) <= before) {                  \
			fprintf(stderr, "%s does not count\n", #member); \
			exit(1);                                         \
		}                                                        \
	} while (0)

static void all_counts(void)
{
	GROWS_WITH(nr_tasks, 10);
	GROWS_WITH(nr_threads, 10);
	GROWS_WITH(nr_fds, 100);
	GROWS_WITH(memory.nr_pending, 4 * MIB_PAGES);
	GROWS_WITH(memory.nr_shared, 4 * MIB_PAGES);
	GROWS_WITH(memory.nr_runs, 1000);
	GROWS_WITH(memory.look_us, 1000);
	GROWS_WITH(memory.scan_us, 1000);
	GROWS_WITH(memory.copy_us, 1000);
	GROWS_WITH(lead_us, 5000);
}

/* An emulated machine: everything that was measured took twenty times as long. */
static void slow_machine(void)
{
	struct predict_input in = usual;
	uint64_t here = predict_frozen_us(&in), there;

	in.memory.look_us *= 20;
	in.memory.scan_us *= 20;
	in.memory.copy_us *= 20;
	in.since_marks_us *= 20;
	in.lead_us *= 20;
	there = predict_frozen_us(&in);
	CHECK(there > 15 * here && there < 25 * here);
}

/* What is written again and again is written once; more than there is cannot be. */
static void bounds(void)
{
	struct predict_input in = usual, all = usual, none = { .nr_tasks = 0 };

	in.memory.nr_pending = in.memory.nr_present;
	all.memory.nr_pending = all.memory.nr_present;
	all.lead_us *= 1000;
	CHECK(predict_frozen_us(&in) == predict_frozen_us(&all));
	in = all = usual;
	in.lead_us = 100 * in.since_marks_us;
	all.lead_us = 1000 * in.since_marks_us;
	CHECK(predict_frozen_us(&in) == predict_frozen_us(&all));
	/* Nothing is known of a tree that has ended. */
	CHECK(predict_frozen_us(&none) < 1000000);
}

/* A handful of pages tells more about opening files than about copying. */
static void few_copied(void)
{
	struct predict_input in = usual;

	in.memory.nr_copied = 3;
	in.memory.copy_us = 900;
	CHECK(predict_frozen_us(&in) < 15000);
}

int main(void)
{
	UNIT_RUN(sum_of_parts);
	UNIT_RUN(all_counts);
	UNIT_RUN(slow_machine);
	UNIT_RUN(bounds);
	UNIT_RUN(few_copied);
	return 0;
}
