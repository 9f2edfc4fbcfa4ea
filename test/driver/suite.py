# SPDX-License-Identifier: GPL-2.0-only
"""Cases run in one way: each in a folder and namespaces of its own, with one line of TAP."""
import concurrent.futures
import json
import os
import shlex
import shutil
import sys
import tempfile
import threading
import time

from driver import children, claims, inside, machine, options, skips, spaces, tools
from rig.kernel_log import KernelLog

MOST_TRIES = 3      # of a case whose wait was over too early
HUGE_POOL = "/proc/sys/vm/nr_hugepages"


class Suite:
    def __init__(self, args, words, flavour="h", title=""):
        """@words is the command line that @args came from, @title what of it is new."""
        self.args = args
        self.words = words
        self.title = title
        self.flavour = flavour
        self.way, self.count = options.way_of(args)
        self.name = options.way_name(args, flavour)
        self.ours = os.path.abspath(os.path.join(args.build, "criu-lite"))
        self.dump, self.restore = tools.tools(args) if self.way != "nocr" else ("", "")
        self.by_peer_alone = self.way != "nocr" and not tools.is_ours(self.dump) and not tools.is_ours(self.restore)
        self.is_chain = options.is_chain(args)
        self.has_rounds = self.count > 1 or bool(args.fault)
        self.is_plain = self.way == "cr" and not self.has_rounds and not self.is_chain
        self.no_tracker = tools.missing_tracker(self.dump, args.tracker) if self.is_chain else None
        self.base = tempfile.mkdtemp(prefix="criu-lite-test-", dir=os.environ.get("TMPDIR"))
        os.chmod(self.base, 0o755)
        self.kernel = KernelLog()
        self.lock = threading.Lock()
        self.results = []

    @property
    def ways(self):
        """The words that a case's "not" may name."""
        return {self.way} | {word for word, has in (("iters", self.has_rounds), ("pre", self.is_chain),
                                                    ("fault", self.args.fault), ("dedup", self.args.auto_dedup)) if has}

    def budget(self, case):
        """With every step disturbed there are dozens of rounds."""
        return case.budget * (10 if self.args.fault else 1)

    # One case ------------------------------------------------------------------------------

    def keys_of(self, case):
        """What criu-lite refuses, the peer may be able to do; what it may do differently is looked at."""
        if not self.args.despite_peer and not claims.is_tested(case, self):
            return case.keys
        return {k: v for k, v in case.keys.items() if k != "peer" and not k.endswith("refuse")}

    def spec(self, case, folder, patience):
        args, opts = self.args, self.args.tool_opt
        return {
            "program": case.program(args.build),
            "folder": folder, "keys": self.keys_of(case), "budget": self.budget(case), "way": self.way,
            "count": int(case.one("rounds", "1")) if self.way == "cr" and self.count == 1 else self.count,
            "pre": args.pre[0], "pause": args.pre[1], "tracker": args.tracker, "is_chain": self.is_chain,
            "fault": args.fault, "auto_dedup": args.auto_dedup,
            "patience": patience, "drives_itself": case.drives_itself, "build": os.path.abspath(args.build),
            "dump": self.dump, "restore": self.restore,
            "tool_opts": {"dump": opts + args.dump_opt, "restore": opts + args.restore_opt},
        }

    def run_patiently(self, case, folder):
        """A wait that ends before a slow machine is done with it says nothing: again with a longer one."""
        patience = 4 if self.is_chain or self.has_rounds else 1
        for number in range(1, MOST_TRIES + 1):
            tried = os.path.join(folder, str(number)) if number > 1 else folder
            os.makedirs(tried, exist_ok=True)
            result = self.run_in_namespaces(case, tried, patience)
            if result["status"] != "late":
                return result
            patience *= 3
        return {**result, "status": "fail"}

    def run_in_namespaces(self, case, folder, patience):
        spec = self.spec(case, folder, patience)
        if not os.access(spec["program"], os.X_OK):
            return {"status": "fail", "reason": f"{spec['program']} is not built; run make tests"}
        path, out = os.path.join(folder, "spec.json"), os.path.join(folder, "driver.out")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(spec, f, indent=1)
        limit = spec["budget"] * children.SLOW + 30
        if not spaces.run(lambda: inside.main(path), out, limit):
            return {"status": "fail", "reason": f"hung for {limit:.0f} s"}
        try:
            with open(os.path.join(folder, "result.json"), encoding="utf-8") as f:
                return json.load(f)
        except OSError:
            with open(out, encoding="utf-8") as f:
                return {"status": "fail", "reason": "the driver broke: " + f.read()[-600:].replace("\n", " | ")}

    def again(self, case):
        """One command that repeats this test."""
        more = ["--flavour", self.flavour] if self.flavour != "h" else []
        if os.environ.get(machine.ENV):
            more += ["--vm", os.environ[machine.ENV]]
        return shlex.join(["test/run", "-t", case.name] + options.without_run(self.words) + more)

    def run_alone(self, case):
        """With what belongs to the whole machine changed for the time of the test."""
        if "hugepages" not in case.keys or not os.access(HUGE_POOL, os.W_OK):
            return self.one(case)
        with open(HUGE_POOL, encoding="ascii") as f:
            before = int(f.read())
        try:
            self.set_huge_pages(before + int(case.one("hugepages")))
            return self.one(case)
        finally:
            self.set_huge_pages(before)

    @staticmethod
    def set_huge_pages(number):
        with open(HUGE_POOL, "w", encoding="ascii") as f:
            f.write(str(number))

    def one(self, case):
        began = time.monotonic()
        folder = os.path.join(self.base, case.name.replace("/", "-"))
        os.mkdir(folder)
        why = skips.why_skip(case, self)
        result = {"status": "skip", "reason": why} if why else self.run_patiently(case, folder)
        result = claims.judge(case, self, result)
        warnings = self.kernel.news()
        if warnings and result["status"] == "pass":
            result = {"status": "fail", "reason": "kernel log: " + " | ".join(warnings[:3])}
        if result["status"] == "fail" or self.args.keep:
            result["folder"] = folder
        else:
            shutil.rmtree(folder, ignore_errors=True)
        self.add(case, result, time.monotonic() - began)

    # All of them ---------------------------------------------------------------------------

    def add(self, case, result, took):
        """Keeps the result and prints it."""
        result.update(way=self.name, case=case.name, took=took)
        if result["status"] == "fail":
            result["again"] = self.again(case)
        with self.lock:
            self.results.append(result)
            head = "not ok" if result["status"] == "fail" else "ok"
            tail = f" # SKIP {result['reason']}" if result["status"] == "skip" else ""
            notes = f"; {result['notes']}" if result.get("notes") else ""
            print(f"{head} {len(self.results)} - {case.name} ({self.name}, {took:.2f} s{notes}){tail}")
            if result["status"] == "fail":
                print(f"# {result['reason']}\n# folder: {result['folder']}\n# again:  {result['again']}")
            sys.stdout.flush()

    def run(self, chosen):
        print(f"TAP version 13\n# {self.title or 'way ' + self.way}\n1..{len(chosen)}", flush=True)
        with concurrent.futures.ThreadPoolExecutor(max(1, self.args.parallel)) as pool:
            list(pool.map(self.one, [c for c in chosen if "alone" not in c.keys]))
        for case in chosen:
            if "alone" in case.keys:
                self.run_alone(case)
        if not os.listdir(self.base):
            os.rmdir(self.base)
        return self.results
