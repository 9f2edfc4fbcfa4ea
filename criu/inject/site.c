/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in a task nothing is in the way.  Only read here; remote.c writes, and puts back what was there.
 */
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "inject/remote.h"
#include "proc/maps.h"

/* Below the stack pointer a leaf function may keep data there: System V ABI, x86-64, 3.2.2. */
#define RED_ZONE 128
/* Left alone between the scratch bytes and a stack pointer above them. */
#define STACK_MARGIN 32768
#define GADGET_LEN 16

static bool bytes_are_zero(int mem_fd, uint64_t addr, size_t len)
{
	uint8_t buf[REMOTE_SCRATCH_LEN];
	struct err *e = fd_pread_all(mem_fd, buf, len, (off_t)addr);

	if (e) {
		err_drop(e, "not a place for us");
		return false;
	}
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

/* Zeros, or what a killed run wrote over them. */
static bool is_gadget_place(int mem_fd, uint64_t addr)
{
	static const uint8_t ours[GADGET_LEN] = ARCH_SYSCALL_SIGRETURN;
	static const uint8_t zeros[GADGET_LEN];
	uint8_t there[GADGET_LEN];
	struct err *e = fd_pread_all(mem_fd, there, sizeof(there), (off_t)addr);

	if (e) {
		err_drop(e, "not a place for us");
		return false;
	}
	return !memcmp(there, zeros, GADGET_LEN) || !memcmp(there, ours, GADGET_LEN);
}

/* Never in nameless memory: that may be what a killed run left, which is unmapped first of all. */
static bool find_gadget(int mem_fd, const struct proc_vma *v, uint64_t *out)
{
	uint64_t addr = v->end - GADGET_LEN;

	if (!(v->prot & PROT_EXEC) || v->is_shared || !v->path[0] || !strcmp(v->path, "[vsyscall]"))
		return false;
	if (!is_gadget_place(mem_fd, addr))
		return false;
	*out = addr;
	return true;
}

static bool holds(const struct proc_vma *v, uint64_t addr)
{
	return v->start <= addr && addr < v->end;
}

static bool is_private_memory(const struct proc_vma *v)
{
	return (v->prot & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE) && !v->is_shared &&
	       !(v->flags & (VMF_HUGETLB | VMF_DROPPABLE | VMF_PFNMAP | VMF_IO));
}

/* The low end of a stack is the part that was not reached yet. */
static bool find_low_end(int mem_fd, const struct proc_vma *v, uint64_t sp, uint64_t *out)
{
	if (!is_private_memory(v) || v->end - v->start < REMOTE_SCRATCH_LEN + STACK_MARGIN)
		return false;
	if (holds(v, sp) && sp - v->start < REMOTE_SCRATCH_LEN + STACK_MARGIN)
		return false;
	if (!bytes_are_zero(mem_fd, v->start, REMOTE_SCRATCH_LEN))
		return false;
	*out = v->start;
	return true;
}

static bool find_below_sp(const struct proc_vma *v, uint64_t sp, uint64_t *out)
{
	if (!holds(v, sp) || !is_private_memory(v))
		return false;
	if (sp - v->start < RED_ZONE + REMOTE_SCRATCH_LEN + 64)
		return false;
	*out = (sp - RED_ZONE - REMOTE_SCRATCH_LEN) & ~63ul;
	return true;
}

static bool scratch_find(int mem_fd, const struct proc_maps *maps, uint64_t sp, uint64_t *out)
{
	for (size_t i = 0; i < maps->nr; i++)
		if (!strcmp(maps->vmas[i].path, "[stack]") &&
		    find_low_end(mem_fd, &maps->vmas[i], sp, out))
			return true;
	for (size_t i = 0; i < maps->nr; i++)
		if (find_below_sp(&maps->vmas[i], sp, out))
			return true;
	for (size_t i = 0; i < maps->nr; i++)
		if (!maps->vmas[i].ino && find_low_end(mem_fd, &maps->vmas[i], sp, out))
			return true;
	return false;
}

struct err *remote_site_find(pid_t pid, int mem_fd, const struct proc_maps *maps, uint64_t sp,
			     struct remote_site *out)
{
	struct remote_site site = { 0 };

	for (size_t i = maps->nr; i-- && !site.gadget;)
		if (!strcmp(maps->vmas[i].path, "[vdso]"))
			find_gadget(mem_fd, &maps->vmas[i], &site.gadget);
	for (size_t i = 0; i < maps->nr && !site.gadget; i++)
		find_gadget(mem_fd, &maps->vmas[i], &site.gadget);
	if (!site.gadget)
		return err_hint(
			err_new(ERR_UNSUPPORTED,
				"task %d has no executable mapping with unused bytes at its end",
				pid),
			"run the program with its vDSO mapped");
	if (!scratch_find(mem_fd, maps, sp, &site.scratch))
		return err_hint(err_new(ERR_UNSUPPORTED, "task %d has no unused stack for %d bytes",
					pid, REMOTE_SCRATCH_LEN),
				"give the program a larger stack");
	*out = site;
	return NULL;
}
