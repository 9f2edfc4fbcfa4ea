# SPDX-License-Identifier: GPL-2.0-only
"""Warnings in the kernel's log."""
import os
import threading


class KernelLog:
    """Warnings of the kernel since the last look."""
    WORDS = ("WARNING:", "BUG:", "Oops", "general protection")

    def __init__(self):
        self.lock = threading.Lock()
        try:
            self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.fd, 0, os.SEEK_END)
        except OSError:
            self.fd = -1

    def news(self):
        out = []
        with self.lock:
            while self.fd >= 0:
                try:
                    line = os.read(self.fd, 8192).decode("utf-8", "replace")
                except BlockingIOError:
                    break
                except OSError:
                    continue    # overwritten before we read it
                # "traps:" tells of a program's fault, maybe of somebody else's.
                if any(w in line for w in self.WORDS) and "traps: " not in line:
                    out.append(line.partition(";")[2].split("\n")[0])
        return out
