# SPDX-License-Identifier: GPL-2.0-only
"""The tool disturbed at its named steps: killed before or after one, or the step fails.

After a disturbed dump the tree runs on as it was; after a disturbed restore nothing is there.  What is named here is
allowed to be otherwise; test/README.md tells why.  After each of them an undisturbed dump and restore must succeed.
The names of the steps are read from the logs of such a round, so that a new step is disturbed from its first day.
"""
import os
import re
import shutil
import signal
import time

from driver import snapshot
from driver.children import SLOW, Failure
from driver.tool_run import WATCHED
from driver.ways import Ways

OPTION = {"before": "--stop-before", "after": "--stop-after", "fail": "--fail-at"}
TOLD = {"before": "killed before", "after": "killed after", "fail": "made to fail at"}
STEP = re.compile(r"\bstep ([a-z0-9-]+): us=")
WARNED = re.compile(r"did not succeed: .*?^ *[0-9.]+ (warn)\b([^\n]*)", re.S | re.M)
COMMANDS = ("pre-dump", "dump", "restore")
# The step after which a set is one, and after which a tree may be alive.
COMMIT = "commit"
# What a killed dump may leave in each task until the next dump: one mapping of this size, which nobody calls.
LEFT_AREA = re.compile(r"^(proc/\d+)/maps/([0-9a-f]+)-([0-9a-f]+): '<absent>' became")
LEFT_BYTES = 64 << 10
# And with --link-remap the names that it gave to deleted files.
LEFT_NAME = re.compile(r"^link_remap\.\d+$")


def without_left_area(lines):
    """Lines of a comparison, but for one left mapping in each task."""
    out, seen = [], set()
    for line in lines:
        match = LEFT_AREA.match(line)
        if match and match[1] not in seen and int(match[3], 16) - int(match[2], 16) <= LEFT_BYTES:
            seen.add(match[1])
        else:
            out.append(line)
    return out


