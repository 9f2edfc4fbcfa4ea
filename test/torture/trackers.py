# SPDX-License-Identifier: GPL-2.0-only
"""Where the two trackers differed (--tracker both), and which action of the program explains it."""
import collections
import glob
import os
import re

LINE = re.compile(r"mem +(\d+) +trackers differ: addr=(0x[0-9a-f]+) pages=(\d+) +soft-dirty=(\S+) +uffd-wp=(\S+)(.*)")
ACTION = re.compile(r"^(\d+\.\d+) pid=(\d+) process=(\d+) round=\d+ step=\d+ (\S+)(?: at=(0x[0-9a-f]+) pages=(\d+))?(.*)$")
FROM = re.compile(r"from=(0x[0-9a-f]+)")
PAGE = 4096


def actions_of(folder):
    out = []
    for line in open(os.path.join(folder, "actions"), encoding="ascii", errors="replace"):
        m = ACTION.match(line)
        if m:
            out.append((float(m[1]), int(m[2]), m[4], int(m[5] or "0", 16), int(m[6] or 0), m[7]))
    return out


class Table:
    def __init__(self):
        self.counts = collections.Counter()
        self.pages = collections.Counter()
        self.examples = {}

    def collect(self, folder, got):
        actions = None
        since = 0.0
        for what, name, began, ended, *_ in got.get("events", []):
            if what not in ("dump", "pre-dump"):
                continue
            for log in glob.glob(os.path.join(folder, "chain*", name, f"{what}.log")):
                for m in LINE.finditer(open(log, encoding="utf-8", errors="replace").read()):
                    if actions is None:
                        actions = actions_of(folder)
                    self.add(m, actions, since, ended, log)
            since = began

    def add(self, m, actions, since, until, log):
        start, nr = int(m[2], 16), int(m[3])
        cause = explain(actions, int(m[1]), start, start + nr * PAGE, since, until)
        key = (m[4], m[5], cause)
        self.counts[key] += 1
        self.pages[key] += nr
        self.examples.setdefault(key, f"{os.path.relpath(log, os.path.dirname(os.path.dirname(os.path.dirname(log))))}"
                                      f" pid {m[1]} {m[2]}{m[6]}")

    def print(self):
        if not self.counts:
            return
        print(f"{'soft-dirty':<11} {'uffd-wp':<11} {'ranges':>7} {'pages':>8}  actions there since the dump before")
        for key, nr in sorted(self.counts.items(), key=lambda x: -x[1]):
            print(f"{key[0]:<11} {key[1]:<11} {nr:>7} {self.pages[key]:>8}  {key[2]}  (seed {self.examples[key]})")


def explain(actions, pid, start, end, since, until):
    """Names of the actions between the two dumps at these pages; the birth of the process counts as one."""
    names = set()
    for when, who, name, at, nr, rest in actions:
        if when > until or when < since:
            continue
        if name == "fork" and f"pid={pid}" in rest.split():
            names.add("born")
        moved = FROM.search(rest)
        source = int(moved[1], 16) if moved else None
        if who == pid and nr and at < end and start < at + nr * PAGE:
            names.add(name)
        elif who == pid and source is not None and source < end and start < source + nr * PAGE:
            names.add(f"{name}(source)")
    return "+".join(sorted(names)) or "none"
