#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# script(1) records a shell that counts; the record says what the shell said, with nothing lost or doubled.
# peer: no-dump loses the end of file that waits in the terminal
# needs: program:script
# busy: bytes run through the terminal
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
# shellcheck disable=SC2016  # for the shell in there
count='stty size; tty; for i in $(seq 1 3000); do echo "line $i"; [ $((i % 100)) -ne 0 ] || sleep 0.02; done; tty'
script -q -e -c "$count" typescript >/dev/null </dev/null &
until grep -q 'line 100' typescript 2>/dev/null; do sleep 0.01; done
case_ready
wait $! || case_fail "script ended with $?"
said=$(grep -a '^line' typescript | tr -d '\r')
[ "$said" = "$(seq -f 'line %.0f' 1 3000)" ] || case_fail "the record is not 3000 lines in order"
[ "$(grep -a '^/dev/pts/' typescript | uniq | wc -l)" = 1 ] || case_fail "the terminal has another name"
