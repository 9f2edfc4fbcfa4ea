# SPDX-License-Identifier: GPL-2.0-only
"""A running subject (subject.h): started, asked, told apart from what it was before."""
import os
import re

from rig.sandbox import Failure, read


class Subject:
    def __init__(self, sandbox, argv, name="w"):
        self.sandbox = sandbox
        self.dir = sandbox.fresh(name)
        self.output = os.path.join(sandbox.folder, f"{name}.out")
        self.argv = [argv[0], self.dir] + [str(a) for a in argv[1:]]
        self.pid = None
        self.served = -1    # the number of the last answer

    @classmethod
    def restored(cls, sandbox, directory, pid):
        """One that a restore made elsewhere from the images."""
        subject = cls.__new__(cls)
        subject.sandbox, subject.dir, subject.pid, subject.served = sandbox, directory, pid, -1
        subject.output = os.path.join(sandbox.folder, "subject.out")
        return subject

    def start(self, limit_s=120.0):
        # Its output is no file of the image's folder, so that a set can be moved.
        self.pid = self.sandbox.spawn(self.argv, self.output)
        return self.ask(limit_s)

    def died(self):
        return self.pid in self.sandbox.ended

    def ask(self, limit_s=60.0, directory=None):
        """The counters of its answer; Failure when it is not well, dead or silent."""
        directory = directory or self.dir
        ask, answer = os.path.join(directory, "ask"), os.path.join(directory, "answer")
        if os.path.exists(answer):
            os.unlink(answer)
        with open(ask, "w", encoding="ascii"):
            pass
        try:
            self.sandbox.wait_for("an answer of the subject", lambda: os.path.exists(answer) or self.died(), limit_s)
        finally:
            if os.path.exists(ask):
                os.unlink(ask)
        if not os.path.exists(answer):
            raise Failure(f"the subject died with status {self.sandbox.ended[self.pid]:#x}: "
                          f"{read(self.output).strip()[-500:]}")
        text = read(answer).strip()
        os.unlink(answer)
        if not text.startswith("ok "):
            raise Failure(f"the subject is not well: {text} {read(self.output).strip()[-500:]}")
        return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)\b", text)}

    def ask_next(self, limit_s=60.0):
        """The same, and it must go on where it stopped: answers are numbered."""
        got = self.ask(limit_s)
        if self.served >= 0 and got["served"] != self.served + 1:
            raise Failure(f"the subject's answer has number {got['served']} after {self.served}")
        self.served = got["served"]
        return got
