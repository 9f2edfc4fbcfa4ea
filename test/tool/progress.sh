#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# On a terminal, what takes longer than a second says how far it is, in one line that is gone at the end; elsewhere
# nothing is drawn.  Each command is stopped for more than a second while it copies pages, so it is slow everywhere.
# needs: program:python3
# budget: 60s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

setsid python3 -c 'b = open("/dev/urandom", "rb").read(1 << 20) * 192; open("ready", "w"); __import__("time").sleep(1e6)' \
	</dev/null >workload.out 2>&1 &
pid=$!
until [ -e ready ]; do sleep 0.05; done

cat >slowly.py <<'EOP'
"""slowly.py WHEN TTY COMMAND...: runs it, stops it for more than a second at a moment when it copies pages (it has them
open, the file grows, it has a child), and writes what comes out of its terminal to standard output.  TTY: so is its
standard error."""
import os, pty, signal, sys, time

when, on_tty, argv = sys.argv[1], sys.argv[2] == "tty", sys.argv[3:]
pid, master = pty.fork()
if not pid:
    os.environ["TERM"] = "vt100"
    if not on_tty:
        os.dup2(os.open("stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.execvp(argv[0], argv)

def copies():
    try:
        if when == "child":
            return open(f"/proc/{pid}/task/{pid}/children").read()
        fds = [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
        return any("pages-1.img" in os.readlink(fd) and (when == "open" or os.stat(fd).st_size) for fd in fds)
    except OSError:
        return False

while not copies():
    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        sys.exit("it ended before it copied pages")
os.kill(pid, signal.SIGSTOP)
time.sleep(1.2)
os.kill(pid, signal.SIGCONT)
seen = b""
while True:
    try:
        part = os.read(master, 65536)
    except OSError:
        part = b""
    if not part:
        break
    seen += part
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOP

# watched WHAT WHEN WORDS...: its line is drawn, and erased by what comes last or comes next.
watched() {
	local what=$1 when=$2
	shift 2
	python3 slowly.py "$when" tty "$TOOL" "$@" >seen || fail "$what ended with $?: $(cat -v seen)"
	grep -aEq $'\r\e\\[K'"$what: [0-9]+ of [0-9]+ pages, [0-9]+ %, [0-9]+ MiB/s, .* left" seen ||
		fail "$what draws nothing on a terminal: $(cat -v seen)"
	tr '\r' '\n' <seen | tail -n 1 | grep -aq left && fail "the line of $what stays: $(cat -v seen)"
	return 0
}

mkdir 1 2 3
watched pre-dump grown pre-dump -t "$pid" -D 1 -o dump.log -v4
python3 slowly.py open file "$TOOL" dump -R -t "$pid" -D 2 >seen || fail "dump ended with $?"
[ ! -s seen ] && [ ! -s stderr ] || fail "it draws where there is no terminal: $(cat -v seen stderr)"
watched dump open dump -t "$pid" -D 3 -o dump.log -v4
watched verify open verify 3
# Of a restore only that it does not disturb: to stop the tool for a second does not stop those who fill the memory.
python3 slowly.py child tty "$TOOL" restore -d -D 3 -o restore.log -v4 >seen || fail "restore ended with $?"
alive "$pid" || fail "nothing was restored"
kill "$pid"
