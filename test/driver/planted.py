# SPDX-License-Identifier: GPL-2.0-only
"""Differences planted in a process, one after the other, each of which a comparison must find by its name.

Nothing else may be found: what changes by itself would hide a fault or make a false one.
"""
import ctypes
import fcntl
import mmap
import os
import re
import resource
import select
import signal
import struct
import tempfile
import threading

from driver import snapshot

LIBC = snapshot.LIBC
CLOCK_MONOTONIC, IN_MODIFY, IN_CREATE, PR_SET_NAME = 1, 2, 0x100, 15


class Victim:
    """What the process holds, and what is done to it; the text of a method is the key that must be found."""

    def __init__(self):
        self.file = tempfile.TemporaryFile(buffering=0)
        self.named = tempfile.NamedTemporaryFile(buffering=0)
        self.event = os.eventfd(3)
        self.epoll = select.epoll()
        self.inotify = LIBC.inotify_init1(0)
        self.timer = LIBC.timerfd_create(CLOCK_MONOTONIC, 0)
        self.signals = LIBC.signalfd(-1, struct.pack("Q", 1 << 9), 0)
        self.kept = []

    def new_descriptor(self):
        r"""/fd/\d+"""
        self.kept.append(os.open("/dev/zero", os.O_RDONLY))

    def same_open_file(self):
        r"""/fd/\d+"""
        os.dup2(self.file.fileno(), self.kept[0])

    def position(self):
        r"""/fd/\d+/pos$"""
        self.named.write(b"text")

    def flags(self):
        r"""/fd/\d+/flags$"""
        fcntl.fcntl(self.named, fcntl.F_SETFL, os.O_APPEND)

    def eventfd_count(self):
        r"""/fd/\d+/eventfd-count$"""
        os.eventfd_write(self.event, 2)

    def epoll_target(self):
        r"""/fd/\d+/tfd$"""
        self.epoll.register(self.event, select.EPOLLIN)

    def epoll_events(self):
        r"""/fd/\d+/tfd$"""
        self.epoll.modify(self.event, select.EPOLLOUT)

    def inotify_watch(self):
        r"""/fd/\d+/inotify wd$"""
        LIBC.inotify_add_watch(self.inotify, b"/tmp", IN_MODIFY)

    def inotify_mask(self):
        r"""/fd/\d+/inotify wd$"""
        LIBC.inotify_add_watch(self.inotify, b"/tmp", IN_CREATE)

    def timer_value(self):
        r"""/fd/\d+/it_(value|interval)$"""
        LIBC.timerfd_settime(self.timer, 0, struct.pack("4q", 500, 0, 1000, 0), None)

    def timer_longer(self):
        r"""/fd/\d+/it_value$"""
        LIBC.timerfd_settime(self.timer, 0, struct.pack("4q", 500, 0, 9000, 0), None)

    def signalfd_mask(self):
        r"""/fd/\d+/sigmask$"""
        LIBC.signalfd(self.signals, struct.pack("Q", 1 << 11), 0)

    def lock_of_the_file(self):
        r"""/fd/\d+/lock$"""
        fcntl.flock(self.named, fcntl.LOCK_SH)

    def lock_of_another_kind(self):
        r"""/fd/\d+/lock$"""
        fcntl.flock(self.named, fcntl.LOCK_EX)

    def lock_of_the_process(self):
        r"""/fd/\d+/lock(#\d)?$"""
        fcntl.lockf(self.named, fcntl.LOCK_EX, 10, 20)

    def new_mapping(self):
        r"""/maps/"""
        # Shared, so that it merges with no other.
        self.kept.append(mmap.mmap(-1, 1 << 16))

    def limit(self):
        r"""/limits$"""
        resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def umask(self):
        r"""/status/Umask$"""
        os.umask(0o33)

    def niceness(self):
        r"""/(nice|priority)$"""
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + 3)

    def ignored_signal(self):
        r"""/status/SigIgn$"""
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    def blocked_signal(self):
        r"""/status/SigBlk$"""
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

    def pending_signal(self):
        r"""/status/(Shd|Sig)Pnd$"""
        os.kill(os.getpid(), signal.SIGUSR2)

    def directory(self):
        r"""/cwd$"""
        os.chdir("/usr")

    def name(self):
        r"""/comm$|/status/Name$"""
        LIBC.prctl(PR_SET_NAME, b"another name")

    def badness(self):
        r"""/oom_score_adj$"""
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as f:
            f.write("123")

    def alarm(self):
        r"""/timers/"""
        LIBC.timer_create(CLOCK_MONOTONIC, None, ctypes.byref(ctypes.c_void_p()))

    def thread(self):
        r"""/task/|/num_threads$|/status/(Threads|SigCgt|SigIgn)$|/maps/"""
        # With the first one the C library catches a signal of its own, which may have been ignored.
        threading.Thread(target=signal.pause, daemon=True).start()


def serve(victim, names, ask, answer):
    """In the process: does what it is told to, one byte each."""
    while True:
        got = os.read(ask, 1)
        if not got:
            os._exit(0)
        try:
            getattr(victim, names[got[0]])()
            os.write(answer, b"+")
        except BaseException as e:
            os.write(answer, str(e).encode())
            os._exit(1)


def check():
    """(what was planted, what is wrong with what was found, or an empty text) for each."""
    names = [n for n, f in vars(Victim).items() if not n.startswith("_") and callable(f)]
    ask, answer = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ask[1])
        # What others write to our output would move the position of its descriptors.
        null = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        serve(Victim(), names, ask[0], answer[1])
    os.close(answer[1])
    before = None
    for index, name in enumerate(names):
        before = before or settled(pid)
        os.write(ask[1], bytes([index]))
        said = os.read(answer[0], 1000)
        if said != b"+":
            yield name, f"it cannot be planted: {said.decode()}"
            break
        after = snapshot.take([pid])
        yield name, judge(snapshot.compare(before, after, []), getattr(Victim, name).__doc__)
        before = after
    os.close(ask[1])
    os.waitpid(pid, 0)


def settled(pid):
    """When the process has made all that it holds."""
    before = snapshot.take([pid])
    while True:
        after = snapshot.take([pid])
        if not snapshot.compare(before, after, []) and len(after) > 100:
            return after
        before = after


def judge(lines, wanted):
    # The interpreter's own memory grows at any time.
    lines = [l for l in lines if "/status/VmData" not in l and ("/maps/" not in l or "maps" in wanted)]
    hits = [l for l in lines if re.search(wanted.replace("$", ":"), l)]
    others = [l for l in lines if l not in hits]
    if not hits:
        return f"not found; the comparison shows {others or 'nothing'}"
    return f"more than that was found: {others}" if others else ""
