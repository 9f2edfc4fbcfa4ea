#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Unix sockets connected to a process outside: refused without options, connected anew with --ext-unix-sk and
# --external unix[INODE], replaced with --inherit-fd fd[N]:socket:[INODE]; and refused when nobody is there.
# needs: program:python3
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

# Writes what it hears to the file "heard"; a client of its stream gets the greeting "hello".
cat >server.py <<'EOF'
import os, select, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(os.path.abspath("log"))
server = socket.socket(socket.AF_UNIX)
server.bind(os.path.abspath("stream"))
server.listen(5)
open("up", "w").close()
open_ends = [log, server]
while True:
    for s in select.select(open_ends, [], [])[0]:
        if s is server:
            client = server.accept()[0]
            client.send(b"hello")
            open_ends.append(client)
            continue
        try:
            text = s.recv(100)
        except ConnectionResetError:    # the restored client never reads the second greeting
            text = b""
        if not text:
            open_ends.remove(s)
        with open("heard", "ab") as f:
            f.write(text)
EOF
# Says on both what it reads from the file "say", and ends when that holds "end".
cat >client.py <<'EOF'
import os, socket, sys, time
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect(os.path.abspath("log"))
stream = socket.socket(socket.AF_UNIX)
stream.connect(os.path.abspath("stream"))
assert stream.recv(5) == b"hello"
open("ready", "w").close()
while True:
    if os.path.exists("say"):
        word = open("say").read()
        os.remove("say")
        log.send(b"[log " + word.encode() + b"]")
        stream.send(b"[stream " + word.encode() + b"]")
        if word == "end":
            sys.exit(7)
    time.sleep(0.005)
EOF

inode() { readlink "/proc/$pid/fd/$1" | tr -dc 0-9; }
say() {
	printf %s "$1" >say.new
	mv say.new say
	for want in ${2-log stream}; do
		for _ in $(seq 2000); do
			grep -qF "[$want $1]" heard 2>/dev/null && continue 2
			sleep 0.01
		done
		fail "\"$1\" was not heard from $want: $(cat heard)"
	done
}
serve() {
	rm -f up log stream
	setsid python3 server.py </dev/null >server.out 2>&1 &
	server=$!
	until [ -e up ]; do alive "$server" || fail "no server: $(cat server.out)"; sleep 0.01; done
}

serve
setsid python3 client.py </dev/null >client.out 2>&1 &
pid=$!
until [ -e ready ]; do alive "$pid" || fail "no client: $(cat client.out)"; sleep 0.01; done
say one

dump img && fail "peers outside are no reason to refuse"
said "its peer socket:\[[0-9]*\] \"$PWD/log\" of process $server \(python3\) is outside of the dumped tree"
said "its peer socket:\[[0-9]*\] \"$PWD/stream\" of process $server \(python3\) is outside"
dump img --ext-unix-sk && fail "--ext-unix-sk is not enough for a stream"
say two
peer=$(grep -o 'pass --external unix.[0-9]*' out.tool | tail -n 1 | tr -dc 0-9)
dump img --ext-unix-sk --external "unix[$peer]" || fail "dump ended with $?"

# Nobody is there: nothing is restored.
kill -9 "$server"
gone "$server"
restore img -d && fail "it was restored without its peers"
said "outside of the set: (Connection refused|No such file)"
alive "$pid" && fail "a refused restore left a task"

# A new server at the same addresses.
serve
restore img -d || fail "restore ended with $?"
say three

# Another end instead of the stream.
own=$(inode 4)
dump img2 --ext-unix-sk --external "unix[$own]" || fail "second dump ended with $?"
python3 - "$own" <<'EOF' || fail "restore with an inherited socket failed"
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
os.set_inheritable(theirs.fileno(), True)
subprocess.run([os.environ["TOOL"], "restore", "-D", "img2", "-o", "restore.log", "-v4", "-d", "--inherit-fd",
                f"fd[{theirs.fileno()}]:socket:[{sys.argv[1]}]"], check=True, close_fds=False)
theirs.close()
with open("say.new", "w") as f:
    f.write("four")
os.rename("say.new", "say")
text = ours.recv(100)
assert text == b"[stream four]", text
with open("say.new", "w") as f:
    f.write("end")
os.rename("say.new", "say")
assert ours.recv(100) == b"[stream end]"
assert ours.recv(100) == b""
EOF
grep -qF "[log end]" heard || fail "the log is not connected: $(cat heard)"
kill -9 "$server"
gone "$server"
gone "$pid"
