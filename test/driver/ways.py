# SPDX-License-Identifier: GPL-2.0-only
"""The ways in which one test runs: dumps and restores in a row, dumps alone, chains of them."""
import os
import shlex
import signal
import time

from driver import snapshot
from driver.children import Failure
from driver.tool_run import WATCHED, ToolRun


class Ways(ToolRun):
    def dump_running(self, extra):
        """A dump that must not change anything: refused, or with --leave-running."""
        before = self.snapshot()
        images, chain = self.pre_dumps(1, before)
        code = self.tool("dump", images, ["-t", str(self.root)] + chain + extra, "dump.log")
        if "refuse" in self.keys:
            self.expect_refusal("dump", images, "dump.log", code)
        elif code:
            raise Failure(f"dump ended with {code}: {self.log_tail(images, 'dump.log')}")
        elif chain:
            self.judge_chain(images)
        self.same(before, "after a dump that leaves the tree", [WATCHED] if chain else [])
        self.count_keepers("after a dump that leaves the tree")
        self.finish()

    def squat(self):
        """Something else that runs under the number the root task had."""
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as f:
            f.write(str(self.root - 1))
        path = os.path.join(self.folder, "squatter")
        os.symlink("/bin/sleep", path)
        pid = self.spawn([path, "1000"], self.folder, os.path.join(self.folder, "squatter.out"))
        if pid != self.root:
            raise Failure(f"the squatter got pid {pid} instead of {self.root}")
        self.wait_for("the squatter", lambda: snapshot.read(f"/proc/{pid}/comm") == "squatter\n")
        return pid

    def round_trip(self, number):
        before = self.snapshot()
        files = self.files()
        images, chain = self.pre_dumps(number, before)
        code = self.tool("dump", images, ["-t", str(self.root)] + chain, "dump.log")
        if code:
            raise Failure(f"dump ended with {code}: {self.log_tail(images, 'dump.log')}")
        if chain:
            self.judge_chain(images)
        return self.back_from(images, before, files)

    def back_from(self, images, before, files):
        """The tree was dumped and ends; its restore must be what it was @before."""
        if not os.path.exists(os.path.join(images, "inventory.img")):
            raise Failure("dump left no inventory.img")
        status = self.wait_end(self.root, "the dumped root task to end")
        if not os.WIFSIGNALED(status):
            raise Failure(f"the dumped task ended by itself with status {status:#x}: {self.case_output()}")
        self.wait_gone("the dumped tree to be gone")
        for command in self.keys.get("between", []):
            if os.system(f"cd {shlex.quote(self.work)} && {command}"):
                raise Failure(f"between dump and restore, \"{command}\" did not work")
        self.attack_restore(images, before, files)
        squatter = self.squat() if "squat" in self.keys else None
        code = self.tool("restore", images, ["-d"], "restore.log")
        if squatter:
            os.kill(squatter, signal.SIGKILL)
        if "restore-refuse" in self.keys:
            self.expect_refusal("restore", images, "restore.log", code)
            self.wait_gone("what the refused restore made")
            return False
        if code:
            raise Failure(f"restore ended with {code}: {self.log_tail(images, 'restore.log')}")
        self.same(before, "after the restore")
        if not {"between", "busy"} & set(self.keys):
            self.same_files(files, "after the restore")
        return True

    def same_files(self, files, when):
        if self.files() != files:
            self.wrong.append(f"{when}, the files were {sorted(files)} and are {sorted(self.files())}")

    def attack_restore(self, images, before, files):
        """For the way that disturbs restores first (faults.py)."""

    def fault_rounds(self):
        raise NotImplementedError

    def states(self):
        return [snapshot.read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] for pid in self.pids()]

    def stopped_round(self):
        """--leave-stopped: nobody runs after the dump until SIGCONT."""
        before = self.snapshot()
        images, chain = self.pre_dumps(1, before)
        code = self.tool("dump", images, ["-t", str(self.root), "--leave-stopped"] + chain, "dump.log")
        if code:
            raise Failure(f"dump ended with {code}: {self.log_tail(images, 'dump.log')}")
        # A stop signal takes a moment to arrive at every thread.
        self.wait_for("all tasks to stop", lambda: all(s in "TZ" for s in self.states()))
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.05)
        self.same(before, "after --leave-stopped and SIGCONT", [WATCHED] if chain else [])
        self.finish()

    def snaps(self, count):
        """Dumps with --leave-running, each a whole one."""
        for number in range(1, count + 1):
            before = self.snapshot()
            images = self.images(number)
            code = self.tool("dump", images, ["-t", str(self.root), "--leave-running"], "dump.log")
            if code:
                raise Failure(f"dump {number} ended with {code}: {self.log_tail(images, 'dump.log')}")
            self.same(before, f"after dump {number} with --leave-running")
        self.finish()

    def chained_snaps(self, count):
        """Dumps with --leave-running on top of each other; the last one ends the tree and is restored."""
        before, previous = self.snapshot(), None
        for number in range(1, count + 1):
            files = self.files()
            images = self.images(number)
            extra = ["-t", str(self.root), "--track-mem"] + self.chain_options(images, previous)
            code = self.tool("dump", images, extra + ([] if number == count else ["--leave-running"]), "dump.log")
            if code:
                raise Failure(f"dump {number} ended with {code}: {self.log_tail(images, 'dump.log')}")
            if previous:
                self.judge_chain(images)
            if number < count:
                self.same(before, f"after dump {number} with --leave-running", [WATCHED])
                self.count_keepers(f"after dump {number} with --leave-running")
                time.sleep(self.spec["pause"])
            previous = images
        if self.back_from(images, before, files):
            self.finish()

    def watch_script(self):
        """A script that calls the tool itself: we are its init, and nothing may be left at its end."""
        env = dict(os.environ, TOOL=self.spec["dump"], CASES=os.path.join(self.spec["build"], "test", "cases"))
        os.makedirs(self.work)
        os.chmod(self.work, 0o777)
        os.chmod(self.folder, 0o755)
        pid = self.spawn([self.spec["program"]], self.work, os.path.join(self.folder, "out"), env)
        self.judge(self.wait_end(pid, "the script to end"))
        until = time.monotonic() + 2    # what the script ended needs a moment to end
        while self.pids() and time.monotonic() < until:
            self.reap(0.02)
        left = self.pids()
        if left:
            names = [snapshot.read(f"/proc/{p}/comm").strip() for p in left]
            raise Failure(f"processes were left: {dict(zip(left, names))}")

    def main(self):
        way = self.spec["way"]
        mounts = snapshot.read("/proc/self/mountinfo")
        if self.spec["drives_itself"]:
            return self.watch_script()
        self.start()
        if way == "nocr":
            self.finish()
        elif self.spec["fault"]:
            self.fault_rounds()
        elif way == "norst" or "refuse" in self.keys:
            self.dump_running(["--leave-running"])
        elif way == "stop":
            self.stopped_round()
        elif way == "snaps" and self.spec["is_chain"]:
            self.chained_snaps(self.spec["count"])
        elif way == "snaps":
            self.snaps(self.spec["count"])
        elif all(self.round_trip(n + 1) for n in range(self.spec["count"])):
            self.finish()
        if snapshot.read("/proc/self/mountinfo") != mounts:
            self.wrong.append("mounts were left behind")
