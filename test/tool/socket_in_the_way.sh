#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Addresses that somebody else has at the restore: another process with a socket there, a file of another kind.  It is
# refused, what is there stays, and once it is gone the restore succeeds.
# needs: program:python3
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

cat >server.py <<'EOF'
import os, signal, socket, sys
path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if "path" in sys.argv:
    path.bind("server")
    path.listen(3)
if "abstract" in sys.argv:
    abstract.bind("\0in the way")
open("ready", "w").close()
while "path" in sys.argv:
    client = path.accept()[0]
    client.send(b"answer")
    client.close()
signal.pause()
EOF
serve() {
	rm -f ready
	setsid python3 server.py "$@" </dev/null >server.out 2>&1 &
	pid=$!
	until [ -e ready ]; do alive "$pid" || fail "no server: $(cat server.out)"; sleep 0.01; done
}
# Whoever has the address must be somebody that answers.
answers() { [ "$(python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("server"); print(s.recv(9).decode())')" = answer ]; }

serve path abstract
target=$pid
dump img || fail "dump ended with $?"
gone "$target"

rm server
serve path
restore img -d && fail "it was restored although another process has its path"
said 'another process has a socket at ".*/server" now'
answers || fail "the other process lost its socket"
kill -9 "$pid"
gone "$pid"

serve abstract
restore img -d && fail "it was restored although another process has its abstract address"
said 'cannot restore unix socket "@in the way": cannot bind it: Address already in use'
kill -9 "$pid"
gone "$pid"

rm server
echo mine >server
restore img -d && fail "it was restored over a file"
said 'something else is at ".*/server" now'
[ "$(cat server)" = mine ] || fail "the file has changed"
rm server
[ -z "$(find . -name '.criu-lite*')" ] || fail "something is left: $(find . -name '.criu-lite*')"

restore img -d || fail "restore ended with $?"
answers || fail "the restored server does not answer"
kill -9 "$target"
gone "$target"
