# SPDX-License-Identifier: GPL-2.0-only
"""test/mutants/run --random: small changes of single lines at random places, and which of them nobody notices."""
import concurrent.futures
import glob
import os
import random
import re
import threading

from tree import BuildFailed

# Quick ones, of every room.
CASES = (
    "task/registers", "task/avx", "task/sigmask", "task/sigactions", "task/sigaltstack", "task/pending_rt_queue",
    "task/posix_timers", "task/itimers", "task/threads10", "task/uids_gids_groups", "task/caps", "task/seccomp_filter",
    "task/session_orphan", "task/pgrp_without_leader", "task/zombie_exit", "task/stopped", "task/rseq", "task/rlimits",
    "mem/anon", "mem/anon_sparse", "mem/cow_unmapped", "mem/file_private_changed", "mem/file_shared", "mem/guard_region",
    "mem/shared_anon_fork", "mem/stack_growsdown", "mem/heap_brk", "mem/memfd_map", "mem/mlock", "mem/madvise_dontfork",
    "files/flags", "files/dup", "files/cloexec", "files/deleted", "files/pipe_data", "files/pipe_shared_with_child",
    "files/fifo", "files/link_remap", "files/regular_pos", "files/shared_by_fork", "files/refused_all_at_once",
    "syscalls/nanosleep", "syscalls/futex_wait_timeout", "syscalls/restart_block", "tool/chain", "tool/dedup", "tool/squash",
    "tool/usage", "tool/config", "tool/foreground", "tool/track_status", "tool/leave", "tool/wrong_target", "tool/few_written",
)
CHAIN = (("mem/anon", "mem/anon_sparse", "mem/cow_unmapped", "mem/file_private_changed", "transition/mem_writer"),
         ["--pre", "2:0.02"])
SLOW_UNITS = ("chain-page", "image_memory", "freeze", "freeze-cgroup", "files-tree", "kernel")

IF = re.compile(r"^(\t+(?:\} else )?(?:if|while) \()(.*)(\)(?: \{)?)$")
STATEMENT = re.compile(r"^\t+(?:TRY\(.*\)|[a-z_]\w*\(.*\)|\*?[a-z_]\w*(?:(?:->|\.)\w+|\[[^\]]*\])* (?:[-+|&]?=) [^;]*|"
                       r"[a-z_][\w.>-]*(?:\+\+|--));$")
SWAPS = ((" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "), (" != ", " == "),
         (" && ", " || "), (" || ", " && "), (" + 1", ""), (" - 1", ""), (" + ", " - "), (" = 0;", " = 1;"))
# Where a change means nothing: words for people, and what only costs time.
NO_SENSE = re.compile(r'^\s*(/?\*|#|//|log_|err_drop|err_hint|"|CHECK|BUG_ON|progress_|free\(|close\(|madvise\()|^\t+case ')


def is_balanced(text):
    return text.count("(") == text.count(")")


def changes_of(line):
    """What the line may become; None is that it is left out."""
    out = []
    match = IF.match(line)
    if match and is_balanced(match[2]):
        out.append(f"{match[1]}!({match[2]}){match[3]}")
    if STATEMENT.match(line) and is_balanced(line):
        out.append(None)
    out += [line.replace(old, new, 1) for old, new in SWAPS if line.count(old) == 1]
    return out


def find_places(top, rooms):
    """(file, line number, what it becomes) of every possible change."""
    out = []
    for path in sorted(glob.glob(os.path.join(top, "criu", "**", "*.c"), recursive=True)):
        name = os.path.relpath(path, top)
        if rooms and name.split(os.sep)[1] not in rooms:
            continue
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        for number, line in enumerate(lines):
            if line.startswith("\t") and not NO_SENSE.match(line):
                out += [(name, number, new) for new in changes_of(line)]
    return out


class Survey:
    def __init__(self, runner, args, helpers):
        self.runner, self.args = runner, args
        self.run_units, self.run_cases = helpers
        self.lock = threading.Lock()
        self.counts = {"caught": 0, "survived": 0, "not built": 0}
        self.units = [n for n in (os.path.basename(p)[:-2] for p in glob.glob(os.path.join(args.top, "test/unit/*.c")))
                      if n not in SLOW_UNITS]

    def who_notices(self, tree):
        """The first that does: what is quick comes first."""
        def failed(got):
            return next((n for n, status in got.items() if status == "fail"), None)

        tree.make(["all"] + [f"{tree.build}/test/unit/{u}" for u in self.units])
        for unit in self.units:
            if failed(self.run_units(tree.path(tree.build), [unit])):
                return "unit/" + unit
        return (failed(self.run_cases(tree.root, self.args.build, tree.tool, CASES, [], 1)) or
                failed(self.run_cases(tree.root, self.args.build, tree.tool, CHAIN[0], CHAIN[1], 1)))

    def one(self, place):
        tree = self.runner.trees.get()
        try:
            tree.edit(*place)
            diff = tree.diff()
            who = self.who_notices(tree)
            verdict = "caught" if who else "survived"
        except BuildFailed:
            verdict, who = "not built", None
        tree.revert()
        self.runner.trees.put(tree)
        with self.lock:
            self.counts[verdict] += 1
            print(f"# {verdict}{f' by {who}' if who else ''}: {place[0]}:{place[1] + 1}", flush=True)
            if verdict == "survived":
                print(diff, flush=True)

    def run(self, places):
        with concurrent.futures.ThreadPoolExecutor(self.args.parallel) as pool:
            list(pool.map(self.one, places))
        print(", ".join(f"{nr} {what}" for what, nr in self.counts.items()))


def run(runner, args, helpers):
    seed = random.randrange(1 << 32) if args.seed is None else args.seed
    places = find_places(args.top, args.room)
    chosen = random.Random(seed).sample(places, min(args.random, len(places)))
    print(f"# seed {seed}, {len(chosen)} of {len(places)} places", flush=True)
    runner.make_trees(args.parallel)
    Survey(runner, args, helpers).run(chosen)
    return 0
