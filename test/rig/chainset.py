#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""rig/chainset.py SET OUT...: makes a chain of one full set, as if its tree had been pre-dumped before.

The last OUT is the dump, with the set's images and part of its pages; those before are pre-dumps, whose pages have other
bytes where a later one has the page, too.  Option --foreign leaves out what CRIU's sets have not, --foreign-before does
so in all but the last, --seed N draws other pages, --dumps makes dumps of the ones before as well.
"""
import argparse
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True

from rig import imageset                                            # noqa: E402
from rig.imageset import IN_PARENT, PAGE, PRESENT, Entry            # noqa: E402
from rig.wire import BYTES, VARINT, Field                           # noqa: E402


def number(fields, wanted, default=0):
    return next((f.value for f in fields if f.number == wanted), default)


def runs_of(entries):
    """(address, flags) of each page."""
    for entry in entries[1:]:
        nr = number(entry.fields, 5) or number(entry.fields, 2)
        for i in range(nr):
            yield number(entry.fields, 1) + i * PAGE, number(entry.fields, 4)


def entry_of(start, nr, flags):
    return Entry([Field(1, VARINT, start), Field(2, VARINT, nr), Field(4, VARINT, flags), Field(5, VARINT, nr)])


class Writer:
    """One page map of one set, and its pages file with holes."""

    def __init__(self, folder, name, magic, head):
        self.path, self.magic, self.head = os.path.join(folder, name), magic, head
        self.entries = []
        self.pages = open(os.path.join(folder, f"pages-{number(head.fields, 1)}.img"), "wb")
        self.size = 0

    def add(self, address, flags, data):
        if flags & PRESENT:
            if any(data):
                self.pages.seek(self.size)
                self.pages.write(data)
            self.size += PAGE
        if self.entries and self.entries[-1][2] == flags and self.entries[-1][0] + self.entries[-1][1] * PAGE == address:
            self.entries[-1][1] += 1
        else:
            self.entries.append([address, 1, flags])

    def finish(self):
        self.pages.truncate(self.size)
        self.pages.close()
        imageset.write_image(self.path, self.magic, [self.head] + [entry_of(*e) for e in self.entries])


def split(source, name, outs, dice):
    """A page is written by some of the iterations; a later one finds it in its parent."""
    magic, entries = imageset.read_image(os.path.join(source, name))
    writers = [Writer(out, name, magic, entries[0]) for out in outs]
    last = len(outs) - 1
    with open(os.path.join(source, f"pages-{number(entries[0].fields, 1)}.img"), "rb") as pages:
        written = {0}
        for address, flags in runs_of(entries):
            if dice.random() < 0.3:     # pages that lie together were mostly written together
                written = {k for k in range(last + 1) if dice.random() < 0.4} or {dice.randint(0, last)}
            data = pages.read(PAGE) if flags & PRESENT else b""
            for k, w in enumerate(writers):
                if k in written:
                    stale = bytes([k + 1, 255]) * (PAGE // 2)
                    w.add(address, flags, data if k == max(written) else stale)
                elif min(written) < k:
                    w.add(address, IN_PARENT, b"")
    for w in writers:
        w.finish()


def inventory(source, out, is_dump, name):
    magic, entries = imageset.read_image(os.path.join(source, "inventory.img"))
    if not is_dump:
        entries[0].fields = [f for f in entries[0].fields if f.number != 1] + [Field(1, VARINT, 0)]
    entries[0].fields = [f for f in entries[0].fields if f.number < 1000 and f.number != 13]
    entries[0].fields.append(Field(13, BYTES, name.encode()))   # dump_criu_run_id
    imageset.write_image(os.path.join(out, "inventory.img"), magic, entries)


def manifest(out, parent, sums):
    """A new one; @parent is the folder in front of this one, or None."""
    files = {n: n.startswith("pages-") for n in os.listdir(out)
             if n.endswith(".img") and not n.startswith(("inventory", "stats-"))}
    parent_id = bytes(16)
    if parent and imageset.read_manifest(parent):
        parent_id = imageset.read_manifest(parent)[0][7]
    elif parent:
        with open(os.path.join(parent, "inventory.img"), "rb") as f:
            parent_id = sums.sum128(f.read())
    header = [b"CRLMNFST", 1, imageset.HEADER.size, 0, 0, 1 if parent else 0, 0, os.urandom(16), parent_id, bytes(16), 0]
    imageset.write_manifest_of(out, sums, header, files)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--foreign", action="store_true")
    p.add_argument("--foreign-before", action="store_true")
    p.add_argument("--dumps", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("source")
    p.add_argument("outs", nargs="+")
    args = p.parse_args()
    dice, sums = random.Random(args.seed), imageset.Sums()
    for k, out in enumerate(args.outs):
        is_dump = args.dumps or k == len(args.outs) - 1
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        if k:
            os.symlink(os.path.relpath(args.outs[k - 1], out), os.path.join(out, "parent"))
        for name in os.listdir(args.source):
            if is_dump and name.endswith(".img") and not name.startswith(("pages-", "pagemap-", "inventory")):
                shutil.copy(os.path.join(args.source, name), out)
    for name in sorted(os.listdir(args.source)):
        if name.startswith("pagemap-"):
            split(args.source, name, args.outs, dice)
    for k, out in enumerate(args.outs):
        is_last = k == len(args.outs) - 1
        inventory(args.source, out, args.dumps or is_last, f"{args.seed}-{k}-{os.getpid()}")
        if not args.foreign and (is_last or not args.foreign_before):
            manifest(out, args.outs[k - 1] if k else None, sums)


if __name__ == "__main__":
    main()
