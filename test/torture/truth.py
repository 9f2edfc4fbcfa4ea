# SPDX-License-Identifier: GPL-2.0-only
"""Did a page change since the parent's copy of it?  Asked of the image sets, whatever the trackers say."""
import bisect
import os

from rig import imageset
from rig.imageset import IN_PARENT, PAGE, PRESENT


class Pages:
    """One process' pages in a set; those in its parents too."""

    def __init__(self, folder, pid):
        self.folder, self.pid = folder, pid
        self.runs, self.file, self.above = [], None, None   # runs: (address, pages, flags, place of their bytes)
        path = os.path.join(folder, f"pagemap-{pid}.img")
        if not os.path.exists(path):
            return
        head, *entries = [dict((f.number, f.value) for f in e.fields) for e in imageset.read_image(path)[1]]
        offset = 0
        for e in entries:
            nr, flags = e.get(5) or e.get(2, 0), e.get(4, 0)
            self.runs.append((e.get(1, 0), nr, flags, offset))
            offset += nr * PAGE if flags & PRESENT else 0
        self.file = open(os.path.join(folder, f"pages-{head[1]}.img"), "rb")

    def parent(self):
        if not self.above:
            self.above = Pages(os.path.join(self.folder, "parent"), self.pid)
        return self.above

    def page(self, address):
        """Its bytes; None when no set of the chain has it."""
        i = bisect.bisect_right(self.runs, address, key=lambda r: r[0]) - 1
        start, nr, flags, offset = self.runs[i] if i >= 0 else (0, 0, 0, 0)
        if address >= start + nr * PAGE:
            return None
        if flags & IN_PARENT:
            return self.parent().page(address)
        return os.pread(self.file.fileno(), PAGE, offset + address - start)


    def changed(self, start, nr):
        """(asked, changed) of @nr pages from @start, of those that this set and its parent have."""
        asked = differ = 0
        for address in range(start, start + nr * PAGE, PAGE):
            now, then = self.page(address), self.parent().page(address)
            if now is not None and then is not None:
                asked += 1
                differ += now != then
        return asked, differ

    def changed_of_written(self):
        """The same of all pages that this set has itself."""
        counts = [self.changed(start, nr) for start, nr, flags, _ in self.runs if flags & PRESENT]
        return sum(c[0] for c in counts), sum(c[1] for c in counts)
