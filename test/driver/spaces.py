# SPDX-License-Identifier: GPL-2.0-only
"""A function as the first process of a pid and mount namespace of its own.

By fork alone: on an emulated processor a new interpreter took half of a test's time.  That is also why what a test
needs is imported before.
"""
import ctypes
import os
import select
import signal
import sys
import traceback

from driver.snapshot import LIBC

PR_SET_PDEATHSIG = 1
CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 1 << 18


def must(result, what):
    if result:
        raise OSError(ctypes.get_errno(), f"cannot {what}: {os.strerror(ctypes.get_errno())}")


def end_with_parent():
    must(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "end with the parent")


def redirect(log):
    """Nothing of the caller's files; what the buffers of its standard output hold is its own."""
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False)


def first_process(function):
    end_with_parent()
    must(LIBC.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "mount /proc")
    # Terminals come back under their numbers, which tests that run at once must not share.
    if os.path.isdir("/dev/pts"):
        must(LIBC.mount(b"devpts", b"/dev/pts", b"devpts", MS_NOSUID | MS_NOEXEC, b"ptmxmode=0666,mode=0620"), "mount /dev/pts")
    function()


def outside(function, log):
    """Makes the namespaces and waits for the first process in them, which ends with this one."""
    end_with_parent()
    redirect(log)
    must(LIBC.unshare(CLONE_NEWNS | CLONE_NEWPID), "make namespaces")
    must(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    pid = os.fork()
    if not pid:
        last_act(lambda: first_process(function))
    os.waitpid(pid, 0)


def last_act(function):
    """In a new process: calls the function and ends; the caller's code is not for this process."""
    try:
        function()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def run(function, log, limit_s):
    """Calls the function in there, its output in the file @log; False when the time was over and all was killed."""
    pid = os.fork()
    if not pid:
        last_act(lambda: outside(function, log))
    fd = os.pidfd_open(pid)
    try:
        waiter = select.poll()
        waiter.register(fd, select.POLLIN)
        in_time = bool(waiter.poll(limit_s * 1000))
        if not in_time:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        return in_time
    finally:
        os.close(fd)
        os.waitpid(pid, 0)
