# SPDX-License-Identifier: GPL-2.0-only
"""One seed, inside its sandbox: the program, a chain of dumps of it, a restore, and what is compared."""
import glob
import os
import re
import signal
import time

from driver import snapshot
from rig import imageset, sandbox
from rig.sandbox import Failure, pids, read
from rig.tool import Tool

FIRST_PID = 300
SLOW = float(os.environ.get("TEST_SLOW", "4"))
LIMIT_S = 20 * SLOW
# The first process' stack goes on changing while it waits for questions.
RESTLESS = re.compile(r"\[stack\]")
ALLOWED = [
    r"/maps/watched$",      # a restored tree is not tracked
]


def settle(snap):
    """What a snapshot says in more than one way."""
    for key in list(snap):
        # Nobody gets a zombie's signals, and nothing schedules it.
        task, _, what = key.partition("/stat")
        if re.match(r"us/Sig|/nice|/priority", what) and snap.get(f"{task}/stat/state") == "Z":
            del snap[key]
    for key, value in list(snap.items()):
        # The stack may be several areas, of which one is called so.
        if "/maps/7f" in key and value.endswith(" gd]"):
            head, _, ends = key.rpartition("/")
            start, _, end = ends.partition("-")
            del snap[key]
            low, _, high = snap.get(f"{head}/stack", f"{start}-{end}").partition("-")
            snap[f"{head}/stack"] = f"{min(low, start)}-{max(high, end)}"
    return snap


