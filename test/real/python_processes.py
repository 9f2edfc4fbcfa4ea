#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Python with child processes that talk over pipes: requests and answers go on after the restore.
# needs: program:python3
# busy: requests fly
import os
import sys

DIR = os.environ["CASE_DIR"]


def serve(requests, answers):
    for line in requests:
        answers.write(f"{int(line) ** 2}\n")
        answers.flush()


def start():
    to, back = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.close(to[1])
        os.close(back[0])
        serve(os.fdopen(to[0]), os.fdopen(back[1], "w"))
        os._exit(0)
    os.close(to[0])
    os.close(back[1])
    return pid, os.fdopen(to[1], "w"), os.fdopen(back[0])


def main():
    workers, n = [], 0
    for _ in range(3):      # one after the other, so that no child holds another's pipe by accident
        workers.append(start())
    while not os.path.exists(os.path.join(DIR, "go")):
        for _, requests, answers in workers:
            n += 1
            requests.write(f"{n}\n")
            requests.flush()
            got = int(answers.readline())
            if got != n * n:
                sys.exit(f"the square of {n} came as {got}")
        if n == 300:
            with open(os.path.join(DIR, "ready"), "w", encoding="ascii"):
                pass
    for pid, requests, answers in reversed(workers):
        requests.close()
        if os.waitpid(pid, 0)[1]:
            sys.exit(f"process {pid} did not end well")


main()
