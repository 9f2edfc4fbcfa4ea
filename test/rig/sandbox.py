# SPDX-License-Identifier: GPL-2.0-only
"""A pid and mount namespace of its own, whose first process is this interpreter.

As the first process we inherit every orphan, so nothing of a tree or of a tool can hide or stay, and all pids that
a restore wants are free.  outside: run().  inside: a Sandbox object.
"""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
MS_BIND = 4096


class Failure(Exception):
    """Something is not as it must be; the text is for a person."""


def run(script, folder, spec, timeout):
    """Runs `script --inside SPEC` as process 1 of new namespaces; gives what its function returned.

    When that did not come to an end the result is {"broken": why}.
    """
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "spec.json")
    result = os.path.join(folder, "result.json")
    if os.path.exists(result):
        os.unlink(result)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(dict(spec, folder=folder), f, indent=1)
    argv = ["unshare", "-mpf", "--kill-child", "--mount-proc", sys.executable, "-S",
            os.path.abspath(script), "--inside", path]
    log = os.path.join(folder, "inside.out")
    with open(log, "w", encoding="utf-8") as out:
        try:
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return {"broken": f"it hung for {timeout:.0f} s"}
    try:
        with open(result, encoding="utf-8") as f:
            return json.load(f)
    except OSError:
        with open(log, encoding="utf-8", errors="replace") as f:
            return {"broken": "the driver broke: " + f.read()[-800:].strip().replace("\n", " | ")}


def inside(path, function):
    """The other end of run(): calls function(sandbox) and ends the process, and with it the namespace."""
    with open(path, encoding="utf-8") as f:
        spec = json.load(f)
    # A chain of namespaces ends with the one who started it.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    try:
        result = function(Sandbox(spec))
    except Failure as e:
        result = {"failure": str(e)}
    temporary = os.path.join(spec["folder"], "result.json.new")
    with open(temporary, "w", encoding="utf-8") as f:
        json.dump(result, f)
    os.rename(temporary, os.path.join(spec["folder"], "result.json"))
    sys.stdout.flush()
    os._exit(0)


def pids():
    """Everybody in this namespace but us."""
    return sorted(int(d) for d in os.listdir("/proc") if d.isdigit() and d != "1")


def read(path):
    """The file's text, or an empty one when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def bind(source, target):
    """Shows @source at @target in this mount namespace."""
    if LIBC.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None):
        raise Failure(f"cannot bind {source} to {target}: {os.strerror(ctypes.get_errno())}")


def mount_tmpfs(target, size):
    """A file system of @size bytes (rounded up to pages) at @target."""
    if LIBC.mount(b"tmpfs", os.fsencode(target), b"tmpfs", 0, f"size={size}".encode()):
        raise Failure(f"cannot mount a tmpfs on {target}: {os.strerror(ctypes.get_errno())}")


def unmount(target):
    if LIBC.umount2(os.fsencode(target), 0):
        raise Failure(f"cannot unmount {target}: {os.strerror(ctypes.get_errno())}")


def set_next_pid(pid):
    """The number the next process of this namespace gets."""
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as f:
        f.write(str(pid - 1))


class Sandbox:
    def __init__(self, spec):
        self.spec = spec
        self.folder = spec["folder"]
        self.ended = {}     # pid -> wait status of children already reaped

    def spawn(self, argv, output, stdout=None):
        """Starts a program in a session of its own; @stdout is a descriptor instead of the file @output."""
        pid = os.fork()
        if pid:
            # An orphan of that number may have been reaped before: a restore makes numbers come anew.
            self.ended.pop(pid, None)
            return pid
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(ignored_by_python, signal.SIG_DFL)
            os.setsid()
            os.chdir(self.folder)
            out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(out if stdout is None else stdout, 1)
            os.dup2(out, 2)
            os.closerange(3, 256)
            os.umask(0o022)
            os.execv(argv[0], argv)
        except BaseException as e:  # the child must never return into the driver
            os.write(2, f"cannot start {argv[0]}: {e}\n".encode())
        os._exit(126)

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.ended[pid] = status

    def wait_for(self, what, done, limit_s=60.0):
        """Until done() gives something, which is returned."""
        until = time.monotonic() + limit_s
        pause = 0.0005
        while True:
            self.reap()
            result = done()
            if result:
                return result
            if time.monotonic() > until:
                raise Failure(f"waited {limit_s:.0f} s for {what}")
            signal.sigtimedwait([signal.SIGCHLD], pause)
            pause = min(pause * 1.5, 0.02)

    def wait_gone(self, what="the tree to be gone", limit_s=60.0):
        self.wait_for(what, lambda: not pids(), limit_s)

    def kill_all(self):
        """Ends whatever is left in this namespace."""
        def none_left():
            left = pids()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not left
        self.wait_for("killed processes to be gone", none_left)
        self.ended.clear()

    def fresh(self, name):
        """An empty folder; images of the same name are gone."""
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path
