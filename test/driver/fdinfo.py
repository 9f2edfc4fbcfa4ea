# SPDX-License-Identifier: GPL-2.0-only
"""What /proc/PID/fdinfo/N says of a descriptor: every line, whatever kind of file it is.

A line that is not named here is compared as it stands.  Numbers that a new object gets anew have names instead, by
first appearance, so that what is shared must still be shared:
  ino          inode of what has no lasting name: pipes, sockets, deleted files, memory, files of /proc
  eventfd-id   counts all eventfds of the kernel
  tfd ... ino  inode of a file that an epoll waits for
  mnt_id       the mount point of that mount, if it has one
What is left out, or may be otherwise after the restore:
  pid of a lock that belongs to the open file (flock, lease): whoever happened to set it
  number of a lock, order of locks, watches and epoll targets: kept in lists without a meaning of their order
  it_value     of a timer that runs: it may be less, and with an interval anything that fits into it; a periodic
               one that has expired shows 0 until somebody looks at it
  ticks        of such a timer: it may be more
"""
import re

# Links whose object is another one after a restore.
NEW_OBJECT = re.compile(r" \(deleted\)$|^/memfd:|^/SYSV|^/dev/zero|^anon_inode:|^\[|^(pipe|socket|pidfd):|^/proc/")
LINE = re.compile(r"^\s*([\w -]+?):\s*(.*)$")
OF_THE_OPEN_FILE = ("FLOCK", "LEASE", "DELEG")
TIME = re.compile(r"\((\d+), (\d+)\)")


def mount_points(text):
    """{id: mount point} of a mountinfo."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row[4] for row in rows if len(row) > 4}


class Reader:
    """@number gives a text its lasting name; it lives as long as one snapshot."""

    def __init__(self, number, mounts):
        self.number = number
        self.mounts = mounts

    def values(self, text, target):
        """[(name, value)] of one descriptor; a name that comes again gets a number."""
        rows = {}
        for line in text.splitlines():
            match = LINE.match(line)
            name, value = match.groups() if match else ("line", line)
            rows.setdefault(name, []).append(" ".join(value.split()))
        out = []
        for name, values in rows.items():
            values = sorted(self.lock(v) for v in values) if name == "lock" else sorted(values)
            for index, value in enumerate(values):
                out.append((name + (f"#{index}" if len(values) > 1 else ""), self.lasting(name, value, target)))
        return out

    @staticmethod
    def lock(value):
        """Number class mode type pid dev:inode start end."""
        words = value.split()[1:]
        if words and words[0] in OF_THE_OPEN_FILE and len(words) > 3:
            words[3] = "whoever"
        return " ".join(words)

    def lasting(self, name, value, target):
        is_new = bool(NEW_OBJECT.search(target))
        if name == "mnt_id":
            return self.mounts.get(value, value)
        if name == "ino" and is_new:
            return self.number("ino", value)
        if name == "eventfd-id":
            return self.number(name, value)
        if name == "tfd":
            return re.sub(r"\bino:(\w+)", lambda m: "ino:" + self.number("tfd", m[1]), value)
        if name == "lock" and is_new:
            return re.sub(r"(\w+:\w+):(\d+)", lambda m: f"{m[1]}:" + self.number("ino", m[2]), value)
        if name.startswith("fanotify"):
            return re.sub(r"\bmnt_id:(\w+)", lambda m: "mnt_id:" + self.mounts.get(str(int(m[1], 16)), m[1]), value)
        return value


def ns_of(text):
    match = TIME.search(text)
    return int(match[1]) * 10**9 + int(match[2]) if match else None


def may_become(key, before, after, all_before):
    """Whether a timer's @before may be @after; @key is its name in the snapshot @all_before."""
    head, _, name = key.rpartition("/")
    if name not in ("it_value", "ticks") or f"{head}/it_interval" not in all_before:
        return False
    interval = ns_of(all_before[f"{head}/it_interval"])
    value = ns_of(all_before.get(f"{head}/it_value", ""))
    if not value and not (interval and all_before.get(f"{head}/ticks", "0") != "0"):
        return False    # disarmed: nothing happens to it; else it has expired, and goes on when somebody looks
    if name == "ticks":
        return int(after) >= int(before) if after.isdigit() else False
    now = ns_of(after)
    return now is not None and now <= max(value, interval)
