# SPDX-License-Identifier: GPL-2.0-only
"""The command line of test/run, and what the way it asks for is called."""
import argparse
import os
import shlex

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FAULTS = ("before", "after", "fail")
FLAVOURS = ("h", "ns", "uns")


def pre_word(text):
    number, _, pause = text.partition(":")
    return int(number), float(pause or 0)


def flavour_words(text):
    words = text.split(",")
    if any(word not in FLAVOURS for word in words):
        raise argparse.ArgumentTypeError(f"\"{text}\" is none of {', '.join(FLAVOURS)}")
    return words


def fault_word(text):
    """[kinds, step, text] of "all", "STEP", "before:STEP", "before:all" and so on."""
    kind, colon, step = text.rpartition(":")
    if colon and kind not in FAULTS:
        raise argparse.ArgumentTypeError(f"\"{kind}\" is none of {', '.join(FAULTS)}")
    return [[kind] if colon else list(FAULTS), step, text]


def parser(description):
    p = argparse.ArgumentParser(prog="test/run", description=description, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    add_choice(p.add_argument_group("which cases"))
    add_tool(p.add_argument_group("which tool"))
    add_ways(p)
    add_reports(p.add_argument_group("reports"))
    return p


def add_choice(p):
    p.add_argument("-a", "--all", action="store_true", help="run every case (the default without -t)")
    p.add_argument("-t", "--test", action="append", default=[], metavar="NAME",
                   help="a case (mem/anon or anon), a room (mem) or a pattern ('files/pipe*'); repeatable")
    p.add_argument("-x", "--exclude", action="append", default=[], metavar="NAME", help="the same, left out")
    p.add_argument("-p", "--parallel", type=int, default=len(os.sched_getaffinity(0)), metavar="JOBS")
    p.add_argument("--list", action="store_true", help="print the names and stop")


def add_tool(p):
    p.add_argument("--build", default=os.path.join(os.path.dirname(TOP), "build"), metavar="DIR",
                   help="where the built cases and the tool are")
    p.add_argument("--bin", metavar="PATH", help="the tool, or the word \"peer\"; default BUILD/criu-lite")
    p.add_argument("--despite-peer", action="store_true",
                   help="run too what cases say the peer cannot, and what criu-lite refuses")
    p.add_argument("--interop", metavar="A:B", help="A dumps and B restores; paths, or criu-lite, or peer")
    p.add_argument("--tool-opt", action="append", default=[], metavar="OPT", help="handed to dump and restore")
    p.add_argument("--dump-opt", action="append", default=[], metavar="OPT", help="handed to dump")
    p.add_argument("--restore-opt", action="append", default=[], metavar="OPT", help="handed to restore")


def add_ways(p):
    way = p.add_argument_group("ways", "one of these; plain is a dump and a restore").add_mutually_exclusive_group()
    way.add_argument("--nocr", action="store_true", help="no dump at all: what fails then is a broken test")
    way.add_argument("--norst", action="store_true", help="dump with --leave-running, no restore")
    way.add_argument("--stop", action="store_true", help="dump with --leave-stopped, then SIGCONT")
    way.add_argument("--snaps", type=int, metavar="N", help="N dumps with --leave-running")
    way.add_argument("--iters", type=int, default=1, metavar="N", help="N dumps and restores in a row")
    more = p.add_argument_group("what ways are combined with")
    more.add_argument("--pre", type=pre_word, default=(0, 0.0), metavar="N[:PAUSE]",
                      help="N pre-dumps in front of each dump, which follows them; PAUSE seconds run in between")
    more.add_argument("--tracker", choices=("auto", "soft-dirty", "uffd-wp", "both", "none"),
                      help="how they find out what changed; with --snaps it makes the dumps one chain")
    more.add_argument("--auto-dedup", action="store_true",
                      help="the dumps of a chain remove from the older sets what they have anew; that is looked at")
    more.add_argument("--fault", type=fault_word, metavar="[before:|after:|fail:]STEP",
                      help="the tool is killed before and after this step of dump, pre-dump or restore, or the step "
                      "fails; STEP may be all; then nothing may have happened, and an undisturbed run must succeed")
    more.add_argument("--flavour", type=flavour_words, action="extend", metavar="F",
                      help="h: in the namespaces of the host (the default); ns: pid, mount, uts, ipc and network "
                      "namespaces of its own; uns: and a user namespace; several with commas: one after the other")
    more.add_argument("--vm", action="append", default=[], choices=("6.1", "6.12"),
                      help="in a machine with this kernel (test/vm/run); repeatable")
    more.add_argument("--matrix", nargs="?", const=os.path.join(TOP, "matrix"), metavar="FILE",
                      help="run once for each line of options in FILE (test/matrix)")


def add_reports(p):
    p.add_argument("--summary", metavar="FILE", help="write \"passed failed skipped\" there")
    p.add_argument("--table", metavar="FILE",
                   help="add one line \"way, case, status, reason, seconds\" (tabs) per test")
    p.add_argument("--junit", metavar="FILE", help="write all results there, as JUnit's XML")
    p.add_argument("--report", action="append", default=[], metavar="FILE",
                   help="write the table of tests and ways there: a page if the name ends in .html, else text")
    p.add_argument("--also", action="append", default=[], metavar="FILE",
                   help="results of other programs, lines as of --table, for the reports, not for the sum")
    p.add_argument("--keep", action="store_true", help="keep the folder of every test, not only of failures")


def way_of(args):
    for way in ("nocr", "norst", "stop"):
        if getattr(args, way):
            return way, 1
    return ("snaps", args.snaps) if args.snaps else ("cr", args.iters)


def way_name(args, flavour="h"):
    """The way and what it is combined with, as one word of the reports."""
    way, count = way_of(args)
    words = [way + (f"-{count}" if count > 1 else "")]
    words += [f"pre-{args.pre[0]}"] if args.pre[0] else []
    words += [args.tracker] if args.tracker else []
    words += [args.interop] if args.interop else [os.path.basename(args.bin)] if args.bin else []
    words += ["dedup"] if args.auto_dedup else []
    words += ["fault-" + args.fault[2]] if args.fault else []
    words += [flavour] if flavour != "h" else []
    return "+".join(words)


def is_chain(args):
    return bool(not args.nocr and (args.pre[0] or (args.snaps and args.tracker)))


def misfit(args):
    """What of the options makes no sense together, or None."""
    if args.auto_dedup and not is_chain(args):
        return "--auto-dedup needs a chain of dumps: --pre N, or --snaps N with --tracker"
    if args.fault and (way_of(args) != ("cr", 1) or args.auto_dedup):
        return "--fault disturbs dumps, pre-dumps and restores; it goes with --pre and --tracker only"
    return None


def matrix_lines(path):
    """Each line that is no comment is a list of options."""
    with open(path, encoding="utf-8") as f:
        return [shlex.split(line, comments=True) for line in f if shlex.split(line, comments=True)]


# Options of a whole run, not of one test: 1 when a value follows.
OF_THE_RUN = {"-t": 1, "--test": 1, "-x": 1, "--exclude": 1, "-p": 1, "--parallel": 1, "--summary": 1, "--table": 1,
              "--junit": 1, "--report": 1, "--also": 1, "--vm": 1, "--flavour": 1,
              "-a": 0, "--all": 0, "--keep": 0, "--matrix": 0}


def without_run(words):
    """Of a command line, the words that say how one test runs."""
    out, words = [], iter(words)
    for word in words:
        name, is_joined, _ = word.partition("=")
        if name not in OF_THE_RUN:
            out.append(word)
        elif OF_THE_RUN[name] and not is_joined:
            next(words, None)
    return out
