// SPDX-License-Identifier: GPL-2.0-only
#include "base/steps.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static void stop_if_asked(const char *wanted, const char *name, const char *when)
{
	if (!wanted || strcmp(wanted, name))
		return;
	log_warn("flow", 0, "stopping %s step %s as asked", when, name);
	kill(getpid(), SIGKILL);
}

static struct err *run_one(const struct step *step, const char *fail_at, void *op)
{
	if (fail_at && !strcmp(fail_at, step->name))
		return err_new(ERR_USAGE, "cannot do step %s: it fails as asked", step->name);
	return step->run(op);
}

static void steps_undo(const struct step *steps, size_t nr_done, void *op)
{
	while (nr_done-- > 0) {
		if (!steps[nr_done].undo)
			continue;
		log_info("flow", 0, "taking back step %s", steps[nr_done].name);
		steps[nr_done].undo(op);
	}
}

bool steps_have(const struct step *steps, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(steps[i].name, name))
			return true;
	return false;
}

struct err *steps_run(const struct step *steps, size_t nr, const struct steps_control *control,
		      void *op)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t start = clock_us();
		struct err *e;

		if (control)
			stop_if_asked(control->stop_before, steps[i].name, "before");
		log_debug("flow", 0, "step %s begins", steps[i].name);
		e = run_one(&steps[i], control ? control->fail_at : NULL, op);
		if (e) {
			log_info("flow", 0, "step %s did not succeed: us=%" PRIu64, steps[i].name,
				 clock_us() - start);
			steps_undo(steps, i, op);
			return e;
		}
		log_info("flow", 0, "step %s: us=%" PRIu64, steps[i].name, clock_us() - start);
		if (control)
			stop_if_asked(control->stop_after, steps[i].name, "after");
	}
	return NULL;
}
