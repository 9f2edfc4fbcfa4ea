/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_RST_TEXT_H
#define TASK_RST_TEXT_H

#include "base/err.h"
#include "pie/abi/stage.h"

/* What a blob said, in words. */
MUST_USE struct err *rst_result_err(const struct rst_result *result);

#endif
