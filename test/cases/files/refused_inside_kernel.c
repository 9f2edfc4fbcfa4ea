/* SPDX-License-Identifier: GPL-2.0-only */
/* Files inside the kernel that cannot be read back: each is refused by name. */
/* refuse: \(anon_inode:\[landlock-ruleset\]\): a Landlock ruleset cannot be read back */
/* refuse: \(anon_inode:bpf-prog\): loaded BPF programs cannot be saved */
/* refuse: \(anon_inode:seccomp notify\): seccomp notifications are answered by this task */
/* refuse: \(/secretmem.*\): secret memory cannot be read */
/* needs: root */
/* peer: no refuses can dump none of them, and names the first */
#include "case.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void made(long fd, const char *what)
{
	if (fd < 0)
		case_skip("%s: %s", what, strerror(errno));
}

static long bpf_program(void)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				   { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = CASE_NR(code),
				.insns = (uintptr_t)code,
				.license = (uintptr_t) "GPL" };

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* The listener of a filter that lets everything pass. */
static long seccomp_listener(void)
{
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog prog = { CASE_NR(all), all };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &prog);
}

int main(void)
{
	struct landlock_ruleset_attr rules = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE };

	made(syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0), "landlock");
	made(bpf_program(), "bpf");
	made(syscall(SYS_memfd_secret, 0), "memfd_secret");
	made(seccomp_listener(), "seccomp");
	case_ready();
	return case_pass();
}
