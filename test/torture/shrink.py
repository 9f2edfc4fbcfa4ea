# SPDX-License-Identifier: GPL-2.0-only
"""A failed run made smaller: fewer dumps, fewer processes, fewer actions, as long as it still fails."""
import copy
import json
import os
import shutil

NAMES = ("map-anon map-object map-huge unmap-huge map-wide unmap remap-move remap-shrink remap-grow remap-twice protect "
         "brk grow-down dontneed free wipe-on-fork dont-fork hugepage collapse pageout populate lock look store "
         "read-pipe write-self read-direct zeros stamp write-object stamp-object read-object deep nap make-object "
         "drop-object adopt-object truncate cut-tail punch-hole remove map-populated write-shared write-other fork").split()
STEPS = 1024        # more than a run makes


def option(plan, name, value):
    out = copy.deepcopy(plan)
    words = out["options"]
    if name in words:
        at = words.index(name)
        del words[at:at + 2]
    out["options"] = words + [name, value]
    return out


class Shrinker:
    def __init__(self, suite, folder):
        self.suite = suite
        self.folder = folder
        self.runs = 0
        self.why = None

    def fails(self, plan):
        """Once in a few runs is enough: moments are not the same twice."""
        for _ in range(self.suite.args.tries):
            self.runs += 1
            folder = os.path.join(self.folder, "try")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            got = self.suite.run(plan, folder)
            if "failure" in got:
                self.why = got["failure"]
                self.keep(folder)
                return True
        return False

    def keep(self, folder):
        smallest = os.path.join(self.folder, "smallest")
        shutil.rmtree(smallest, ignore_errors=True)
        os.rename(folder, smallest)

    def first_of(self, plan, candidates):
        """The first that still fails, else the plan itself."""
        return next((c for c in candidates if self.fails(c)), plan)

    def simpler_ends(self, plan):
        for change in ({"squash": False}, {"dedup": False}, {"track": False}, {"final": "paused"}):
            smaller = copy.deepcopy(plan)
            for chain in smaller["chains"]:
                chain.update(change)
            if smaller != plan:
                plan = self.first_of(plan, [smaller])
        for change in ({"reference": False}, {"disk": False}, {"hugepages": False}):
            if dict(plan, **change) != plan:
                plan = self.first_of(plan, [dict(plan, **change)])
        return plan

    def fewer_dumps(self, plan):
        while len(plan["chains"]) > 1:
            smaller = self.first_of(plan, [dict(plan, chains=plan["chains"][:-1])])
            if smaller is plan:
                break
            plan = smaller
        size = max((len(plan["chains"][0]["dumps"]) + 1) // 2, 1) if plan["chains"] else 0
        while size:
            at = 0
            while plan["chains"] and at < len(plan["chains"][0]["dumps"]):
                smaller = copy.deepcopy(plan)
                del smaller["chains"][0]["dumps"][at:at + size]
                if smaller["chains"][0]["dumps"] and self.fails(smaller):
                    plan = smaller
                else:
                    at += size
            size //= 2
        return plan

    def fewer_processes(self, plan):
        plan = self.first_of(plan, [option(plan, "--processes", str(n)) for n in (1, 2)])
        return self.first_of(plan, [option(plan, "--writers", "0")])

    def fewer_kinds(self, plan):
        gone, size = [], len(NAMES) // 2
        while size:
            rest = [n for n in NAMES if n not in gone]
            for at in range(0, len(rest), size):
                names = gone + rest[at:at + size]
                smaller = option(plan, "--without", f",{','.join(names)},")
                if len(names) < len(NAMES) and self.fails(smaller):
                    gone, plan = names, smaller
            size //= 2
        return plan

    def fewer_steps(self, plan):
        size = STEPS // 2
        while size >= 8:
            for at in range(0, STEPS, size):
                smaller = copy.deepcopy(plan)
                smaller["options"] += ["--skip", f"0:{at}-{at + size - 1}"]
                if self.fails(smaller):
                    plan = smaller
            size //= 2
        return plan


def shrink(suite, plan, folder, why):
    s = Shrinker(suite, folder)
    s.why = why
    suite.args.log = True
    if not s.fails(plan):
        print(f"       seed {plan['seed']} did not fail again in {s.runs} runs", flush=True)
        return
    for part in (s.fewer_dumps, s.simpler_ends, s.fewer_processes, s.fewer_kinds, s.fewer_steps):
        plan = part(plan)
        print(f"       seed {plan['seed']}: {part.__name__} done after {s.runs} runs", flush=True)
    path = os.path.join(folder, "smallest.json")
    with open(path, "w", encoding="ascii") as f:
        json.dump(plan, f, indent=1)
    print(f"       smallest: {s.why}\n       again: test/torture/run --log --plan {path}\n       actions:", flush=True)
    with open(os.path.join(folder, "smallest", "actions"), encoding="ascii", errors="replace") as f:
        lines = f.read().splitlines()
    print("\n".join("         " + l for l in lines[-60:]), flush=True)
