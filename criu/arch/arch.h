/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

/* One CPU behind one header: each arch/<cpu>/ has the same file names. */

#if defined(__x86_64__)
#include "arch/x86_64/context.h"
#include "arch/x86_64/vdso.h"
#else
#error "this CPU is not supported yet"
#endif

#endif
