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

# --- incremental dumps: the target is tool/changing, whose source tells its commands ---

# start_changing DIR: in $pid; $made is where its commands go.
start_changing() {
	made=$1
	# No process before the target: a test may have chosen its number.
	[ -d "$made" ] || mkdir -m 777 "$made"
	CASE_DIR=$PWD/$made setsid "$CASES/tool/changing" </dev/null >"$made/out" 2>&1 &
	pid=$!
	disown # else the shell tells its end
	until [ -e "$made/ready" ]; do
		alive "$pid" || fail "the target ended: $(cat "$made/out")"
		sleep 0.01
	done
}

# tell COMMAND [NUMBER]: returns when it is done.
tell() {
	ln -s "$*" "$made/do"
	until [ -e "$made/did" ]; do
		alive "$pid" || fail "the target ended in \"$*\": $(cat "$made/out")"
		sleep 0.01
	done
	rm "$made/did"
}

# content: the target goes on to its end, and every byte of its memory must be what it wrote.
content() {
	: >"$made/go"
	for _ in $(seq 3000); do
		alive "$pid" || break
		sleep 0.02
	done
	[ -e "$made/ok" ] || fail "the target's memory is wrong: $(cat "$made/out")"
	rm -rf "${made:?}"
}

# pre_dump IMAGES [OPTIONS]: of $pid.
pre_dump() {
	local images=$1
	shift
	mkdir -p "$images"
	"$TOOL" pre-dump -t "$pid" -D "$images" -o pre-dump.log -v4 "$@" >>out.tool 2>&1
}

# pre_dump 2 "${after[@]}" ../1
# shellcheck disable=SC2034
after=(--track-mem --prev-images-dir)

# whole IMAGES WHY: the log warns that tasks were dumped whole.
whole() {
	grep -Eqh -- "warn .*dumped whole: .*$2" "$1"/*.log ||
		fail "$1: no warning \"dumped whole: $2\": $(grep -h warn "$1"/*.log)"
}

# chained IMAGES: no warning, and pages were left to the parent.
chained() {
	! grep -h 'warn ' "$1"/*.log || fail "$1: a warning"
	grep -Eqh 'parent=[1-9]' "$1"/*.log || fail "$1: nothing was left to the parent"
}

# Which trackers this kernel has.
trackers() {
	"$TOOL" check --feature mem_dirty_track >/dev/null && echo soft-dirty
	"$TOOL" check --feature uffd_wp_async --feature pagemap_scan >/dev/null && echo uffd-wp
}

# Numbers of the processes that hold userfaultfds between two dumps.
keepers() { grep -la '^criu-lite-keeper' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3; }

no_keeper() {
	for _ in $(seq 200); do
		[ -n "$(keepers)" ] || return 0
		sleep 0.01
	done
	fail "a keeper is left: $(keepers)"
}

one_keeper() { [ "$(keepers | wc -w)" = 1 ] || fail "keepers: $(keepers)"; }
