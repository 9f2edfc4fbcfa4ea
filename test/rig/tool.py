# SPDX-License-Identifier: GPL-2.0-only
"""One run of criu-lite or its peer under test/rig/launch, and what it cost."""
import dataclasses
import os
import re

from rig import wire
from rig.sandbox import read

DUMP_STATS = {1: "freezing_us", 2: "frozen_us", 3: "memdump_us", 4: "memwrite_us", 5: "pages_scanned",
              7: "pages_written", 14: "shpages_written"}
RESTORE_STATS = {3: "forking_us", 4: "restore_us", 5: "pages_restored"}
NOT_IMAGES = re.compile(r"\.log$|^stats-|\.out$")


def is_ours(path):
    return "criu-lite" in os.path.basename(path)


@dataclasses.dataclass
class Result:
    status: int         # exit status, or minus the signal
    wall_us: int
    maxrss_kb: int
    cpu_us: int
    verdict: str        # ended, killed (as asked), hung
    said: str           # standard output and error
    log: str            # path of the log

    @property
    def is_fine(self):
        return self.status == 0 and self.verdict == "ended"

    def errors(self):
        """What went wrong in the tool's own words: one item per failure it reported."""
        lines = [l for l in read(self.log).splitlines() if is_error(l)]
        if not lines:
            lines = [l for l in self.said.splitlines() if l.strip()]
        return [re.sub(r"^ *[\d.]+ +error +error +\S+ +", "", l).strip() for l in lines]

    def why(self):
        how = f"hung and was killed after {self.wall_us / 1e6:.0f} s" if self.verdict == "hung" else (
            f"was killed by signal {-self.status}" if self.status < 0 else f"ended with {self.status}")
        return how + ": " + (" | ".join(self.errors()[-4:]) or "it said nothing")


def is_error(line):
    """A line of our log that tells of a failure (one each), or one of the peer's errors."""
    return bool(re.match(r"^ *[\d.]+ +error +error\b", line)) or bool(re.match(r"^\([\d.]+\).*Error \(", line))


class Tool:
    def __init__(self, sandbox, path, launch, options=()):
        self.sandbox = sandbox
        self.path = path
        self.launch = launch
        self.options = list(options)

    def run(self, command, images, extra=(), kill_us=None, timeout_s=600, verbosity=None, work=None):
        """The log is COMMAND.log in @work or in the image directory."""
        argv = [self.launch]
        argv += ["-k", str(int(kill_us))] if kill_us is not None else ["-t", str(int(timeout_s))]
        out = os.path.join(work or images, f"{command}.out")
        argv += [out, self.path, command, "-D", images, "-o", f"{command}.log"]
        argv += ["-W", work] if work else []
        argv += [f"-v{verbosity}"] if verbosity else []
        argv += self.options + list(extra)
        reader, writer = os.pipe2(os.O_CLOEXEC)
        pid = self.sandbox.spawn(argv, out, stdout=writer)
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as f:
            words = f.readline().split()
        self.sandbox.wait_for("the launcher to end", lambda: pid in self.sandbox.ended)
        del self.sandbox.ended[pid]
        if len(words) != 6:
            raise RuntimeError(f"{self.launch} said nothing; {read(out)}")
        return Result(status=int(words[0]), wall_us=int(words[1]), maxrss_kb=int(words[2]),
                      cpu_us=int(words[3]) + int(words[4]), verdict=words[5], said=read(out),
                      log=os.path.join(work or images, f"{command}.log"))

    def dump(self, pid, images, extra=(), **more):
        return self.run("dump", images, ["-t", str(pid)] + list(extra), **more)

    def restore(self, images, extra=(), **more):
        return self.run("restore", images, ["-d"] + list(extra), **more)


def stats(folder, command):
    """The numbers of stats-dump or stats-restore by name; {} when there are none."""
    try:
        with open(os.path.join(folder, f"stats-{command}"), "rb") as f:
            data = f.read()
    except OSError:
        return {}
    entry = wire.decode(data[12:12 + int.from_bytes(data[8:12], "little")])
    field, names = (1, DUMP_STATS) if command == "dump" else (2, RESTORE_STATS)
    inner = next((f.value for f in entry if f.number == field), b"")
    return {names[f.number]: f.value for f in wire.decode(inner) if f.number in names}


def image_bytes(folder):
    """Bytes of all files of a set, without logs and statistics."""
    return sum(os.path.getsize(os.path.join(folder, n)) for n in os.listdir(folder) if not NOT_IMAGES.search(n))
