# SPDX-License-Identifier: GPL-2.0-only
"""What /proc says about a tree of processes, as one flat dictionary, and the comparison of two of them.

Only what must be the same after a restore is read in; what is left out is listed here with its reason:
  times, faults, context switches, start time, CPU number: they describe the past run
  resident sizes: pages that were never changed are brought back by faults
  inode numbers of pipes, shared memory and deleted files: new objects; how they are shared is compared instead
  SigQ: counts the signals of all processes of the user
  stat flags, kernel stack addresses: inner state of the kernel
What of descriptors may differ is in fdinfo.py.
"""
import ctypes
import functools
import os
import re

from driver import fdinfo

STAT_FIELDS = {
    # index after the comm field -> name; proc(5) numbers are 3 higher
    0: "state", 1: "ppid", 2: "pgrp", 3: "session", 4: "tty_nr", 5: "tpgid", 15: "priority", 16: "nice",
    17: "num_threads", 22: "rsslim", 23: "startcode", 24: "endcode", 25: "startstack", 35: "exit_signal",
    37: "rt_priority", 38: "policy", 42: "start_data", 43: "end_data", 44: "start_brk", 45: "arg_start",
    46: "arg_end", 47: "env_start", 48: "env_end", 49: "exit_code",
}
STATUS_SKIP = {
    "FDSize", "SigQ", "Ngid", "VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmPTE",
    "VmSwap", "VmExe", "VmLib", "VmPin", "HugetlbPages", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
    "untag_mask", "Kthread", "State",
}
TEXT_FILES = ("cmdline", "environ", "auxv", "limits", "personality", "oom_score_adj", "coredump_filter", "loginuid",
              "cgroup", "timerslack_ns", "setgroups")
LINKS = ("exe", "cwd", "root")
NEW_INODE = re.compile(r" \(deleted\)$|^/memfd:|^/SYSV|^/dev/zero|^anon_inode:|^\[")
# The marks of a dirty tracker ("uw" has a key of its own for the whole task); and "ac" (counts as committed memory), which an area gets for good when it
# was writable for a moment, as it is while being filled.
FLAGS_SKIP = {"sd", "uw", "um", "ac"}
# Shared memory without a name of its own; it may come back as a memfd.
NAMELESS = re.compile(r"^/memfd: \(|^(/memfd:)?(/dev/zero|/anon_hugepage) \(")
LIBC = ctypes.CDLL(None, use_errno=True)
TASK = re.compile(r"proc/\d+(/task/\d+)?")
KCMP = {"vm": 1, "files": 2, "fs": 3, "sighand": 4}


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "surrogateescape")
    except OSError as e:
        return f"<{e.strerror}>"


def link(path):
    try:
        return os.readlink(path)
    except OSError as e:
        return f"<{e.strerror}>"


def pids():
    """Everybody in this pid namespace but its init."""
    return sorted(int(d) for d in os.listdir("/proc") if d.isdigit() and d != "1")


def kcmp(pid_a, pid_b, what, a=0, b=0):
    return LIBC.syscall(312, pid_a, pid_b, what, ctypes.c_ulong(a), ctypes.c_ulong(b))


