#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Python with threads that compute on arrays of tens of megabytes, a queue between them, and a generator
# in the middle of its work.
# needs: program:python3
# budget: 60s
# busy: threads compute
import array
import hashlib
import os
import queue
import sys
import threading

DIR = os.environ["CASE_DIR"]
NR, SIZE = 6, int(os.environ.get("CASE_FLOATS", "2000000"))


def go():
    return os.path.exists(os.path.join(DIR, "go"))


def checksum(number):
    return hashlib.sha256(array.array("d", (number + i * 0.5 for i in range(SIZE))).tobytes()).hexdigest()


def worker(number, arrays, results):
    data, rounds = arrays[number], 0
    want = hashlib.sha256(data.tobytes()).hexdigest()
    while True:
        last = go()
        if hashlib.sha256(data.tobytes()).hexdigest() != want:
            results.put(f"array {number} changed in round {rounds}")
            return
        # A change and its undoing, so that pages are dirty all the time.
        for i in range(0, SIZE, 4096):
            data[i] += 1.0
        for i in range(0, SIZE, 4096):
            data[i] -= 1.0
        rounds += 1
        if rounds == 2:
            results.put("here")
        if last:
            results.put(None if hashlib.sha256(data.tobytes()).hexdigest() == want else f"array {number} is wrong")
            return


def counting():
    number = 0
    while True:
        number += 1
        yield number


def main():
    arrays = [array.array("d", (n + i * 0.5 for i in range(SIZE))) for n in range(NR)]
    results, count = queue.Queue(), counting()
    threads = [threading.Thread(target=worker, args=(n, arrays, results)) for n in range(NR)]
    for t in threads:
        t.start()
    for _ in range(NR):
        said = results.get()
        if said != "here":
            sys.exit(said)
        next(count)
    with open(os.path.join(DIR, "ready"), "w", encoding="ascii"):
        pass
    wrong = [w for w in (results.get() for _ in range(NR)) if w]
    for t in threads:
        t.join()
    if wrong or next(count) != NR + 1:
        sys.exit("; ".join(wrong) or "the generator lost its place")
    if hashlib.sha256(arrays[3].tobytes()).hexdigest() != checksum(3):
        sys.exit("array 3 is not what it was made of")


main()
