# SPDX-License-Identifier: GPL-2.0-only
"""What may not change about the target, and what may not appear around it."""
import os
import re

from rig.sandbox import pids, read

MASKS = ("SigIgn", "SigCgt", "TracerPid", "Seccomp", "NoNewPrivs", "CapEff", "Uid")


def take(root):
    """{name: value} of the root and its lasting children; a child that comes and goes is left out."""
    out = {}
    for pid in lasting(root):
        for tid in sorted(int(t) for t in listing(f"/proc/{pid}/task")):
            status = dict(re.findall(r"^(\w+):\s*(.*)$", read(f"/proc/{pid}/task/{tid}/status"), re.M))
            for name in MASKS:
                out[f"{pid}/{tid}/{name}"] = status.get(name, "")
            # SIGUSR1 while its handler runs and SIGUSR2 while it is waited for come and go.
            out[f"{pid}/{tid}/SigBlk"] = int(status.get("SigBlk", "0"), 16) & ~0xa00
            out[f"{pid}/{tid}/stands"] = status.get("State", "?")[0] in "tT"
        out[f"{pid}/maps"] = maps_of(pid)
        out[f"{pid}/fds"] = sorted(filter(None, (link(f"/proc/{pid}/fd/{fd}") for fd in listing(f"/proc/{pid}/fd"))))
    return out


def maps_of(pid):
    """[start, end, name] of each area; those that touch and have one name count as one."""
    areas = []
    for line in read(f"/proc/{pid}/maps").splitlines():
        match = re.match(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) (\S+) (\S+) (\d+) *(.*)$", line)
        start, end, name = int(match[1], 16), int(match[2], 16), match[7]
        if areas and areas[-1][1] == start and areas[-1][2] == name:
            areas[-1][1] = end
        else:
            areas.append([start, end, name])
    return areas


def minus(areas, others):
    """What of @areas is not covered by @others of the same name."""
    out = []
    for start, end, name in areas:
        for a, b, other in others:
            if other != name or b <= start or a >= end:
                continue
            if a > start:
                out.append(f"{start:x}-{a:x} {name}")
            start = b
        if start < end:
            out.append(f"{start:x}-{end:x} {name}")
    return out


def listing(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def link(path):
    try:
        return f"{os.path.basename(path)} {os.readlink(path)}"
    except OSError:
        return ""


def parent(pid):
    match = re.search(r"^PPid:\s*(\d+)", read(f"/proc/{pid}/status"), re.M)
    return int(match[1]) if match else 0


def lasting(root):
    """The root and its three processes that stay: they were forked first, before all threads."""
    return [root] + sorted(p for p in pids() if parent(p) == root)[:3]


def differences(before, after, may_leave=0):
    """Lines; @may_leave areas and descriptors of each task may be new."""
    out = []
    for name in sorted(set(before) | set(after)):
        a, b = before.get(name), after.get(name)
        if a == b:
            continue
        if isinstance(a, list) and isinstance(b, list):
            if name.endswith("/maps"):
                lost, new = minus(a, b), minus(b, a)
            else:
                lost, new = [x for x in a if x not in b], [x for x in b if x not in a]
            if lost or len(new) > may_leave:
                out.append(f"{name} lost {lost[:3]} and got {new[:3]}")
        else:
            out.append(f"{name} was {a} and is {b}")
    return out


class Surroundings:
    """Mounts, and the files of some folders: a restore that failed leaves none."""

    def __init__(self, folders):
        self.folders = folders
        self.mounts = read("/proc/self/mountinfo")
        self.files = self.list_files()

    def list_files(self):
        return {folder: sorted(n for n in listing(folder) if n not in ("alive", "ask", "answer"))
                for folder in self.folders}

    def remove(self, names):
        """Takes files of these names away that were not there before; gives how many."""
        found = [os.path.join(folder, n) for folder, files in self.list_files().items() for n in files
                 if n in names and n not in self.files[folder]]
        for path in found:
            os.unlink(path)
        return len(found)

    def changes(self):
        out = []
        if read("/proc/self/mountinfo") != self.mounts:
            out.append("a mount was left behind")
        for folder, files in self.list_files().items():
            if files != self.files[folder]:
                new = [f for f in files if f not in self.files[folder]]
                gone = [f for f in self.files[folder] if f not in files]
                out.append(f"files in {folder}: new {new[:4]}, gone {gone[:4]}")
        return out
