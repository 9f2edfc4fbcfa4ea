#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# A terminal program in Python with an interactive bash, which has a job in the foreground and one in the background:
# what is typed, ^C, ^Z, the window's size and the history are all there afterwards.
# needs: program:python3 program:bash program:stty
# busy: the shell starts programs
import fcntl
import os
import pty
import struct
import sys
import termios
import time

DIR = os.environ["CASE_DIR"]
master = -1
heard = b""


def fail(text):
    print(text, heard.decode(errors="replace"), file=sys.stderr)
    sys.exit(1)


def hear(wanted):
    """Reads until the text comes; what came before is dropped."""
    global heard
    while wanted.encode() not in heard:
        try:
            heard += os.read(master, 4096)
        except OSError:
            fail(f"a hang-up instead of {wanted!r}:")
    heard = heard.split(wanted.encode(), 1)[1]


def say(text):
    os.write(master, text.encode())


def set_size(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


pid, master = pty.fork()
if not pid:
    os.environ.update(PS1="$((1 + 1))ready ", HISTFILE="/dev/null", TERM="dumb")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
hear("2ready ")
set_size(33, 77)
say("stty size; N=41; sleep 1000 &\n")
hear("33 77")
hear("2ready ")
say("echo $((N + 1))foreground; cat\n")
hear("42foreground")
say("to cat\n")
hear("to cat\r\nto cat")

open(os.path.join(DIR, "ready"), "w").close()
while not os.path.exists(os.path.join(DIR, "go")):
    time.sleep(0.01)

say("to cat again\n")
hear("to cat again\r\nto cat again")
say("\x1a")  # ^Z
hear("2ready ")
say("jobs -l | wc -l; stty size; echo $N$N\n")
hear("\n2\r")
hear("33 77")
hear("4141")
hear("2ready ")
set_size(44, 88)
say("fg\n")
hear("cat")
# The shell says so before it puts the job into the foreground.
say("once more\n")
hear("once more\r\nonce more")
say("\x03")  # ^C
hear("2ready ")
say("stty size; kill %1; wait; exit 7\n")
hear("44 88")
if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 7:
    fail("the shell ended otherwise:")
