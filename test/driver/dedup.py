# SPDX-License-Identifier: GPL-2.0-only
"""Whether --auto-dedup gave back the pages of older sets that a newer one of the chain has anew."""
import os

from rig import imageset
from rig.imageset import PAGE, PRESENT
from rig.wire import Broken


def chain_of(images):
    """The folders of the chain that ends with @images, the newest first."""
    out = [images]
    while os.path.islink(os.path.join(out[-1], "parent")):
        out.append(os.path.realpath(os.path.join(out[-1], "parent")))
    return out


def field(entry, wanted):
    return next((f.value for f in entry.fields if f.number == wanted), 0)


def read_map(path):
    """(name of the pages file, {address: offset there}) of the pages that the set itself has."""
    entries = imageset.read_image(path)[1]
    pages, offset = {}, 0
    for entry in entries[1:]:
        if not field(entry, 4) & PRESENT:
            continue
        for i in range(field(entry, 5) or field(entry, 2)):
            pages[field(entry, 1) + i * PAGE] = offset
            offset += PAGE
    return f"pages-{field(entries[0], 1)}.img", pages


def has_data(fd, offset):
    try:
        return os.lseek(fd, offset, os.SEEK_DATA) == offset
    except OSError:
        return False    # nothing behind it


def check(images):
    """(pages that newer sets have anew, lines about those of them that are still in the older set)."""
    nr_replaced, wrong, newer = 0, [], {}
    for folder in chain_of(images):
        for name in sorted(n for n in os.listdir(folder) if n.startswith("pagemap-")):
            try:
                file, pages = read_map(os.path.join(folder, name))
            except Broken as e:
                return nr_replaced, [str(e)]
            seen = newer.setdefault(name, set())
            replaced = sorted(seen & pages.keys())
            nr_replaced += len(replaced)
            seen.update(pages)
            kept = still_there(os.path.join(folder, file), [pages[address] for address in replaced])
            if kept:
                wrong.append(f"{os.path.basename(folder)}/{file} has {kept} of {len(replaced)} replaced pages")
    return nr_replaced, wrong


def still_there(path, offsets):
    if not offsets:
        return 0
    fd = os.open(path, os.O_RDONLY)
    try:
        return sum(has_data(fd, offset) for offset in offsets)
    finally:
        os.close(fd)