class Drive:
    def __init__(self, box):
        self.box = box
        self.plan = box.spec["plan"]
        self.dir = box.fresh("w")
        self.tool = Tool(box, box.spec["tool"], box.spec["launch"], box.spec["options"])
        self.events = []        # (what, began, ended, progress) of every run of the tool
        self.result = {"predumps": 0, "restores": 0, "events": self.events}
        self.out = os.path.join(box.folder, "program.out")
        self.pid = None
        self.last = None

    # --- the program ---

    def words(self, where, disk):
        spec = self.box.spec
        words = [spec["program"], "--seed", str(self.plan["seed"]), "--dir", where, "--disk", disk,
                 "--direct", spec["direct"]] + self.plan["options"]
        return words + (["--hugepages", "2"] if self.plan["hugepages"] and spec["has_hugepages"] else [])

    def start(self):
        sandbox.set_next_pid(FIRST_PID)
        disk = self.disk_folder("disk")
        more = ["--log", os.path.join(self.box.folder, "actions")] if self.box.spec["log"] else []
        self.pid = self.box.spawn(self.words(self.dir, disk) + more, self.out)
        os.setpriority(os.PRIO_PROCESS, self.pid, self.box.spec["nice"])
        self.wait_steps(self.plan["first_steps"])

    def disk_folder(self, name):
        """Where the program's files are: on a disk, or beside everything else."""
        base = self.box.spec["disk"] if self.plan["disk"] else self.box.folder
        path = os.path.join(base, name)
        os.makedirs(path, exist_ok=True)
        return path

    def progress(self):
        try:
            with open(os.path.join(self.dir, "progress"), "rb") as f:
                return int.from_bytes(f.read(8), "little")
        except FileNotFoundError:
            return 0

    def look_for_trouble(self):
        text = read(os.path.join(self.dir, "failed")).strip()
        if text:
            raise Failure("the program: " + text.replace("\n", "; ")[:1500])
        if self.pid in self.box.ended:
            raise Failure(f"the program ended with status {self.box.ended[self.pid]:#x}: {read(self.out)[-500:]}")

    def wait(self, what, done):
        def look():
            result = done()
            if not result:
                self.look_for_trouble()
            return result
        return self.box.wait_for(what, look, LIMIT_S)

    def wait_steps(self, nr):
        goal = self.progress() + nr
        self.wait(f"{nr} steps", lambda: self.progress() >= goal)

    def ask(self, word):
        answer = os.path.join(self.dir, "answer")
        if os.path.exists(answer):
            os.unlink(answer)
        temporary = os.path.join(self.dir, "ask.new")
        with open(temporary, "w", encoding="ascii") as f:
            f.write(word)
        os.rename(temporary, os.path.join(self.dir, "ask"))
        self.wait(f"the answer to {word}", lambda: os.path.exists(answer))
        text = read(answer).strip()
        os.unlink(answer)
        return text

    # --- the tool ---

    def call(self, what, images, *args):
        began = time.monotonic()
        got = self.tool.run(what, images, args, timeout_s=LIMIT_S, verbosity=4)
        self.events.append((what, os.path.basename(images), began, time.monotonic(), self.progress(), got.cpu_us))
        if not got.is_fine:
            self.look_for_trouble()
            raise Failure(f"{what} of {os.path.basename(images)} {got.why()}")
        return got

    def one_dump(self, dump, images, previous, chain, last=False):
        args = ["-t", str(self.pid), "--tracker", self.box.spec["tracker"]]
        if previous:
            args += ["--prev-images-dir", os.path.relpath(previous, images)]
        if chain["dedup"] and previous:
            args.append("--auto-dedup")
        if last:
            self.call("dump", images, *args, *(["--track-mem"] if chain["track"] else []))
        elif dump["kind"] == "snapshot":
            self.call("dump", images, "--leave-running", "--track-mem", *args)
        else:
            self.call("pre-dump", images, *(["--pre-dump-mode", "read"] if dump["read"] else []), *args)
            self.result["predumps"] += 1

    def run_chain(self, number, chain):
        base = self.box.fresh(f"chain{number}")
        previous = None
        for i, dump in enumerate(chain["dumps"], 1):
            self.wait_steps(dump["steps"])
            time.sleep(dump["delay_us"] / 1e6)
            images = os.path.join(base, str(i))
            os.mkdir(images)
            self.one_dump(dump, images, previous, chain)
            self.box.reap()
            self.look_for_trouble()
            previous = images
        before = self.rest(chain)
        images = os.path.join(base, "last")
        os.mkdir(images)
        self.one_dump(None, images, previous, chain, last=True)
        self.box.wait_for("the dumped tree to be gone", lambda: not self.tree(), LIMIT_S)
        self.box.ended.clear()
        self.restore(chain, images)
        self.compare(chain, before)

    def restore(self, chain, images):
        self.call("verify", images)
        if chain["squash"]:
            whole = os.path.join(os.path.dirname(images), "whole")
            self.squash(images, whole)
            images = whole
        sandbox.set_next_pid(imageset.free_pids(images, 64))
        self.call("restore", images, "-d")
        self.result["restores"] += 1

    def squash(self, images, whole):
        out = os.path.join(self.box.folder, "squash.out")
        pid = self.box.spawn([self.box.spec["tool"], "squash", images, "-o", whole], out)
        self.box.wait_for("squash", lambda: pid in self.box.ended, LIMIT_S)
        if self.box.ended.pop(pid):
            raise Failure("squash: " + read(out)[-800:])

    # --- before and after ---

    def rest(self, chain):
        """Brings the program to rest, unless it is to be dumped while it works; gives what it was."""
        time.sleep(chain["delay_us"] / 1e6)
        if chain["final"] == "busy":
            return None
        state = self.ask("pause")
        self.ask("freed")
        # One that was told to leave may not have ended yet.
        nr = int(re.search(r"processes=(\d+)", state)[1])
        self.wait("processes to have left", lambda: len(self.living()) == nr)
        if chain["final"] == "stopped":
            self.signal_all(signal.SIGSTOP, "T")
        return {"answer": state, "snapshot": snapshot.take(self.tree()), "memory": self.look("before")}

    def signal_all(self, number, state):
        tasks = self.tree()
        for pid in tasks:
            os.kill(pid, number)
        self.box.wait_for("stopped processes", lambda: all(self.state(p) in state + "Z" for p in tasks), LIMIT_S)

    @staticmethod
    def stat(pid):
        text = read(f"/proc/{pid}/stat")
        return text[text.rfind(")") + 2:].split()

    def state(self, pid):
        return "".join(self.stat(pid)[:1])

    def tree(self):
        """The program's processes: its session.  A keeper of the tool is none of them."""
        return [p for p in pids() if self.stat(p)[3:4] == [str(self.pid)]]

    def living(self):
        return [p for p in self.tree() if self.state(p) not in ("Z", "")]

    def look(self, name):
        path = os.path.join(self.box.folder, f"memory.{name}")
        self.helper("look", path, *map(str, self.living()))
        return path

    def helper(self, *words):
        out = os.path.join(self.box.folder, f"{words[0]}.out")
        if os.path.exists(out):
            os.unlink(out)
        pid = self.box.spawn([self.box.spec["program"], *words], out)
        self.box.wait_for(words[0], lambda: pid in self.box.ended, LIMIT_S)
        status = self.box.ended.pop(pid)
        if status >> 8 > 1 or status & 0x7f:
            raise Failure(f"{words[0]} ended with {status:#x}: {read(out)[-500:]}")
        return read(out)

    def compare(self, chain, before):
        if before:
            wrong = self.compare_memory(chain, before)
            wrong += snapshot.compare(settle(before["snapshot"]), settle(snapshot.take(self.tree())), ALLOWED)
            if wrong:
                raise Failure(f"{len(wrong)} differences: " + "; ".join(wrong[:12]))
        if chain["final"] == "stopped":
            self.signal_all(signal.SIGCONT, "SRD")
        state = self.ask("pause")
        if before and before["answer"] != state:
            raise Failure(f"the program said \"{before['answer']}\" and says \"{state}\"")
        self.ask("verify")
        self.ask("resume")
        self.wait_steps(self.plan["more_steps"])

    def compare_memory(self, chain, before):
        text = self.helper("differ", before["memory"], self.look("after"), *glob.glob(os.path.join(self.dir, "freed.*")))
        lines = text.splitlines()[:-1]
        return [l for l in lines if chain["final"] == "stopped" or not RESTLESS.search(l)]

    # --- the end ---

    def finish(self):
        state = self.ask("pause")
        self.ask("verify")
        if self.plan["reference"]:
            self.compare_reference(state)
        self.ask("stop")
        self.box.wait_for("the program's end", lambda: self.pid in self.box.ended, LIMIT_S)
        self.look_for_trouble_at_end()
        self.box.wait_gone("all processes, and what keeps their marks, to end", LIMIT_S)
        self.result["state"] = state

    def look_for_trouble_at_end(self):
        if self.box.ended[self.pid]:
            self.look_for_trouble()

    def compare_reference(self, state):
        """The same seed without a dump must come to the same records."""
        where = self.box.fresh("reference")
        rounds = re.search(r"round=(\d+)", state)[1]
        out = os.path.join(self.box.folder, "reference.out")
        words = self.words(where, self.disk_folder("disk-reference"))
        pid = self.box.spawn(words + ["--fast", "--rounds", rounds], out)
        self.box.wait_for("the reference", lambda: pid in self.box.ended, 2 * LIMIT_S)
        status = self.box.ended.pop(pid)
        text = read(out)
        if status or re.search(r"digest=\S+", text)[0] != re.search(r"digest=\S+", state)[0]:
            raise Failure(f"without a dump: {text.strip()[-600:]}; with dumps: {state}")


def role(box):
    drive = Drive(box)
    try:
        drive.start()
        for number, chain in enumerate(drive.plan["chains"]):
            drive.run_chain(number, chain)
        drive.finish()
    except Failure as e:
        drive.result["failure"] = str(e)
        try:
            drive.look_for_trouble()
        except Failure as program:
            if str(program) not in str(e):
                drive.result["failure"] = f"{e}; {program}"
    return drive.result