class Faults(Ways):
    def __init__(self, spec):
        super().__init__(spec)
        self.steps = {}             # command -> names of its steps
        self.moments = {}           # command -> (kind, step) to be disturbed
        self.is_attacking = False   # the next restore is disturbed first
        self.nr_attacks = 0
        self.nr_rounds = 0
        if spec["is_chain"]:        # the tree goes on with its marks after each disturbed dump
            self.may_differ = [WATCHED]

    def fault_rounds(self):
        """Each moment of the dump and a whole round after it, then all moments of one restore."""
        self.learn_steps()
        for command in COMMANDS[:2]:
            for moment in self.moments[command]:
                if not self.attack_dump(command, moment):
                    self.undisturbed_round()
        self.is_attacking = bool(self.moments["restore"])
        self.undisturbed_round()
        self.finish()
        self.notes = [f"{self.nr_attacks} faults, {self.nr_rounds} rounds"]

    def undisturbed_round(self):
        self.nr_rounds += 1
        self.round_trip(self.nr_rounds)
        if self.wrong:      # what comes after it would only repeat it
            raise Failure(f"round {self.nr_rounds}")
        self.forget(self.nr_rounds)

    def forget(self, number):
        shutil.rmtree(os.path.join(self.folder, f"img{number}"))

    # The steps -----------------------------------------------------------------------------

    def learn_steps(self):
        """From the logs of a round; which moments are wanted, too."""
        self.round_trip(0)
        if self.wrong:
            raise Failure("undisturbed")
        logs = {"pre-dump": "1/pre-dump.log", "dump": "dump/dump.log", "restore": "dump/restore.log"}
        for command in COMMANDS:
            name = logs[command] if self.spec["pre"] else os.path.basename(logs[command])
            self.steps[command] = STEP.findall(snapshot.read(os.path.join(self.folder, "img0", name)))
            self.moments[command] = self.wanted(self.steps[command])
        if not any(self.moments.values()):
            raise Failure("no step has that name; there are " +
                          "; ".join(f"{c}: {' '.join(s)}" for c, s in self.steps.items() if s))
        self.forget(0)

    def wanted(self, steps):
        kinds, name, _ = self.spec["fault"]
        return [(kind, step) for step in steps for kind in OPTION if kind in kinds and name in ("all", step)]

    # Disturbed runs ------------------------------------------------------------------------

    def disturbed(self, command, images, moment, options):
        """Runs the tool and judges how it ended; gives how to call it."""
        kind, step = moment
        what = f"{command} {TOLD[kind]} {step}"
        self.nr_attacks += 1
        self.notes = []     # only the last run's are of use
        code = self.tool(command, images, options + [OPTION[kind], step], f"{command}.log")
        if (code <= 0) if kind == "fail" else (code != -signal.SIGKILL):
            raise Failure(f"{what}: the tool ended with {code}: {self.log_tail(images, f'{command}.log')}")
        warned = WARNED.search(snapshot.read(os.path.join(images, f"{command}.log")))
        if warned:      # something could not be taken back
            self.wrong.append(f"{what}: {warned[2]}")
        return what

    def settle(self, done):
        """What done() gives, as soon as it is true or for as long as killed processes need to end."""
        until = min(time.monotonic() + 5 * SLOW, self.limit)
        while True:
            self.reap()
            result = done()
            if result or time.monotonic() > until:
                return result
            time.sleep(0.01)

    def attack_dump(self, command, moment):
        """Gives whether the set was whole and the tree gone, and was restored."""
        before, files = self.snapshot(), self.files()
        number = f"-{command}-{'-'.join(moment)}"
        images, chain = self.images(number), self.chain_options("", None)
        if command == "dump" and self.spec["pre"]:
            self.forget(number)
            images, chain = self.pre_dumps(number, before)
        what = self.disturbed(command, images, moment, ["-t", str(self.root)] + chain)
        if command == "dump" and moment == ("after", self.steps["dump"][-1]):
            self.back_from(images, before, files)
            self.forget(number)
            return True
        self.judge_dump(what, before, files, was_killed=moment[0] != "fail")
        has_set, is_due = os.path.exists(os.path.join(images, "inventory.img")), self.is_committed(command, moment)
        if has_set != is_due:
            self.wrong.append(f"{what}: there is " + ("no set after the commit" if is_due else "a set before the commit"))
        if self.wrong:
            raise Failure(what)
        self.forget(number)
        return False

    def judge_dump(self, what, before, files, was_killed):
        """The tree, and the files around it, are what they were."""
        wrong = []

        def is_same():
            wrong[:] = self.differences(before)
            wrong[:] = without_left_area(wrong) if was_killed else wrong
            return not wrong
        if not self.settle(is_same):
            self.note_wrong(what, wrong)
        for name in self.files() - files if was_killed else ():
            if LEFT_NAME.match(name):
                os.unlink(os.path.join(self.work, name))
        self.same_files(files, what)

    def is_committed(self, command, moment):
        """Whether the step that makes the set, or brings the tree to life, is done."""
        kind, step = moment
        at, commit = self.steps[command].index(step), self.steps[command].index(COMMIT)
        return at > commit or (at == commit and kind == "after")

    def attack_restore(self, images, before, files):
        files = self.files()
        for moment in self.moments["restore"] if self.is_attacking else ():
            # The names of --link-remap are for one tree.
            if any(LEFT_NAME.match(name) for name in files) and self.is_committed("restore", moment):
                continue
            what = self.disturbed("restore", images, moment, ["-d"])
            self.whole_or_nothing(what, moment, before)
            self.same_files(files, what)
            if self.wrong:
                raise Failure(what)

    def whole_or_nothing(self, what, moment, before):
        """Before the commit nothing may be there, after the last step the whole tree, between them one of both."""
        wrong = []

        def is_settled():
            if not self.pids():
                return "nothing"
            wrong[:] = self.differences(before)
            return "" if wrong else "whole"
        found = self.settle(is_settled)
        if found == "whole" and (moment[0] == "fail" or not self.is_committed("restore", moment)):
            self.wrong.append(f"{what}: the tree was made all the same")
        elif found == "nothing" and moment == ("after", self.steps["restore"][-1]):
            self.wrong.append(f"{what}: the tree is gone")
        elif not found:
            self.note_wrong(f"{what}, something is left that is no whole tree", wrong)
        self.end_all()

    def end_all(self):
        def none_left():
            for pid in self.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not self.pids()
        self.wait_for("the disturbed tree to be gone", none_left)
        self.ended.clear()