class Snapshot(dict):
    def __init__(self):
        super().__init__()
        self.numbers = {}   # kind -> what the kernel numbers anew -> small number, by first appearance

    def stable_link(self, text):
        match = re.match(r"^(pipe|socket|mnt|net|pid|ipc|uts|user|time|cgroup):\[(\d+)\]$", text)
        if not match or match[1] not in ("pipe", "socket"):
            # A file that never had a name is called by its inode number.
            return re.sub(r"/#\d+ \(deleted\)$", "/#N (deleted)", re.sub(r"^/proc/\d+/", "/proc/N/", text))
        return f"{match[1]}:{self.number('link', text)}"

    def number(self, kind, text):
        """A name that does not depend on numbers of the kernel's: how many of its kind came before."""
        of_kind = self.numbers.setdefault(kind, {})
        return f"#{of_kind.setdefault(text, len(of_kind))}"

    def add_stat(self, head, text):
        after = text[text.rfind(")") + 2:].split()
        self[f"{head}/comm"] = text[text.find("(") + 1:text.rfind(")")]
        for index, name in STAT_FIELDS.items():
            if index < len(after):
                self[f"{head}/{name}"] = after[index]
        if self.get(f"{head}/state") != "Z":
            self.pop(f"{head}/exit_code", None)     # of a living task: a stop nobody waited for yet
        # Running, sleeping and waiting are moments of the same state.
        if self.get(f"{head}/state") in ("R", "D"):
            self[f"{head}/state"] = "S"

    def add_status(self, head, text):
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name not in STATUS_SKIP:
                self[f"{head}/{name}"] = " ".join(value.split())

    def add_maps(self, head, text):
        """Areas that touch and are alike count as one: whether they merge depends on the history."""
        areas = []
        watched = False
        for line in text.splitlines():
            match = re.match(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) (\S+) (\S+) (\d+) *(.*)$", line)
            if match:
                file = "" if NEW_INODE.search(match[7]) else f"{match[5]}:{match[6]} "
                name = NAMELESS.sub("/dev/zero (", match[7])
                offset = int(match[4], 16) if name.startswith("/") else None
                areas.append([int(match[1], 16), int(match[2], 16), match[3], offset, file + name, ""])
            elif line.startswith("ProtectionKey:"):
                areas[-1][5] = f"pkey {line.split()[1]} "
            elif line.startswith("VmFlags:"):
                watched |= "uw" in line.split()
                areas[-1][5] += " ".join(f for f in line.split()[1:] if f not in FLAGS_SKIP)
        self[f"{head}/watched"] = str(watched)
        merged = []
        for area in areas:
            last = merged[-1] if merged else None
            if last and last[1] == area[0] and (last[2], last[4], last[5]) == (area[2], area[4], area[5]) and (
                    area[3] is None or last[3] + last[1] - last[0] == area[3]):
                last[1] = area[1]
            else:
                merged.append(area)
        for start, end, perms, offset, name, flags in merged:
            self[f"{head}/{start:x}-{end:x}"] = f"{perms} {offset or 0:x} {name} [{flags}]"

    def add_fds(self, pid):
        opened = []
        reader = fdinfo.Reader(self.number, fdinfo.mount_points(read(f"/proc/{pid}/mountinfo")))
        try:
            numbers = sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            numbers = []
        for n in numbers:
            target = self.stable_link(link(f"/proc/{pid}/fd/{n}"))
            self[f"proc/{pid}/fd/{n}"] = target
            for name, value in reader.values(read(f"/proc/{pid}/fdinfo/{n}"), target):
                self[f"proc/{pid}/fd/{n}/{name}"] = value
            opened.append((target, pid, n))
        return opened

    def add_timers(self, head, text):
        blocks = re.split(r"^ID: ", text, flags=re.M)[1:]
        for block in blocks:
            lines = block.splitlines()
            self[f"{head}/{lines[0]}"] = " ".join(l.strip() for l in lines[1:])

    def add_task(self, pid):
        head = f"proc/{pid}"
        self.add_stat(f"{head}/stat", read(f"/proc/{pid}/stat"))
        self.add_status(f"{head}/status", read(f"/proc/{pid}/status"))
        if self[f"{head}/stat/state"] in ("Z", "X"):
            return []
        for name in TEXT_FILES:
            self[f"{head}/{name}"] = read(f"/proc/{pid}/{name}")
        for name in LINKS:
            self[f"{head}/{name}"] = link(f"/proc/{pid}/{name}")
        self.add_maps(f"{head}/maps", read(f"/proc/{pid}/smaps"))
        self.add_timers(f"{head}/timers", read(f"/proc/{pid}/timers"))
        for tid in sorted(int(t) for t in os.listdir(f"/proc/{pid}/task")):
            if tid != pid:
                self.add_stat(f"{head}/task/{tid}/stat", read(f"/proc/{pid}/task/{tid}/stat"))
                self.add_status(f"{head}/task/{tid}/status", read(f"/proc/{pid}/task/{tid}/status"))
        return self.add_fds(pid)

    def add_sharing(self, tasks):
        """Which tasks share memory, tables and so on: each gets the name of the first it shares with."""
        for what, number in KCMP.items():
            firsts = []
            for pid in tasks:
                same = next((p for p in firsts if kcmp(p, pid, number) == 0), pid)
                if same == pid:
                    firsts.append(pid)
                self[f"proc/{pid}/shares/{what}"] = str(same)

    def add_open_files(self, opened):
        """Which descriptors are the same open file: each gets the name of the first."""
        by_target = {}
        for target, pid, n in opened:
            by_target.setdefault(target, []).append((pid, n))
        order = functools.cmp_to_key(lambda a, b: {0: 0, 1: -1}.get(kcmp(a[0], b[0], 0, a[1], b[1]), 1))
        for group in by_target.values():
            classes, previous = [], None
            for item in sorted(group, key=order):
                if previous is None or kcmp(previous[0], item[0], 0, previous[1], item[1]):
                    classes.append([])
                classes[-1].append(item)
                previous = item
            for members in classes:
                for pid, n in members:
                    self[f"proc/{pid}/fd/{n}"] += " same as %d:%d" % min(members)


def take(tasks):
    snap = Snapshot()
    opened, alive = [], []
    for pid in tasks:
        try:
            opened += snap.add_task(pid)
        except FileNotFoundError:
            continue    # ended while we looked; the comparison finds it
        if snap[f"proc/{pid}/stat/state"] not in ("Z", "X"):
            alive.append(pid)
    if len(alive) <= 64:
        snap.add_sharing(alive)
    if len(opened) <= 4096:
        snap.add_open_files(opened)
    return snap


def compare(before, after, allowed):
    """Lines that say what differs; @allowed are regular expressions of keys that may."""
    patterns = [re.compile(a) for a in allowed]
    out = []
    tasks = {TASK.match(key)[0] for snap in (before, after) for key in snap}
    gone = {t for t in tasks if (f"{t}/stat/comm" in before) != (f"{t}/stat/comm" in after)}
    for task in sorted(gone):
        out.append(f"{task} is {'gone' if f'{task}/stat/comm' in before else 'new'}")
    for key in sorted(set(before) | set(after)):
        a, b = before.get(key, "<absent>"), after.get(key, "<absent>")
        if a == b or TASK.match(key)[0] in gone or any(p.search(key) for p in patterns):
            continue
        if fdinfo.may_become(key, a, b, before):
            continue
        if len(a) + len(b) > 400:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            a, b = f"...{a[at:at + 60]}", f"...{b[at:at + 60]} (from byte {at})"
        out.append(f"{key}: {a!r} became {b!r}")
    return out
