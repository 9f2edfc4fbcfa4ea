/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

/* Commands only: after a word that was not understood. */
void help_usage(FILE *to);
/* All commands and options. */
void help_all(FILE *to);

#endif
