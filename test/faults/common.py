# SPDX-License-Identifier: GPL-2.0-only
"""A target with its tool, and what is looked at after each attack on them."""
import os

import state
from rig import imageset, sandbox
from rig.sandbox import Failure, pids
from rig.subject import Subject
from rig.tool import Tool, is_ours

FIRST_PID = 300     # far from the pids of the tool and its helpers
GONE_S = 20


class Scene:
    def __init__(self, box, words=()):
        """@words are for the target."""
        self.box = box
        self.words = list(words) + ([] if is_ours(box.spec["tool"]) else ["lenient"])
        self.tool = Tool(box, box.spec["tool"], box.spec["launch"], box.spec["options"])
        self.wrong = []
        self.subject = None
        self.before = None
        self.nr_names = 0       # names of deleted files that a killed restore left
        self.nr_cut = 0         # waits of the target that a killed tool cut short, so far
        self.tool_pid = None    # where pids are free that the images do not want
        self.work = box.fresh("log")

    def start(self):
        """A new target, and its state."""
        sandbox.set_next_pid(FIRST_PID)
        self.subject = Subject(self.box, [self.box.spec["target"]] + self.words)
        self.nr_cut = 0
        self.subject.start()
        self.before = state.take(self.subject.pid)

    def dump_to_end(self, name="images"):
        """A whole dump that ends the tree; gives the folder of its images."""
        images = self.box.fresh(name)
        dumped = self.tool.dump(self.subject.pid, images, timeout_s=60)
        if not dumped.is_fine:
            raise Failure(f"an undisturbed dump {dumped.why()}")
        self.box.wait_gone()
        self.box.ended.clear()
        self.tool_pid = imageset.free_pids(images, 200)
        return images

    def restore(self, images, *args, **more):
        """The tool and its helpers must not have the pids that they are to restore."""
        sandbox.set_next_pid(self.tool_pid)
        return self.tool.restore(images, *args, work=self.work, **more)

    def restore_whole(self, images):
        restored = self.restore(images, timeout_s=60)
        if not restored.is_fine:
            raise Failure(f"an undisturbed restore {restored.why()}")

    @property
    def alive_mark(self):
        return os.path.join(self.subject.dir, "alive")

    def forget_alive(self):
        if os.path.exists(self.alive_mark):
            os.unlink(self.alive_mark)

    def check_target(self, what, may_leave=0):
        """After a dump: it runs, nobody traces it, and it is what it was."""
        try:
            self.nr_cut = self.subject.ask(30)["cut"]
        except Failure as e:
            return [f"{what}: {e}"]
        after = state.take(self.subject.pid)
        return [f"{what}: {d}" for d in state.differences(self.before, after, may_leave)]

    def nothing_left(self, limit_s=GONE_S):
        """Whether all processes of the namespace went away."""
        try:
            self.box.wait_gone("what a restore made", limit_s)
        except Failure:
            return False
        self.box.ended.clear()
        return True

    def check_nothing(self, what, around):
        """After a restore that must have had no effect."""
        wrong = []
        if not self.nothing_left():
            names = [f"{p} {sandbox.read(f'/proc/{p}/comm').strip()}" for p in pids()]
            wrong.append(f"{what}: processes were left behind: {', '.join(names[:6])}")
            self.box.kill_all()
        if os.path.exists(self.alive_mark):
            wrong.append(f"{what}: a task of the tree has run")
            self.forget_alive()
        return wrong + [f"{what}: {c}" for c in around.changes()]
