# SPDX-License-Identifier: GPL-2.0-only
"""Lines of results and their sum, and where everything is found."""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Report:
    def __init__(self, name, where=None):
        self.name = name
        self.counts = {"pass": 0, "fail": 0, "skip": 0}
        self.base = tempfile.mkdtemp(prefix=f"criu-lite-{name}-", dir=where)

    def folder(self, name):
        path = os.path.join(self.base, name)
        os.makedirs(path, exist_ok=True)
        return path

    def add(self, status, what, text="", folder=None):
        """@folder is kept after a failure and removed otherwise."""
        self.counts[status] += 1
        word = {"pass": "ok", "fail": "not ok", "skip": "skip"}[status]
        print(f"{word:<6} {what}" + (f": {text}" if text else ""), flush=True)
        if status == "fail" and folder:
            print(f"       folder: {folder}", flush=True)
        elif folder:
            shutil.rmtree(folder, ignore_errors=True)

    def end(self, summary=None, keep=False):
        """The last line and the exit status."""
        if not self.counts["fail"] and not keep:
            shutil.rmtree(self.base, ignore_errors=True)
        if summary:
            with open(summary, "w", encoding="ascii") as f:
                f.write(" ".join(str(self.counts[s]) for s in ("pass", "fail", "skip")) + "\n")
        print("{pass} passed, {fail} failed, {skip} skipped".format(**self.counts), flush=True)
        return 1 if self.counts["fail"] or not self.counts["pass"] else 0


def add_arguments(parser):
    """What all runners take."""
    parser.add_argument("--build", default=os.path.join(os.path.dirname(TOP), "build"), metavar="DIR",
                        help="where the programs and the tool are built")
    parser.add_argument("--bin", metavar="PATH", help="the tool; default BUILD/criu-lite")
    parser.add_argument("--dir", metavar="DIR", default="/dev/shm" if os.path.isdir("/dev/shm") else None,
                        help="where images go (/dev/shm)")
    parser.add_argument("--summary", metavar="FILE", help="write \"passed failed skipped\" there")
    parser.add_argument("--inside", metavar="SPEC", help="for the program's own use")


def finish_arguments(args, parser):
    """Paths become absolute; what is missing is said at once."""
    if args.inside:
        return args
    if os.geteuid():
        parser.error("needs root, to make pid and mount namespaces; run it as root")
    args.build = os.path.abspath(args.build)
    args.bin = os.path.abspath(args.bin or os.path.join(args.build, "criu-lite"))
    if not os.access(args.bin, os.X_OK):
        parser.error(f"cannot find {args.bin}; run make, or pass --bin")
    return args


def program(args, name):
    """A built helper program, as "bench/load"."""
    path = os.path.join(args.build, "test", name)
    if not os.access(path, os.X_OK):
        sys.exit(f"cannot find {path}; run make tests")
    return path


def machine():
    """One line about where numbers come from."""
    model = subprocess.run("sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1", shell=True, check=False,
                           capture_output=True, text=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"Linux {os.uname().release}, {os.cpu_count()} x {model or os.uname().machine}, {memory} MiB"
