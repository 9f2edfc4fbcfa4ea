# SPDX-License-Identifier: GPL-2.0-only
"""The processes of one test, seen by the first one of its namespace: started, reaped, waited for."""
import os
import signal
import time

from driver import snapshot

SLOW = float(os.environ.get("TEST_SLOW", "4"))  # how much slower than a quiet machine this one may be


class Failure(Exception):
    pass


class Skip(Exception):
    pass


class Children:
    def __init__(self, spec):
        self.folder = spec["folder"]
        self.ended = {}     # pid -> wait status, of children already reaped
        self.limit = time.monotonic() + spec["budget"] * SLOW
        self.old_shells = []
        self.shells = {}    # pid of a job -> its shell, and the file that says how the job ended

    def spawn(self, argv, cwd, out, env=None, tty=None, session=True):
        if tty:
            return self.spawn_job(argv, cwd, out, env, tty)
        pid = os.fork()
        if not pid:
            self.become(argv, cwd, out, env, None, session)
        return pid

    def spawn_job(self, argv, cwd, out, env, tty):
        """What a shell does: a session leader on the terminal starts the program in a group of its own."""
        report, told = os.path.join(self.folder, f"shell{len(self.shells) + len(self.old_shells)}"), os.pipe()
        shell = os.fork()
        if shell:
            os.close(told[1])
            with os.fdopen(told[0]) as f:
                pid = int(f.read())
            self.shells[pid] = (shell, report)
            return pid
        os.setsid()
        terminal = os.open(tty, os.O_RDWR)      # a session leader without one: it becomes the session's
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.tcsetpgrp(terminal, os.getpid())
            self.become(argv, cwd, out, env, tty, session=False)
        os.write(told[1], str(pid).encode())
        os.closerange(terminal + 1, 1024)
        os.close(told[1])
        status = os.waitpid(pid, 0)[1]
        with open(report + ".tmp", "w", encoding="ascii") as f:
            f.write(str(status))
        os.rename(report + ".tmp", report)
        while True:
            signal.pause()

    def become(self, argv, cwd, out, env, tty, session):
        """In a new process: turns into the program; never returns."""
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for changed in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTOU, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(changed, signal.SIG_DFL)
            if session:
                os.setsid()
            os.chdir(cwd)
            log = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            stdin = os.open(tty or "/dev/null", os.O_RDWR if tty else os.O_RDONLY)
            for number, fd in ((0, stdin), (1, log), (2, log)):
                os.dup2(fd, number)
            os.closerange(3, 1024)
            os.umask(0o022)
            os.execve(argv[0], argv, os.environ if env is None else env)
        except BaseException as e:  # the child must never return into the driver
            os.write(2, f"cannot start {argv[0]}: {e}\n".encode())
        os._exit(126)

    def reap(self, wait_s=0.0):
        """Collects ended children; waits up to @wait_s for the first one."""
        until = time.monotonic() + wait_s
        for pid, (_, report) in self.shells.items():
            if pid not in self.ended and os.path.exists(report):
                with open(report, encoding="ascii") as f:
                    self.ended[pid] = int(f.read())
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid:
                self.ended[pid] = status
                wait_s = 0
                continue
            left = until - time.monotonic()
            if wait_s <= 0 or left <= 0:
                return
            signal.sigtimedwait([signal.SIGCHLD], min(left, 0.05))

    def wait_for(self, what, done):
        """Until done() gives something; the budget of the whole test is the limit."""
        pause = 0.001
        while True:
            self.reap()
            result = done()
            if result:
                return result
            if time.monotonic() > self.limit:
                raise Failure(f"waited too long for {what}")
            signal.sigtimedwait([signal.SIGCHLD], pause)
            pause = min(pause * 1.5, 0.02)

    def wait_end(self, pid, what):
        self.wait_for(what, lambda: pid in self.ended)
        if pid in self.shells:      # its number may be used again
            shell, _ = self.shells.pop(pid)
            self.old_shells.append(shell)
        return self.ended.pop(pid)

    def pids(self):
        """Everybody but us and our shells."""
        shells = {shell for shell, _ in self.shells.values()}.union(self.old_shells)
        return [pid for pid in snapshot.pids() if pid not in shells]

    def keepers(self):
        """What holds the marks of criu-lite between two dumps; of the tool, not of the tree."""
        return [pid for pid in self.pids() if snapshot.read(f"/proc/{pid}/cmdline").startswith("criu-lite-keeper\0")]

    def snapshot(self):
        keepers = self.keepers()
        return snapshot.take([pid for pid in self.pids() if pid not in keepers])

    def wait_gone(self, what):
        self.wait_for(what, lambda: not self.pids())
