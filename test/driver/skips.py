# SPDX-License-Identifier: GPL-2.0-only
"""Why a case does not run in a way, in one sentence."""
from driver import cases, claims
from driver.tools import is_ours

NO_NAMESPACES = "namespaces are not dumped yet"


def why_skip(case, suite):
    """The first reason, or None."""
    return missing(case, suite) or (by_itself if case.drives_itself else by_way)(case, suite)


def missing(case, suite):
    for need in case.words("needs"):
        why = cases.missing_need(need, suite.ours)
        if why:
            return why
    return NO_NAMESPACES if suite.flavour != "h" else None


def by_itself(_case, suite):
    if not suite.is_plain or suite.dump != suite.restore:
        return "calls the tool itself, in one way"
    return None if is_ours(suite.dump) else "is about criu-lite"


def by_way(case, suite):
    return by_peer(case, suite) or suite.no_tracker or by_declaration(case, suite)


def by_peer(case, suite):
    if suite.way == "nocr" or suite.args.despite_peer or claims.is_tested(case, suite):
        return None
    dumps, restores = not is_ours(suite.dump), not is_ours(suite.restore)
    why = case.peer_refusal(dumps, restores and suite.way == "cr") if dumps or restores else None
    return f"peer: {why}" if why else None


def by_declaration(case, suite):
    for line in case.keys.get("not", []):
        way, _, why = line.partition(" ")
        if way in suite.ways:
            return why
    if "refuse" in case.keys and suite.way in ("stop", "snaps"):
        return "is about a refused dump"
    if "restore-refuse" in case.keys and suite.way not in ("cr", "nocr"):
        return "is about a refused restore"
    if "between" in case.keys and suite.has_rounds:
        return "changes its surroundings once"
    return by_fault(case, suite) if suite.args.fault else None


def by_fault(case, suite):
    if not is_ours(suite.dump) or not is_ours(suite.restore):
        return "the peer has no named steps"
    if "refuse" in case.keys or "restore-refuse" in case.keys:
        return "is about a refusal"
    return "its state moves: a whole tree and a half one look alike" if "busy" in case.keys else None
