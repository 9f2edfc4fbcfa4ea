/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_64_XSTATE_H
#define ARCH_X86_64_XSTATE_H

/*
 * Extended state between the kernel's register set (NT_X86_XSTATE: XSAVE in the standard layout of
 * this CPU, as CPUID leaf 0xD tells it) and CRIU's record, which has one array for each component.
 */

#include <stddef.h>
#include <stdint.h>

#include "core.pb-c.h"

#include "base/arena.h"
#include "base/err.h"

/*
 * Fills info->fpregs, and info->xstate when @area holds components that CRIU's record has no place
 * for.  Everything is made in @a.
 */
MUST_USE struct err *xstate_to_pb(const uint8_t *area, size_t len, struct arena *a,
				  ThreadInfoX86 *info);

/*
 * The other way: writes the area for PTRACE_SETREGSET, *len_out bytes of at most @cap.  A component
 * that this CPU lacks is ERR_KERNEL, an array of the wrong length ERR_IMAGE.
 */
MUST_USE struct err *xstate_from_pb(const ThreadInfoX86 *info, uint8_t *area, size_t cap,
				    size_t *len_out);

#endif
