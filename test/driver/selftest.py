#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""driver/selftest.py: shows that the driver finds what is wrong; each line is one wrong thing that was found.

First differences are planted in a process and looked for in what /proc says; then test/run runs a case that fails, in
every way, and tools that do something wrong, each in a way in which that must show.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP)
sys.dont_write_bytecode = True

from driver import planted              # noqa: E402
from rig.report import Report           # noqa: E402

# Ready by a rename: a descriptor of a moment would be a difference of its own.
WRONG_CASE = f"""#!{sys.executable} -IS
import os, sys, time
open("begun", "w").close()
os.rename("begun", "ready")
while not os.path.exists("go"):
    time.sleep(0.01)
sys.exit("wrong as it should be")
"""
WRONG_CASE_WAYS = ("--nocr", "--iters 1", "--iters 2", "--norst", "--stop", "--snaps 2", "--pre 1",
                   "--snaps 2 --tracker auto", "--fault before:freeze")
# The tool, and something wrong around it: "$images" is where images go, "$pid" whom a dump is for.
WRONG_TOOL = """#!/bin/bash
tool={tool} images=$3 command=$1 pid= words=()
for word in "$@"; do
	[ "$last" = -t ] && pid=$word
	last=$word
	words+=("$word")
done
{before}
"$tool" "${{words[@]}}"
status=$?
{after}
[ $status -ne 137 ] || kill -KILL $$
exit $status
"""
RESTORED = "[ $command = restore ] && "
DUMPED = "[ $command != restore ] && "
WITHOUT = "words=(); for word in \"$@\"; do [ \"$word\" = {0} ] || words+=(\"$word\"); done"
NO_PARENT = """for i in "${!words[@]}"; do
	[ "${words[$i]}" != --prev-images-dir ] || unset "words[$i]" "words[$((i + 1))]"
done"""
# name -> ways, what is wrong before and after the tool runs, what must be told
WRONG_TOOLS = {
    "left process": (("--iters 1",), "", RESTORED + "{ sleep 5 & }", r"proc/\d+ is new"),
    "left file": (("--iters 1",), "", RESTORED + ": >\"$images/../w/left\"", r"the files were .*left"),
    "left mount": (("--iters 1", "--norst"), "", "mount --bind /etc /mnt", "mounts were left"),
    "changed tree": (("--norst", "--stop", "--snaps 2", "--pre 1", "--fault before:freeze"), "",
                     DUMPED + "renice -n 3 -p $pid >/dev/null", r"stat/nice: '0' became '3'"),
    "changed restore": (("--iters 1", "--snaps 2 --tracker auto"), "",
                        RESTORED + "renice -n 3 -p $(pgrep -x anon) >/dev/null", r"stat/nice: '0' became '3'"),
    "no dump": (("--iters 1", "--pre 1"), DUMPED + "exit 0", "", "inventory|ended by itself|no such file|No such file"),
    "no restore": (("--iters 1",), RESTORED + "exit 0", "", "is gone"),
    "no parent": (("--pre 1",), NO_PARENT, "", "the chain was not used"),
    "no dedup": (("--pre 1 --auto-dedup", "--snaps 2 --tracker auto --auto-dedup"), WITHOUT.format("--auto-dedup"), "",
                 "replaced pages"),
    "lived on": (("--fault fail:freeze", "--fault before:tree"),
                 "words=(); for word in \"$@\"; do case $word in --fail-at | --stop-before) words+=(--tcp-close) ;; "
                 "freeze | tree) ;; *) words+=(\"$word\") ;; esac; done", "", "the tool ended with"),
}


def write_program(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o755)


def run(folder, words, wanted):
    """Runs one case, which must fail and say @wanted; gives what is wrong with that, or an empty text."""
    junit = os.path.join(folder, "junit.xml")
    argv = [os.path.join(TOP, "run"), "-t", "mem/anon", "--junit", junit] + words
    env = dict(os.environ, TMPDIR=folder, TEST_SLOW="2")
    got = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=env)
    if got.returncode != 1 or "0 passed, 1 failed, 0 skipped" not in got.stdout:
        return f"status {got.returncode}: {(got.stdout + got.stderr)[-600:]}"
    failure = xml.etree.ElementTree.parse(junit).find(".//failure")
    told = failure.get("message")
    if not re.search(wanted, told):
        return f"it tells something else: {told}"
    return "" if "again: test/run -t mem/anon" in failure.text else "it does not tell how to repeat it"


def add(report, name, wrong):
    report.add("fail" if wrong else "pass", name, wrong)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(os.path.dirname(TOP), "build"), metavar="DIR")
    p.add_argument("--summary", metavar="FILE", help="write \"passed failed skipped\" there")
    args = p.parse_args()
    tool = os.path.abspath(os.path.join(args.build, "criu-lite"))
    report = Report("selftest")
    for name, wrong in planted.check():
        add(report, f"planted: {name}", wrong)
    with tempfile.TemporaryDirectory(prefix="criu-lite-selftest-") as folder:
        os.chmod(folder, 0o755)
        build = os.path.join(folder, "build")
        write_program(os.path.join(build, "test", "cases", "mem", "anon"), WRONG_CASE)
        os.symlink(tool, os.path.join(build, "criu-lite"))
        for way in WRONG_CASE_WAYS:
            add(report, f"wrong case: {way}", run(folder, ["--build", build] + way.split(), "wrong as it should be"))
        for name, (ways, before, after, wanted) in WRONG_TOOLS.items():
            path = os.path.join(folder, "criu-lite-" + name.replace(" ", "-"))
            write_program(path, WRONG_TOOL.format(tool=tool, before=before, after=after))
            for way in ways:
                add(report, f"{name}: {way}", run(folder, ["--build", args.build, "--bin", path] + way.split(), wanted))
    return report.end(args.summary)


if __name__ == "__main__":
    sys.exit(main())
