# SPDX-License-Identifier: GPL-2.0-only
"""What cases say of the peer ("peer: no KIND WHY"), and what a run says of that.

A run with the peer is of one kind: "can"; "wrong" when dump and restore succeeded and the state or the verdict is
another one; "refuses" when the tool ended with an error; "hangs".
"""
import re

REFUSES = re.compile(r"^(pre-)?(dump|restore)( \d+)? (ended with|was killed)|^dump left no inventory")
WRONG = re.compile(r"^the case ended with -?\d+: |^after the restore, /proc differs|^the files were|"
                   r"^the dumped task ended by itself|^waited too long for (the case to check itself|all tasks of)")
HANGS = re.compile(r"^hung for|^waited too long")


def kind(status, reason):
    """Of a result of the peer; None when it says nothing of the peer (a skip, a broken driver)."""
    if status == "pass":
        return "can"
    for name, pattern in (("refuses", REFUSES), ("wrong", WRONG), ("hangs", HANGS)):
        if status == "fail" and pattern.search(reason):
            return name
    return None


def declared(case):
    """The kind that a plain run with the peer alone is to show, or None."""
    return next((kind for _, kind, _ in case.peer_claims if kind), None)


def is_tested(case, suite):
    """Waiting for what hangs takes too long for every run; test/interop/peer does it."""
    return suite.by_peer_alone and suite.is_plain and declared(case) not in (None, "hangs")


def judge(case, suite, result):
    """The result of a case of which the peer is said to be not able; it passes when the peer shows that."""
    if suite.args.despite_peer or not is_tested(case, suite) or result["status"] == "skip":
        return result
    found = kind(result["status"], result["reason"])
    if found == declared(case):
        return dict(result, status="pass", reason="", notes=f"{found}, as declared: {result['reason'][:200]}".rstrip(": "))
    return dict(result, status="fail", reason=f"declared \"{declared(case)}\", but it is \"{found}\": {result['reason']}")
