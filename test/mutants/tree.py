# SPDX-License-Identifier: GPL-2.0-only
"""A copy of the source tree with its objects, that can be broken, built and made whole again."""
import filecmp
import os
import re
import shutil
import subprocess

# What a build of the tool and of the unit tests reads.
SOURCES = ("Makefile", "Makefile.config", "criu", "images", "lib", "scripts", "test")
# What make passes on to a make below that is none of its own: no variable.
OF_THE_CALLER = re.compile(r"--jobserver\S*|(^|\s)-?j\d*(?=\s|$)")


class Rotten(Exception):
    """A patch that does not apply."""


class BuildFailed(Exception):
    pass


class Tree:
    """@build may be None: sources only.  Timestamps are copied, so that make builds what a patch touches and no more."""

    build = "build"     # relative, as in the user's tree: the compiler's command line is the same

    def __init__(self, top, build, root):
        self.top = top
        self.root = root
        self.built = os.path.join(top, build) if build else None
        self.changed = set()
        os.mkdir(root)
        for name in SOURCES:
            source = os.path.join(top, name)
            if os.path.isdir(source):
                shutil.copytree(source, self.path(name), symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            elif os.path.exists(source):
                shutil.copy2(source, self.path(name))
        if build:
            shutil.copytree(self.built, self.path(self.build), ignore=self.not_needed)

    def path(self, *names):
        return os.path.join(self.root, *names)

    @property
    def tool(self):
        return self.path(self.build, "criu-lite")

    def not_needed(self, folder, names):
        """Tests are built where they are wanted; other builds may lie in this one."""
        return [n for n in names if n.startswith(("lint-", "san"))] + ["test"] if folder == self.built else []

    def apply(self, patch, fuzz=0):
        with open(patch, encoding="utf-8") as f:
            self.changed = set(re.findall(r"^\+\+\+ b/(\S+)", f.read(), re.M))
        got = subprocess.run(["patch", "-p1", f"--fuzz={fuzz}", "--no-backup-if-mismatch", "--reject-file=-", "-i",
                              os.path.abspath(patch)], cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
        if got.returncode or not self.changed:
            raise Rotten(got.stdout.strip() or "no file is named in it")

    def edit(self, name, number, text):
        """Another text for one line, counted from 0; None: without it."""
        self.changed = {name}
        with open(self.path(name), encoding="utf-8") as f:
            lines = f.read().split("\n")
        lines[number:number + 1] = [] if text is None else [text]
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write("\n".join(lines))

    def diff(self):
        """What is changed, as a patch."""
        out = []
        for name in sorted(self.changed):
            got = subprocess.run(["diff", "-u", "--label", f"a/{name}", "--label", f"b/{name}",
                                  os.path.join(self.top, name), self.path(name)],
                                 stdout=subprocess.PIPE, text=True, check=False)
            out.append(got.stdout)
        return "".join(out)

    def make(self, targets):
        env = dict(os.environ, MAKEFLAGS=OF_THE_CALLER.sub(" ", os.environ.get("MAKEFLAGS", "")).strip())
        got = subprocess.run(["make", "--no-print-directory", f"O={self.build}", "WERROR=0", *targets], cwd=self.root,
                             env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, check=False)
        if got.returncode:
            raise BuildFailed("\n".join(got.stdout.splitlines()[-12:]))

    def revert(self):
        """Sources and objects are what they were, with their times."""
        for name in self.changed:
            shutil.copy2(os.path.join(self.top, name), self.path(name))
        self.changed = set()
        if not self.built:
            return
        for folder, _, files in os.walk(self.path(self.build)):
            for name in files:
                path = os.path.join(folder, name)
                original = os.path.join(self.built, os.path.relpath(path, self.path(self.build)))
                if "/build/test/" in path or not os.path.exists(original):
                    os.unlink(path)
                elif not filecmp.cmp(path, original, shallow=True) or os.stat(path).st_mtime_ns != os.stat(original).st_mtime_ns:
                    shutil.copy2(original, path)
