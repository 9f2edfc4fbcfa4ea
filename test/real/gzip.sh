#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A compressor in the middle of its work: what it wrote unpacks to what it read.
# needs: program:gzip
# busy: gzip works
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
head -c 30000000 /dev/urandom >noise
gzip -c noise >packed &
sleep 0.2
case_ready
wait $! || case_fail "gzip ended with $?"
gzip -dc packed | cmp - noise >&2 || case_fail "it unpacks to something else"
