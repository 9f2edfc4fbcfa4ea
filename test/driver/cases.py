# SPDX-License-Identifier: GPL-2.0-only
"""Finding the test programs and reading what each declares about itself in its source.

A declaration is one comment on one line, `/* key: value */` in C and `# key: value` in a script;
test/README.md lists the keys.
"""
import fnmatch
import glob
import os
import re
import shutil

from driver import tools

KEYS = {
    "needs", "peer", "opts", "dump-opts", "restore-opts", "budget", "ldflags", "refuse", "restore-refuse",
    "between", "restore-shell", "differs", "alone", "pty", "busy", "not", "hugepages", "same-session", "squat", "rounds",
    "timed", "whole",
}
# What a run with the peer alone is to show where a case says that the peer cannot.
SHOWN = ("wrong", "refuses", "hangs", "can")
DECLARATION = re.compile(r"^(?:/\*|#) ([a-z][a-z-]*): *(.*?) *(?:\*/)?$")


class Case:
    def __init__(self, path, name):
        self.path = path
        self.name = name
        self.keys = {}
        with open(path, encoding="utf-8") as f:
            for line in f:
                match = DECLARATION.match(line.strip())
                if not match:
                    continue
                if match[1] not in KEYS:
                    raise SystemExit(f"{path}: unknown declaration \"{match[1]}\"")
                self.keys.setdefault(match[1], []).append(match[2])

    def one(self, key, default=""):
        return " ".join(self.keys[key]) if key in self.keys else default

    def words(self, key):
        return self.one(key).split()

    def program(self, build):
        """A case in C was built; a script of test/real is its own program."""
        if self.path.endswith(".c"):
            return os.path.join(os.path.abspath(build), "test", "cases", self.name)
        return self.path

    @property
    def drives_itself(self):
        """Scripts of test/tool call the tool themselves, in the way they are about."""
        return self.name.startswith("tool/") and not self.path.endswith(".c")

    @property
    def budget(self):
        """Seconds a run may take on a quiet machine; the driver multiplies it for slow ones."""
        return int(self.one("budget", "30s").rstrip("s"))

    def peer_refusal(self, dumps, restores):
        """Why the peer cannot take the given part, or None."""
        for what, _, why in self.peer_claims:
            if what == "no" or (what == "no-dump" and dumps) or (what == "no-restore" and restores):
                return why
        return None

    @property
    def peer_claims(self):
        """What is said of the peer: (no, no-dump or no-restore; what a run shows, or None; why)."""
        for line in self.keys.get("peer", []):
            what, _, why = line.partition(" ")
            kind, _, rest = why.partition(" ")
            if what.startswith("no"):
                yield what, kind if kind in SHOWN else None, rest if kind in SHOWN[:3] else why


def find(top):
    """All cases below test/cases, all scripts of test/real and test/tool, by name "room/file"."""
    out = []
    for path in sorted(glob.glob(os.path.join(top, "cases", "*", "*.c"))):
        out.append(Case(path, os.path.relpath(path, os.path.join(top, "cases"))[:-2]))
    for room in ("real", "tool"):
        for path in sorted(glob.glob(os.path.join(top, room, "*"))):
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                out.append(Case(path, f"{room}/{os.path.splitext(os.path.basename(path))[0]}"))
    return out


def select(cases, wanted, unwanted):
    """@wanted and @unwanted are lists of names, rooms or shell patterns; all when none is wanted."""
    def hit(case, patterns):
        room, _, short = case.name.partition("/")
        return any(p.rstrip("/") in (case.name, room, short) or fnmatch.fnmatch(case.name, p) for p in patterns)

    return [c for c in cases if (not wanted or hit(c, wanted)) and not hit(c, unwanted)]


CAPABILITIES = {"chown": 0, "sys_module": 16, "sys_rawio": 17, "net_admin": 12, "sys_ptrace": 19, "sys_admin": 21, "sys_nice": 23,
                "sys_resource": 24, "audit_control": 30, "wake_alarm": 35, "checkpoint_restore": 40, "ipc_lock": 14}


def has_capability(name):
    with open("/proc/self/status", encoding="ascii") as f:
        caps = int(re.search(r"CapEff:\s*(\w+)", f.read())[1], 16)
    return bool(caps >> CAPABILITIES[name] & 1)


def has_cpu(flag):
    with open("/proc/cpuinfo", encoding="ascii") as f:
        return bool(re.search(rf"^flags.*\b{flag}\b", f.read(), re.M))


def kernel_version():
    return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


# kind -> (whether it is there, what is missing); "NAME" is the word behind the colon.
NEEDS = {
    "root": (lambda _: os.geteuid() == 0, "root"),
    "machine": (lambda _: os.path.isdir("/vm/share"), "a virtual machine of its own (test/run --vm)"),
    "cap": (has_capability, "the capability NAME"),
    "cpu": (has_cpu, "a CPU with NAME"),
    "cpus": (lambda n: len(os.sched_getaffinity(0)) >= int(n), "NAME CPUs"),
    "file": (os.path.exists, "NAME"),
    "program": (shutil.which, "the program NAME"),
    "kernel": (lambda n: kernel_version() >= tuple(int(p) for p in n.split(".")), "kernel NAME"),
}


def missing_need(need, tool):
    """Why this machine cannot run a case with that need, or None; @tool is asked for features of the kernel."""
    kind, _, name = need.partition(":")
    if kind == "feature":
        why = tools.missing_feature(tool, name)
        return f"needs the feature {name}: {why}" if why else None
    if kind not in NEEDS:
        raise SystemExit(f"unknown need \"{need}\"")
    is_there, what = NEEDS[kind]
    return None if is_there(name) else "needs " + what.replace("NAME", name)
