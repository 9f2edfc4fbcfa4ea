# SPDX-License-Identifier: GPL-2.0-only
"""The tool of one test: called, asked for what it said; chains of dumps and what they must have left."""
import os
import re
import shlex
import time

from driver import dedup
from driver.case_run import CaseRun
from driver.children import Failure

WATCHED = r"/maps/watched$"
LEFT_TO_PARENT = re.compile(r"\bparent=[1-9]")


class ToolRun(CaseRun):
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

    def log_tail(self, images, log):
        """What the tool said: its errors, or its last lines."""
        lines = []
        for path in (os.path.join(images, log), os.path.join(self.folder, "tool.out")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    lines += f.read().splitlines()
        lines = [l for l in lines if "ignored (" not in l]
        errors = [l for l in lines if "Error (" in l and "RLIMIT_NOFILE" not in l]     # of CRIU
        wrong = errors or [l for l in lines if re.search(r"\b[Ee]rror\b|cannot|refus", l)]
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
        out += ["--auto-dedup"] if self.spec["auto_dedup"] else []
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
        if self.spec["auto_dedup"]:
            self.judge_dedup(images)
        if not self.is_ours("dump") or self.spec["tracker"] == "none" or "whole" in self.keys:
            return
        with open(os.path.join(images, "dump.log"), encoding="utf-8", errors="replace") as f:
            text = f.read()
        whole = re.findall(r"dumped whole: .*", text)
        if any("not in the parent" not in w for w in whole) or not LEFT_TO_PARENT.search(text):
            self.wrong.append(f"the chain was not used: {'; '.join(whole) or 'no page is in the parent'}")

    def judge_dedup(self, images):
        nr, kept = dedup.check(images)
        self.notes.append(f"{nr} pages given back")
        if kept:
            self.wrong.append("--auto-dedup: " + "; ".join(kept))
        elif not nr and self.spec["tracker"] == "none":
            self.wrong.append("--auto-dedup: no page was replaced, although each counts as changed")

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
