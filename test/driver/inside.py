# SPDX-License-Identifier: GPL-2.0-only
"""One test, run as the first process of its own pid and mount namespace.

As that first process we inherit every orphan: the restored root task becomes our child, so its exit
status comes straight from waitpid(), and nothing of the tree or of the tool can hide.
"""
import json
import os
import signal
import sys

from driver import snapshot
from driver.children import Failure, Skip
from driver.faults import Faults


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
    run = Faults(spec)
    result = {"status": "pass", "reason": ""}
    try:
        run.main()
    except Skip as e:
        result = {"status": "skip", "reason": str(e)}
    except Failure as e:
        run.wrong.insert(0, str(e))
    if run.wrong:
        result = {"status": "late" if run.is_late() else "fail", "reason": "; ".join(run.wrong)}
    swap_off(spec["folder"])
    result["notes"] = ", ".join(run.notes)
    with open(os.path.join(spec["folder"], "result.json"), "w", encoding="utf-8") as f:
        json.dump(result, f)
    sys.stdout.flush()
    os._exit(0)     # the kernel ends whatever is left in the namespace
