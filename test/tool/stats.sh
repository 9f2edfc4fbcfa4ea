#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Statistics are written in CRIU's format after a success, and not after a failure.
# needs: program:python3
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img -R || fail "dump ended with $?"
python3 - img/stats-dump 1 <<-'EOF' || fail "stats-dump is not what it should be"
	import struct, sys

	def fields(data):
	    at, out = 0, {}
	    def varint():
	        nonlocal at
	        value = shift = 0
	        while True:
	            byte = data[at]; at += 1
	            value |= (byte & 127) << shift; shift += 7
	            if byte < 128:
	                return value
	    while at < len(data):
	        key = varint()
	        if key & 7 == 0:
	            out[key >> 3] = varint()
	        else:
	            size = varint()
	            out[key >> 3] = data[at:at + size]; at += size
	    return out

	data = open(sys.argv[1], "rb").read()
	magic, sub, size = struct.unpack("<III", data[:12])
	assert len(data) == 12 + size, "size"
	dump = fields(fields(data[12:])[1])
	freezing, frozen, written = dump[1], dump[2], dump[7]
	print(dump)
	assert 0 < freezing < 10_000_000 and 0 < frozen < 60_000_000, "times"
	assert written >= 256, f"{written} pages written, a MiB is noise"
EOF
mkdir bad
"$TOOL" dump -t 999999 -D bad -o dump.log >>out.tool 2>&1 && fail "a dump of nobody is accepted"
[ ! -e bad/stats-dump ] || fail "statistics of a failure"
dump img2 || fail "dump ended with $?"
restore img2 -d || fail "restore ended with $?"
[ -s img2/stats-restore ] || fail "no statistics of the restore"
finish w
