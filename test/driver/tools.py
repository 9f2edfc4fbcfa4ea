# SPDX-License-Identifier: GPL-2.0-only
"""The programs that dump and restore, and what they can do here."""
import functools
import os
import subprocess

from driver.options import TOP

FEATURES = {"soft-dirty": ("mem_dirty_track",), "uffd-wp": ("uffd_wp_async", "pagemap_scan"),
            "both": ("mem_dirty_track", "uffd_wp_async", "pagemap_scan")}


def is_ours(path):
    return "criu-lite" in os.path.basename(path)


def peer_path():
    """The peer: $PEER, or unpacked once into the user's cache."""
    if os.environ.get("PEER"):
        return os.environ["PEER"]
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "criu-lite-peer")
    subprocess.run([os.path.join(TOP, "peer", "get-criu"), cache], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(cache, "criu")


def tools(args):
    """Which programs dump and restore."""
    def path(word):
        if word == "peer":
            return peer_path()
        return os.path.abspath(os.path.join(args.build, "criu-lite") if word in (None, "criu-lite") else word)

    if args.interop:
        dumps, _, restores = args.interop.partition(":")
        return path(dumps), path(restores)
    return path(args.bin), path(args.bin)


@functools.lru_cache(maxsize=None)
def missing_feature(tool, feature):
    """What the tool's check says of a feature that this kernel has not, or None."""
    got = subprocess.run([tool, "check", "--feature", feature], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    if "is not known" in got.stdout:    # else a slip of the pen would skip the case for ever
        raise SystemExit(f"test/run: {got.stdout.strip()}")
    return (got.stdout.strip() or f"no {feature}") if got.returncode else None


def missing_tracker(tool, tracker):
    """Why the tool cannot use the tracker on this kernel, or None."""
    for feature in FEATURES.get(tracker, ()) if is_ours(tool) else ():
        why = missing_feature(tool, feature)
        if why:
            return f"{tracker}: {why}"
    return None
