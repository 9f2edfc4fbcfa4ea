/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define CRIU_LITE_VERSION "0.1"
/* The release whose images, options and protocol are spoken; programs ask for it to choose features. */
#define CRIU_COMPATIBLE_VERSION "4.2"

#endif
