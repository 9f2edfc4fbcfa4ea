/* SPDX-License-Identifier: GPL-2.0-only */
/* A 32-bit program is refused clearly. */
/* refuse: 32.bit */
/* peer: no wrong dumps 32-bit programs, and loses their personality */
#include "case.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* pause() for ever, by the 32-bit way into the kernel. */
static const unsigned char code[] = { 0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7 };

static void write_program(const char *path)
{
	Elf32_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = 0x8048000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	Elf32_Phdr load = {
		.p_type = PT_LOAD,
		.p_vaddr = 0x8048000,
		.p_filesz = 4096,
		.p_memsz = 4096,
		.p_flags = PF_R | PF_X,
		.p_align = 4096,
	};
	int fd = CASE_SYS(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755));

	CASE_SYS(ftruncate(fd, 4096));
	CASE_SYS(pwrite(fd, &head, sizeof(head), 0));
	CASE_SYS(pwrite(fd, &load, sizeof(load), sizeof(head)));
	CASE_SYS(pwrite(fd, code, sizeof(code), sizeof(head) + sizeof(load)));
	close(fd);
}

int main(void)
{
	int status, ends[2];
	pid_t pid;

	write_program("program");
	CASE_SYS(pipe2(ends, O_CLOEXEC));
	pid = CASE_SYS(fork());
	if (!pid) {
		execl("program", "program", NULL);
		_exit(write(ends[1], "x", 1) == 1 ? 77 : 1);
	}
	close(ends[1]);
	if (read(ends[0], &status, 1))
		case_skip("this kernel runs no 32-bit programs");
	close(ends[0]);
	case_ready();
	CASE_SYS(kill(pid, SIGTERM));
	CASE_SYS(waitpid(pid, &status, 0));
	CASE_EQ(WTERMSIG(status), SIGTERM);
	return case_pass();
}
