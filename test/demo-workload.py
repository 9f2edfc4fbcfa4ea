#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the demo checkpoints: memory that keeps changing, a pipe to a child, an open log file.

demo-workload.py MIB LOG STOP: counts up.  Each tick changes a part of the memory in a way that depends on the
number alone, sends the number through the pipe, and adds a line to the log.  When the file STOP appears, it
computes from the last number what the memory and the child's sum must be, compares, and says so in the log.
"""
import hashlib
import os
import sys
import time

PART = 64 * 4096  # one tick changes so much, the next tick what comes behind it


def change(memory, tick):
    """Writes bytes that only this tick writes."""
    at = tick * PART % len(memory)
    memory[at : at + PART] = hashlib.sha256(b"%d" % tick).digest() * (PART // 32)


def fill(mib):
    """Different bytes on every page, the same each time."""
    memory = bytearray(mib << 20)
    block = b"".join(hashlib.sha256(b"page %d" % i).digest() * 128 for i in range(256))
    for at in range(0, len(memory), len(block)):
        memory[at : at + len(block)] = block
    return memory


def child(numbers, answers):
    """Adds up what comes through the pipe; answers with the sum at its end."""
    total = 0
    with os.fdopen(numbers, "rb", buffering=0) as pipe:
        while line := pipe.read(8):
            total += int.from_bytes(line, "little")
    os.write(answers, total.to_bytes(16, "little"))
    os._exit(0)


def start_child():
    numbers_r, numbers_w = os.pipe()
    answers_r, answers_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(numbers_w)
        os.close(answers_r)
        child(numbers_r, answers_w)
    os.close(numbers_r)
    os.close(answers_w)
    return pid, numbers_w, answers_r


def verify(memory, mib, ticks):
    expected = fill(mib)
    for tick in range(1, ticks + 1):
        change(expected, tick)
    return memory == expected


def main():
    mib, log_path, stop_path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    # Descriptors that a shell or a terminal left open are none of this demo's.
    os.closerange(3, 1024)
    pid, numbers, answers = start_child()
    memory = fill(mib)
    tick = 0
    with open(log_path, "w", buffering=1) as log:
        while not os.path.exists(stop_path):
            tick += 1
            change(memory, tick)
            os.write(numbers, tick.to_bytes(8, "little"))
            log.write("tick %d pid %d at %.3f\n" % (tick, os.getpid(), time.time()))
            time.sleep(0.02)
        os.close(numbers)
        total = int.from_bytes(os.read(answers, 16), "little")
        status = os.waitpid(pid, 0)[1]
        right = verify(memory, mib, tick) and total == tick * (tick + 1) // 2 and status == 0
        log.write("%s after %d ticks: sha256 %s child's sum %d\n" % (
            "verified" if right else "WRONG", tick, hashlib.sha256(memory).hexdigest()[:16], total))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
