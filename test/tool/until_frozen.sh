#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pre-dump --until-frozen ends for the reason it says, each time: its own table proves it.  What it leaves is a chain
# that a dump goes on with, and that restores.
# needs: program:python3
# budget: 120s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"
load=$CASES/../bench/load
[ -x "$load" ] || skip "$load is not built"
large=${CASE_LARGE_MB:-256}

# subject DIR MIB PAGES: one that writes so many pages in a second; its number is in $pid.
subject() {
	mkdir "$1"
	setsid "$load" "$PWD/$1" writer "$2" "$3" </dev/null >"$1.out" 2>&1 &
	pid=$!
	ask "$1"
}

ask() {
	rm -f "$1/answer"
	: >"$1/ask"
	for _ in $(seq 2400); do
		[ ! -e "$1/answer" ] || break
		sleep 0.05
	done
	grep -q '^ok ' "$1/answer" || fail "the subject says $(cat "$1/answer" "$1.out" 2>/dev/null)"
}

# until_frozen BASE MS OPTIONS...: of $pid; the table is in BASE.table.
until_frozen() {
	local base=$1 limit=$2
	shift 2
	mkdir "$base"
	"$TOOL" pre-dump -t "$pid" -D "$base" -o pre-dump.log -v4 --until-frozen "$limit" "$@" >"$base.table" 2>out.tool ||
		fail "pre-dump ended with $?: $(cat out.tool)"
	python3 judge.py "$base" "$limit" "$@" >judged || fail "the table does not agree: $(cat judged "$base.table")"
}

cat >judge.py <<'EOP'
"""judge.py BASE MS [--max-iterations N ...]: do table, reason, log and directories say the same?"""
import os, re, sys

base, limit = sys.argv[1], float(sys.argv[2])
most = int(sys.argv[sys.argv.index("--max-iterations") + 1]) if "--max-iterations" in sys.argv else 16
lines = open(base + ".table").read().splitlines()
rows = [l.split() for l in lines[1:-1]]
ms = [float(r[4]) for r in rows]
reached = ["below" in lines[-1], "no longer shrinks" in lines[-1], "--max-iterations" in lines[-1]]

def stays(i):
    """No smaller by a tenth; the table is rounded."""
    return ms[i] >= ms[i - 1] * 0.9 - 0.1

def shrinks(i):
    return ms[i] <= ms[i - 1] * 0.9 + 0.1

def check(what, is_so):
    if not is_so:
        sys.exit(f"{what}: {lines[-1]}")

check("header", lines[0].split()[:3] == ["iteration", "pages", "written"])
check("numbers", [int(r[0]) for r in rows] == list(range(1, len(rows) + 1)))
check("one reason", sum(reached) == 1)
check("the last set is named", lines[-1].endswith(f"{base}/{len(rows)}") and f"enough after {len(rows)}: " in lines[-1])
check("below", not reached[0] or ms[-1] <= limit)
check("not before", all(m >= limit - 0.1 for m in ms[:-1]))
check("stays", not reached[1] or len(ms) > 2 and stays(-1) and stays(-2))
check("at most", not reached[2] or len(rows) == most)
check("went on", len(rows) <= most and all(shrinks(i) or shrinks(i - 1) for i in range(2, len(rows) - 1)))
check("directories", sorted(os.listdir(base)) == sorted([r[0] for r in rows] + ["pre-dump.log"]))
for i in range(1, len(rows) + 1):
    check("statistics", os.path.exists(f"{base}/{i}/stats-dump"))
    parent = os.readlink(f"{base}/{i}/parent") if os.path.lexists(f"{base}/{i}/parent") else None
    check("parent", parent == (f"../{i - 1}" if i > 1 else None))
log = open(f"{base}/pre-dump.log").read()
check("log", re.findall(r"enough after iterations=(\d+)", log) == [str(len(rows))])
logged = [round(int(us) / 1000, 1) for us in re.findall(r"iteration=\d+ .*predicted-us=(\d+)", log)]
check("log says the same", all(abs(a - b) < 0.11 for a, b in zip(logged, ms)) and len(logged) == len(ms))
print(lines[-1])
EOP

# Enough at once, never enough, and what never shrinks because nothing is tracked.
subject w "$large" 500
until_frozen once 600000
grep -q 'below 600000' once.table && [ -e once/1 ] && [ ! -e once/2 ] || fail "not enough at once: $(cat once.table)"
until_frozen most 1 --tracker none --max-iterations 2
grep -q 'max-iterations is 2' most.table || fail "it does not say what ended it: $(cat most.table)"
until_frozen same 1 --tracker none
until_frozen few 1
until_frozen chain 20
kill "$pid"

# Where numbers are taken nothing is begun.
subject x 64 20000
mkdir taken taken/7
"$TOOL" pre-dump -t "$pid" -D taken -o pre-dump.log -v4 --until-frozen 5 >out.tool 2>&1 && fail "it writes beside older pre-dumps"
said 'it has "7" already'
[ "$(ls taken)" = "7
pre-dump.log" ] || fail "it has begun: $(ls taken)"
grep -q 'step freeze' taken/pre-dump.log && fail "it has stopped the tree"
mkdir gone
"$TOOL" pre-dump -t 999999 -D gone -o pre-dump.log --until-frozen 5 >out.tool 2>&1 && fail "a pre-dump of nobody is accepted"
[ ! -e gone/1 ] || fail "a try that failed leaves its directory"

# Many writes; and the dump says what was predicted and what became of it.
until_frozen many 1
last=$(grep -c '^ *[0-9]' many.table)
predicted=$(awk -v n="$last" '$1 == n { print $5 }' many.table)
mkdir many/end
"$TOOL" dump -t "$pid" -D many/end --prev-images-dir "../$last" -o dump.log -v4 --display-stats >many.stats 2>out.tool ||
	fail "dump ended with $?: $(cat out.tool)"
grep -Eq "^frozen [0-9.]+ ms, predicted $predicted ms\$" many.stats || fail "no $predicted ms: $(cat many.stats)"
grep -q "frozen [0-9.]* ms, predicted $predicted ms" many/end/dump.log || fail "the log does not compare"
restore many/end -d || fail "restore ended with $?"
ask x
"$TOOL" show many/end | grep -q predicted_us && fail "a dump predicts another one"
# A dump of a tree that runs on was not predicted.
mkdir run
dump run -R --prev-images-dir ../many/1 --display-stats
grep -q 'predicted' run/dump.log && fail "it compares what cannot be compared"
kill "$pid"
