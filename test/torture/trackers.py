# SPDX-License-Identifier: GPL-2.0-only
"""Where the two trackers differed (--tracker both), and which action of the program explains it."""
import collections
import glob
import os
import re

import truth

LINE = re.compile(r"mem +(\d+) +trackers differ: addr=(0x[0-9a-f]+) pages=(\d+) +soft-dirty=(\S+) +uffd-wp=(\S+)(.*)")
ACTION = re.compile(r"^(\d+\.\d+) pid=(\d+) process=(\d+) round=\d+ step=\d+ (\S+)(?: at=(0x[0-9a-f]+) pages=(\d+))?(.*)$")
FROM = re.compile(r"from=(0x[0-9a-f]+)")
PAGE = 4096
# The first of these that is found among the actions at a page names the cause.
CAUSES = (("a child of this interval", {"born"}),
          ("a mapping of an object: not watched", {"object"}),
          ("moved", {"remap-move", "remap-move(source)", "remap-grow", "remap-shrink", "remap-twice"}),
          ("a new mapping", {"map-anon", "map-wide", "map-huge", "brk", "grow-down"}),
          ("huge pages made or split", {"collapse", "hugepage"}),
          ("MADV_FREE", {"free"}),
          ("dropped, and read again", {"dontneed", "wipe-on-fork", "unmap"}),
          ("written", {"store", "stamp", "zeros", "read-pipe", "read-direct", "read-object", "write-self", "populate"}),
          ("protected, locked", {"protect", "lock", "dont-fork", "pageout"}))
STEP = re.compile(r"^ *([\d.]+) .*step (\S+) begins", re.M)


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
        self.asked = collections.Counter()
        self.missed = collections.Counter()
        self.written = collections.Counter()    # whether the comparison finds changes where there are some

    def collect(self, folder, got, keeps_parents):
        """An interval is from where the tree stood still once to where it did again."""
        actions, since = None, 0.0
        for what, name, began, _, *_ in got.get("events", []):
            for path in glob.glob(os.path.join(folder, "chain*", name, f"{what}.log")):
                if what not in ("dump", "pre-dump"):
                    continue
                with open(path, encoding="utf-8", errors="replace") as f:
                    text = f.read()
                steps = {m[2]: began + float(m[1]) for m in STEP.finditer(text)}
                stood = steps.get("look", began)
                sets = {}
                for m in LINE.finditer(text):
                    actions = actions_of(folder) if actions is None else actions
                    key = self.add(m, actions, since, stood, path)
                    if what == "dump" and keeps_parents:
                        self.ask(m, key, os.path.dirname(path), sets)
                since = steps.get("freeze", began)

    def add(self, m, actions, since, until, log):
        start, nr = int(m[2], 16), int(m[3])
        cause = explain(actions, int(m[1]), start, start + nr * PAGE, since, until)
        key = (m[4], m[5], cause)
        self.counts[key] += 1
        self.pages[key] += nr
        self.examples.setdefault(key, f"{os.path.relpath(log, os.path.dirname(os.path.dirname(os.path.dirname(log))))}"
                                      f" pid {m[1]} {m[2]}{m[6]}")
        return key

    def ask(self, m, key, folder, sets):
        """Only of dumps: a pre-dump's bytes are from after its question."""
        pid = int(m[1])
        if pid not in sets:
            sets[pid] = truth.Pages(folder, pid)
            asked, changed = sets[pid].changed_of_written()
            self.written.update(asked=asked, changed=changed)
        asked, changed = sets[pid].changed(int(m[2], 16), int(m[3]))
        self.asked[key] += asked
        self.missed[key] += changed

    def print(self):
        if not self.counts:
            return
        print(f"{'soft-dirty':<11} {'uffd-wp':<11} {'ranges':>7} {'pages':>8} {'compared':>9} {'changed':>8}  "
              "what was done there since the dump before")
        for key, nr in sorted(self.counts.items(), key=lambda x: -x[1]):
            print(f"{key[0]:<11} {key[1]:<11} {nr:>7} {self.pages[key]:>8} {self.asked[key]:>9} {self.missed[key]:>8}  "
                  f"{key[2]}  (seed {self.examples[key]})")
        print(f"of {self.written['asked']} pages that these dumps wrote and their parents have, "
              f"{self.written['changed']} had changed")


def explain(actions, pid, start, end, since, until):
    """Names of the actions between the two dumps at these pages; the birth of the process counts as one."""
    names = set()
    for when, who, name, at, nr, rest in actions:
        if name in ("map-object", "map-populated", "make-object") and who == pid and when < until and nr:
            if at < end and start < at + nr * PAGE:
                names.add("object")   # since whenever
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
    if any(n.startswith(("map-object", "map-populated", "make-object")) for n in names):
        names.add("object")
    return next((cause for cause, words in CAUSES if words & names), "+".join(sorted(names)) or "nothing was done there")
