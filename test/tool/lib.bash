# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts share that call the tool themselves: one target, and words for what is checked.
# The driver sets TOOL and CASES, and is the init of the script's pid namespace.

fail() { echo "$(basename "$0"):${BASH_LINENO[0]}: $*" >&2; cat ./*.log ./*/*.log 2>/dev/null | tail -n 5 >&2; exit 1; }
skip() { echo "skip: $*" >&2; exit 77; }

# start DIR: a target in DIR; its number is in $pid.
start() {
	mkdir -p "$1"
	CASE_DIR=$PWD/$1 setsid "$CASES/tool/target" </dev/null >"$1/out" 2>&1 &
	pid=$!
	until [ -e "$1/ready" ]; do
		kill -0 "$pid" 2>/dev/null || fail "the target ended: $(cat "$1/out")"
		sleep 0.01
	done
}

alive() { [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status"; }

# finish DIR: lets the target go on to its end and fails unless it is content.
finish() {
	: >"$1/go"
	for _ in $(seq 1000); do
		[ ! -e "$1/verdict" ] || break
		sleep 0.02
	done
	[ -e "$1/verdict" ] || fail "the target gives no verdict: $(cat "$1/out")"
	while alive "$pid"; do sleep 0.01; done
	grep -q '^ok ' "$1/verdict" || fail "the target says $(cat "$1/verdict")"
	rm -f "$1"/{go,ready,here,verdict}
}

# dump IMAGES [OPTIONS]: of $pid.
dump() {
	local images=$1
	shift
	mkdir -p "$images"
	"$TOOL" dump -t "$pid" -D "$images" -o dump.log -v4 "$@" >>out.tool 2>&1
}

restore() {
	local images=$1
	shift
	"$TOOL" restore -D "$images" -o restore.log -v4 "$@" >>out.tool 2>&1
}

gone() {
	for _ in $(seq 100); do
		alive "$1" || return 0
		sleep 0.01
	done
	return 1
}

# said PATTERN: what the tool wrote to its standard streams since the last look.
said() { grep -Eq -- "$1" out.tool || fail "it does not say \"$1\": $(tail -n 5 out.tool)"; }
