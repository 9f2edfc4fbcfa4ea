# SPDX-License-Identifier: GPL-2.0-only
"""The same command line, run in a machine with another kernel (test/vm/run)."""
import os
import shutil
import subprocess
import tempfile

from driver import options, reports, tools

# Set inside, so that the command that repeats a test names the machine.
ENV = "TEST_VM"


def command(words, kernel, chosen):
    """What runs inside; its results come back through $RESULTS."""
    names = [word for case in chosen for word in ("-t", case.name)]
    run = ["env", f"{ENV}={kernel}", os.path.join(options.TOP, "run"), "-p", "1"] + options.without_run(words) + names
    return ["sh", "-c", "exec \"$@\" --table \"$RESULTS/table\"", "sh"] + run


def run(args, words, kernel, chosen):
    """Gives the results of all; one named "machine" when that failed."""
    if "peer" in (args.bin or "") + (args.interop or ""):
        os.environ["PEER"] = tools.peer_path()  # nothing can be fetched in there
    flavours = ["--flavour", ",".join(args.flavour)] if args.flavour else []
    folder = tempfile.mkdtemp(prefix="criu-lite-test-vm-", dir=os.environ.get("TMPDIR"))
    limit = 900 + sum(2 * case.budget for case in chosen)
    argv = [os.path.join(options.TOP, "vm", "run"), "--kernel", kernel, "--build", args.build, "--results", folder,
            "--timeout", str(limit), "--"] + command(words + flavours, kernel, chosen)
    status = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode
    return judge(status, folder, f"vm-{kernel}+")


def judge(status, folder, prefix):
    path = os.path.join(folder, "table")
    results = reports.read_table(path, prefix) if os.path.exists(path) else []
    has_failed = any(r["status"] == "fail" for r in results)
    if status not in (0, 1) or bool(status) != has_failed or not results:
        results.append({"way": prefix.rstrip("+"), "case": "machine", "status": "fail", "took": 0.0,
                        "reason": f"the machine ended with status {status}", "folder": folder})
    if any(r["status"] == "fail" for r in results):
        print(f"# what came back of the machine: {folder}")
    else:
        shutil.rmtree(folder)
    return results
