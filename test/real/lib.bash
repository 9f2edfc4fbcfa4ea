# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts share: the same words as test/lib/case.h has for programs.  A script is the root of
# its tree; everything it starts is dumped with it.

case_ready() { : >"$CASE_DIR/ready"; }
case_go() { [ -e "$CASE_DIR/go" ]; }
case_wait_go() { until case_go; do sleep 0.02; done; }
case_fail() { echo "$*" >&2; exit 1; }
