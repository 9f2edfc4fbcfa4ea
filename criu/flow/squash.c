// SPDX-License-Identifier: GPL-2.0-only
#include "flow/commands.h"

struct err *squash_run(const struct options *opts)
{
	(void)opts;
	return err_new(ERR_UNSUPPORTED, "cannot do this yet");
}
