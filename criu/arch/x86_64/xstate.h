/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_64_XSTATE_H
#define ARCH_X86_64_XSTATE_H

/*
 * The extended state between the kernel's XSAVE area (NT_X86_XSTATE, standard format) and CRIU's records, which hold
 * each component in an array of its own.  Where a component lies is the CPU's choice: CPUID leaf 0xD (Intel SDM
 * volume 1, 13.4).  Components CRIU has no array for travel in the extension field `xstate`.
 */

#include <stddef.h>
#include <stdint.h>

#include "core-x86.pb-c.h"

#include "base/arena.h"
#include "base/err.h"

/* Sets info->fpregs (and info->xstate).  @area is what PTRACE_GETREGSET gave, @len bytes. */
MUST_USE struct err *xstate_to_pb(const uint8_t *area, size_t len, struct arena *a, ThreadInfoX86 *info);
/*
 * @area is what PTRACE_GETREGSET gives for the thread now, @len bytes; it becomes what @info says.  ERR_UNSUPPORTED
 * names the component that this CPU lacks, ERR_IMAGE an array of the wrong size.
 */
MUST_USE struct err *xstate_from_pb(const ThreadInfoX86 *info, uint8_t *area, size_t len);

#endif
