# SPDX-License-Identifier: GPL-2.0-only
"""One test, run as the first process of its own pid and mount namespace.

As that first process we inherit every orphan: the restored root task becomes our child, so its exit
status comes straight from waitpid(), and nothing of the tree or of the tool can hide.
"""
import json
import os
import re
import shlex
import signal
import sys
import time

from driver import snapshot

OWN_FILES = {"ready", "go", "here", "dump-opts", "restore-opts"}
WATCHED = r"/maps/watched$"
LEFT_TO_PARENT = re.compile(r"\bparent=[1-9]")
# A stop signal that was sent takes a moment to stop its task.
STOPPING = re.compile(r"^proc/\d+/(stat/state: 'T' became|status/ShdPnd: )")
SLOW = float(os.environ.get("TEST_SLOW", "4"))  # how much slower than a quiet machine this one may be


class Failure(Exception):
    pass


class Skip(Exception):
    pass


class Run:
    def __init__(self, spec):
        self.spec = spec
        self.keys = spec["keys"]
        self.folder = spec["folder"]
        self.work = os.path.join(self.folder, "w")
        self.ended = {}     # pid -> wait status, of children already reaped
        self.limit = time.monotonic() + spec["budget"] * SLOW
        self.root = None
        self.notes = []
        self.masters = []   # terminals
        self.old_shells = []
        self.shells = {}    # pid of a job -> its shell, and the file that says how the job ended
        self.wrong = []     # found differences; the case's own verdict is heard before they are reported

    # Children ------------------------------------------------------------------------------

    def spawn(self, argv, cwd, out, env=None, tty=None, session=True):
        if tty:
            return self.spawn_job(argv, cwd, out, env, tty)
        pid = os.fork()
        if not pid:
            self.become(argv, cwd, out, env, None, session)
        return pid

    def spawn_job(self, argv, cwd, out, env, tty):
        """What a shell does: a session leader on the terminal starts the program in a group of its own."""
        report, told = os.path.join(self.folder, f"shell{len(self.shells) + len(self.old_shells)}"), os.pipe()
        shell = os.fork()
        if shell:
            os.close(told[1])
            with os.fdopen(told[0]) as f:
                pid = int(f.read())
            self.shells[pid] = (shell, report)
            return pid
        os.setsid()
        terminal = os.open(tty, os.O_RDWR)      # a session leader without one: it becomes the session's
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.tcsetpgrp(terminal, os.getpid())
            self.become(argv, cwd, out, env, tty, session=False)
        os.write(told[1], str(pid).encode())
        os.closerange(terminal + 1, 1024)
        os.close(told[1])
        status = os.waitpid(pid, 0)[1]
        with open(report + ".tmp", "w", encoding="ascii") as f:
            f.write(str(status))
        os.rename(report + ".tmp", report)
        while True:
            signal.pause()

    def become(self, argv, cwd, out, env, tty, session):
        """In a new process: turns into the program; never returns."""
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for changed in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTOU, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(changed, signal.SIG_DFL)
            if session:
                os.setsid()
            os.chdir(cwd)
            log = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            stdin = os.open(tty or "/dev/null", os.O_RDWR if tty else os.O_RDONLY)
            for number, fd in ((0, stdin), (1, log), (2, log)):
                os.dup2(fd, number)
            os.closerange(3, 1024)
            os.umask(0o022)
            os.execve(argv[0], argv, os.environ if env is None else env)
        except BaseException as e:  # the child must never return into the driver
            os.write(2, f"cannot start {argv[0]}: {e}\n".encode())
        os._exit(126)

    def reap(self, wait_s=0.0):
        """Collects ended children; waits up to @wait_s for the first one."""
        until = time.monotonic() + wait_s
        for pid, (_, report) in self.shells.items():
            if pid not in self.ended and os.path.exists(report):
                with open(report, encoding="ascii") as f:
                    self.ended[pid] = int(f.read())
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid:
                self.ended[pid] = status
                wait_s = 0
                continue
            left = until - time.monotonic()
            if wait_s <= 0 or left <= 0:
                return
            signal.sigtimedwait([signal.SIGCHLD], min(left, 0.05))

    def wait_for(self, what, done):
        """Until done() gives something; the budget of the whole test is the limit."""
        pause = 0.001
        while True:
            self.reap()
            result = done()
            if result:
                return result
            if time.monotonic() > self.limit:
                raise Failure(f"waited too long for {what}")
            signal.sigtimedwait([signal.SIGCHLD], pause)
            pause = min(pause * 1.5, 0.02)

    def wait_end(self, pid, what):
        self.wait_for(what, lambda: pid in self.ended)
        if pid in self.shells:      # its number may be used again
            shell, _ = self.shells.pop(pid)
            self.old_shells.append(shell)
        return self.ended.pop(pid)

    def pids(self):
        """Everybody but us and our shells."""
        shells = {shell for shell, _ in self.shells.values()}.union(self.old_shells)
        return [pid for pid in snapshot.pids() if pid not in shells]

    def keepers(self):
        """What holds the marks of criu-lite between two dumps; of the tool, not of the tree."""
        return [pid for pid in self.pids() if snapshot.read(f"/proc/{pid}/cmdline").startswith("criu-lite-keeper\0")]

    def snapshot(self):
        keepers = self.keepers()
        return snapshot.take([pid for pid in self.pids() if pid not in keepers])

    def wait_gone(self, what):
        self.wait_for(what, lambda: not self.pids())

    # The case ------------------------------------------------------------------------------

    def start(self):
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o777)
        os.chmod(self.folder, 0o755)
        tty = None
        if "pty" in self.keys:
            tty = self.new_terminal()
        env = {"PATH": os.environ["PATH"], "HOME": "/", "CASE_DIR": self.work}
        env.update({k: v for k, v in os.environ.items() if k.startswith("CASE_") and k != "CASE_DIR"})
        if self.spec["is_chain"]:   # more has to fit in
            env["CASE_WAIT_S"] = str(int(env.get("CASE_WAIT_S", "1")) * 4)
        program = self.spec["program"]
        self.root = self.spawn([program], self.work, os.path.join(self.folder, "out"), env, tty,
                               session="same-session" not in self.keys)
        ready = os.path.join(self.work, "ready")
        self.wait_for("the case to be ready", lambda: os.path.exists(ready) or self.root in self.ended)
        if self.root in self.ended:
            self.judge(self.ended[self.root], early=True)

    def tell_go(self):
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
        self.judge(self.wait_end(self.root, "the case to check itself"))
        self.wait_gone("all tasks of the case to end")

    # The tool ------------------------------------------------------------------------------

    def options(self, command):
        out = []
        for key in ("opts", f"{command}-opts"):
            for line in self.keys.get(key, []):
                out += shlex.split(line.replace("%w", self.work))
            path = os.path.join(self.work, key)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    out += f.read().split("\n")[:-1]
        return out + self.spec["tool_opts"].get(command, [])

    def is_ours(self, command):
        return "criu-lite" in os.path.basename(self.spec[command])

    def tool(self, command, images, extra, log):
        """@command may be "pre-dump", for which everything counts that counts for "dump"."""
        command_of = command.replace("pre-", "")
        argv = [self.spec[command_of], command, "-D", images, "-o", log, "-v4"] + extra + self.options(command_of)
        if command == "restore" and "restore-shell" in self.keys:
            argv = ["/bin/sh", "-c", self.keys["restore-shell"][0].replace("%w", self.work) + "; exec \"$@\"", "sh"] + argv
        with open(os.path.join(self.folder, "commands"), "a", encoding="utf-8") as f:
            f.write(shlex.join(argv) + "\n")
        tty = self.new_terminal() if command == "restore" and "pty" in self.keys else None
        began = time.monotonic()
        pid = self.spawn(argv, self.folder, os.path.join(self.folder, "tool.out"), tty=tty)
        status = self.wait_end(pid, f"{command} to end")
        self.notes.append(f"{command} {(time.monotonic() - began) * 1000:.0f} ms")
        return os.waitstatus_to_exitcode(status)

    def new_terminal(self):
        """The path of a terminal whose other side we hold."""
        master, slave = os.openpty()
        self.masters.append((master, slave))
        return os.ttyname(slave)

    def log_tail(self, images, log):
        """What the tool said: its errors, or its last lines."""
        lines = []
        for path in (os.path.join(images, log), os.path.join(self.folder, "tool.out")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    lines += f.read().splitlines()
        lines = [l for l in lines if "ignored (" not in l]
        wrong = [l for l in lines if re.search(r"\b[Ee]rror\b|cannot|refus", l)]
        return " | ".join((wrong or lines)[-6:])

    def said(self, images, log):
        text = ""
        for path in (os.path.join(images, log), os.path.join(self.folder, "tool.out")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return text

    def images(self, number):
        path = os.path.join(self.folder, f"img{number}")
        os.makedirs(path)
        return path

    def chain_options(self, images, previous):
        out = ["--prev-images-dir", os.path.relpath(previous, images)] if previous else []
        return out + (["--tracker", self.spec["tracker"]] if self.spec["tracker"] and self.is_ours("dump") else [])

    def pre_dumps(self, number, before):
        """As many as asked for, each on top of the one before.  Gives where the dump goes, and its options."""
        base = self.images(number)
        if not self.spec["pre"]:
            return base, []
        previous = None
        for step in range(1, self.spec["pre"] + 1):
            images = os.path.join(base, str(step))
            os.makedirs(images)
            code = self.tool("pre-dump", images, ["-t", str(self.root)] + self.chain_options(images, previous),
                             "pre-dump.log")
            if code < 0 or (code and "refuse" not in self.keys):
                raise Failure(f"pre-dump {step} ended with {code}: {self.log_tail(images, 'pre-dump.log')}")
            self.same(before, f"after pre-dump {step}", [WATCHED])
            self.count_keepers(f"after pre-dump {step}")
            previous = previous if code else images
            time.sleep(self.spec["pause"])
        images = os.path.join(base, "dump")
        os.makedirs(images)
        return images, self.chain_options(images, previous) + (["--track-mem"] if previous else [])

    def count_keepers(self, when):
        nr = len(self.keepers())
        if nr > 1:
            self.wrong.append(f"{when}, there are {nr} keepers")

    def judge_chain(self, images):
        """Was anything left to the parent?  A chain of whole dumps would be right, and of no use."""
        if not self.is_ours("dump") or self.spec["tracker"] == "none" or "whole" in self.keys:
            return
        with open(os.path.join(images, "dump.log"), encoding="utf-8", errors="replace") as f:
            text = f.read()
        whole = re.findall(r"dumped whole: .*", text)
        if any("not in the parent" not in w for w in whole) or not LEFT_TO_PARENT.search(text):
            self.wrong.append(f"the chain was not used: {'; '.join(whole) or 'no page is in the parent'}")

    def files(self):
        return {n for n in os.listdir(self.work) if n not in OWN_FILES}

    def same(self, before, when, more=()):
        """Notes what /proc shows otherwise than @before; @more may differ too."""
        allowed = list(more) + [line.split()[0] for line in self.keys.get("differs", [])]
        if not all(self.is_ours(c) for c in ("dump", "restore")):
            allowed += [l.split()[1] for l in self.keys.get("peer", []) if l.startswith("differs ")]
        if "busy" in self.keys:
            return
        until = time.monotonic() + 2
        wrong = snapshot.compare(before, self.snapshot(), allowed)
        while wrong and all(STOPPING.search(w) for w in wrong) and time.monotonic() < until:
            time.sleep(0.01)
            wrong = snapshot.compare(before, self.snapshot(), allowed)
        if wrong:
            more = f"; and {len(wrong) - 8} more" if len(wrong) > 8 else ""
            self.wrong.append(f"{when}, /proc differs: " + "; ".join(wrong[:8]) + more)

    # Ways ----------------------------------------------------------------------------------

    def expect_refusal(self, command, images, log, code):
        if code == 0:
            raise Failure(f"{command} succeeded, but must refuse")
        if code < 0:
            raise Failure(f"{command} was killed by signal {-code}: {self.log_tail(images, log)}")
        if not self.is_ours(command):
            return
        for pattern in self.keys["refuse" if command == "dump" else "restore-refuse"]:
            if not re.search(pattern, self.said(images, log), re.S):
                raise Failure(f"{command} refused without saying \"{pattern}\": {self.log_tail(images, log)}")

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
        if not {"between", "busy"} & set(self.keys) and self.files() != files:
            self.wrong.append(f"the files were {sorted(files)} and are {sorted(self.files())}")
        return True

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


def swap_off(folder):
    """A case that was cut short may have left its swap file in use."""
    for line in snapshot.read("/proc/swaps").splitlines()[1:]:
        if line.startswith(folder + "/"):
            snapshot.LIBC.swapoff(line.split()[0].encode())


def main(spec_path):
    with open(spec_path, encoding="utf-8") as f:
        spec = json.load(f)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    if os.getsid(0) != os.getpid():
        os.setsid()     # the session we inherited is not visible in here
    run = Run(spec)
    result = {"status": "pass", "reason": ""}
    try:
        run.main()
    except Skip as e:
        result = {"status": "skip", "reason": str(e)}
    except Failure as e:
        run.wrong.insert(0, str(e))
    if run.wrong:
        result = {"status": "fail", "reason": "; ".join(run.wrong)}
    swap_off(spec["folder"])
    result["notes"] = ", ".join(run.notes)
    with open(os.path.join(spec["folder"], "result.json"), "w", encoding="utf-8") as f:
        json.dump(result, f)
    sys.stdout.flush()
    os._exit(0)     # the kernel ends whatever is left in the namespace
