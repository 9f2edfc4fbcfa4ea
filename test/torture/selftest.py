# SPDX-License-Identifier: GPL-2.0-only
"""The test of this test: after each kind of action a word is spoilt behind the program's back; it must be noticed."""
import os

from rig.sandbox import read
from shrink import NAMES

SEEDS = range(1, 41)
MORE = ["records", "objects", "writer"]
NOTHING_TO_SPOIL = {"nap", "drop-object"}
ROUNDS = "25"


def names():
    return [n for n in NAMES if n not in NOTHING_TO_SPOIL] + MORE


def one_seed(box, name, seed):
    """Whether it was noticed; a seed that never does the action ends well."""
    where = box.fresh("w")
    words = [box.spec["program"], "--seed", str(seed), "--dir", where, "--direct", box.spec["direct"], "--rounds", ROUNDS,
             "--fast", "--sabotage", name] + (["--hugepages", "2"] if box.spec["has_hugepages"] else [])
    pid = box.spawn(words, os.path.join(box.folder, "out"))
    box.wait_for("the program's end", lambda: pid in box.ended, 120)
    box.wait_gone("its children to end")
    status = box.ended.pop(pid)
    box.ended.clear()
    return read(os.path.join(where, "failed")).strip() if status else ""


def role(box):
    for seed in SEEDS:
        said = one_seed(box, box.spec["name"], seed)
        if said:
            return {"text": f"seed {seed}: {said.splitlines()[0][:150]}"}
    return {"failure": f"nothing was noticed in {len(SEEDS)} seeds"}
