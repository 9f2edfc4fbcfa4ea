#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# sleep(1) under a shell sleeps as long as it was told, or longer.
# peer: no-dump ends the sleep early
# timed:
# busy: the shell and its child wait
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
start=$(date +%s%N)
wait_s=${CASE_WAIT_S:-1}
sleep "$wait_s.5" &
case_ready
wait $! || case_fail "sleep ended with $?"
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -ge $((wait_s * 1000 + 500)) ] || case_fail "it slept only $took ms"
