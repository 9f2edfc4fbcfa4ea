# SPDX-License-Identifier: GPL-2.0-only
"""The case of one test: started, told to go on, heard; and what /proc must say of it."""
import os
import re
import time

from driver import snapshot
from driver.children import Children, Failure, Skip

OWN_FILES = {"ready", "go", "dump-opts", "restore-opts"}
HERE = "here."     # the start of what case_here() makes
# A stop signal that was sent takes a moment to stop its task.
STOPPING = re.compile(r"^proc/\d+/(stat/state: 'T' became|status/ShdPnd: )")


class CaseRun(Children):
    def __init__(self, spec):
        super().__init__(spec)
        self.spec = spec
        self.keys = spec["keys"]
        self.work = os.path.join(self.folder, "w")
        self.root = None
        self.masters = []   # terminals
        self.notes = []
        self.wait_s = 0         # how long a timed case waits
        self.began = time.monotonic()
        self.went_on = None     # when it was told to
        self.may_differ = []    # in every comparison: regular expressions of keys
        self.wrong = []     # found differences; the case's own verdict is heard before they are reported

    def start(self):
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o777)
        os.chmod(self.folder, 0o755)
        tty = None
        if "pty" in self.keys:
            tty = self.new_terminal()
        env = {"PATH": os.environ["PATH"], "HOME": "/", "CASE_DIR": self.work}
        env.update({k: v for k, v in os.environ.items() if k.startswith("CASE_") and k != "CASE_DIR"})
        self.wait_s = int(env.get("CASE_WAIT_S", "1")) * self.spec["patience"]
        env["CASE_WAIT_S"] = str(self.wait_s)
        self.began = time.monotonic()
        program = self.spec["program"]
        self.root = self.spawn([program], self.work, os.path.join(self.folder, "out"), env, tty,
                               session="same-session" not in self.keys)
        ready = os.path.join(self.work, "ready")
        self.wait_for("the case to be ready", lambda: os.path.exists(ready) or self.root in self.ended)
        if self.root in self.ended:
            self.judge(self.ended[self.root], early=True)

    def is_late(self):
        """Did its wait end by itself before everything had happened that was to fit in?"""
        return "timed" in self.keys and (self.went_on or time.monotonic()) - self.began >= self.wait_s

    def tell_go(self):
        self.went_on = time.monotonic()
        with open(os.path.join(self.work, "go"), "w", encoding="ascii"):
            pass

    def case_output(self):
        with open(os.path.join(self.folder, "out"), encoding="utf-8", errors="replace") as f:
            return f.read().strip()

    def judge(self, status, early=False):
        code = os.waitstatus_to_exitcode(status)
        text = self.case_output().replace("\n", "; ")
        if code == 77:
            raise Skip(text.replace("skip: ", "") or "no reason given")
        if code == 0 and not early:
            return
        when = " before it was ready" if early else ""
        raise Failure(f"the case ended with {code}{when}: {text}")

    def finish(self):
        """The word to go on, and the case's own verdict."""
        self.tell_go()
        self.reap()
        if self.root not in self.ended and not os.path.exists(f"/proc/{self.root}"):
            raise Failure("the root task is gone")
        self.judge(self.wait_end(self.root, "the case to check itself"))
        self.wait_gone("all tasks of the case to end")

    def new_terminal(self):
        """The path of a terminal whose other side we hold."""
        master, slave = os.openpty()
        self.masters.append((master, slave))
        return os.ttyname(slave)

    def files(self):
        return {n for n in os.listdir(self.work) if n not in OWN_FILES and not n.startswith(HERE)}

    def differences(self, before, more=()):
        """What /proc shows otherwise than @before; @more may differ too."""
        allowed = self.may_differ + list(more) + [line.split()[0] for line in self.keys.get("differs", [])]
        if not all(self.is_ours(c) for c in ("dump", "restore")):
            allowed += [l.split()[1] for l in self.keys.get("peer", []) if l.startswith("differs ")]
        return [] if "busy" in self.keys else snapshot.compare(before, self.snapshot(), allowed)

    def same(self, before, when, more=()):
        """Notes the differences, but for those that go away by themselves."""
        until = time.monotonic() + 2
        wrong = self.differences(before, more)
        while wrong and all(STOPPING.search(w) for w in wrong) and time.monotonic() < until:
            time.sleep(0.01)
            wrong = self.differences(before, more)
        self.note_wrong(when, wrong)

    def note_wrong(self, when, wrong):
        if wrong:
            more = f"; and {len(wrong) - 8} more" if len(wrong) > 8 else ""
            self.wrong.append(f"{when}, /proc differs: " + "; ".join(wrong[:8]) + more)
