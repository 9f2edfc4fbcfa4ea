# SPDX-License-Identifier: GPL-2.0-only
"""SIGKILL of the tool, at steps and at random moments."""
import os
import random
import re
import shutil
import signal

import state
from common import Scene
from rig import imageset, sandbox
from rig.sandbox import Failure, pids, read
from rig.tool import is_ours

# Of all killed dumps, those that may leave one wait ended with EINTR: between a thread's stop and our look at it.
CUT_SHARE = 0.05
# Of all killed restores, those that may leave the name of a deleted file: it has one for as long as it is opened by it.
NAME_SHARE = 0.01
STEP = re.compile(r"\bstep ([a-z0-9-]+): us=")
REPORTED_MAX = 20


def steps_of(log):
    return STEP.findall(read(log))


def only_ours(box):
    return None if is_ours(box.spec["tool"]) else {"skip": "the peer has no named steps"}


def moments(steps):
    return [(when, step) for step in steps for when in ("before", "after")]


# --- dump at steps --------------------------------------------------------------------------------


def dump_steps(box):
    """Twice: once with --leave-running, and once as a dump that would end the tree."""
    skip = only_ours(box)
    if skip:
        return skip
    scene = Scene(box)
    scene.start()
    images = box.fresh("images")
    dumped = scene.tool.dump(scene.subject.pid, images, ["--leave-running"], verbosity=4, timeout_s=60)
    if not dumped.is_fine:
        raise Failure(f"an undisturbed dump {dumped.why()}")
    steps = steps_of(dumped.log)
    scene.wrong += scene.check_target("after an undisturbed dump")
    for when, step in moments(steps):
        one_dump_step(scene, when, step, ["--leave-running"])
    nr_restored = sum(one_dump_step(scene, when, step, []) for when, step in moments(steps))
    return {"wrong": scene.wrong, "text": f"{len(steps)} steps ({' '.join(steps)}), 4 kills at each; after "
                                          f"{nr_restored} the set was whole and the tree gone, and it was restored"}


def one_dump_step(scene, when, step, options):
    """Returns whether the tree was gone, as it is when the commit is past, and was restored."""
    what = f"killed {when} {step}{' with -R' if options else ''}"
    images = scene.box.fresh("images")
    killed = scene.tool.dump(scene.subject.pid, images, options + [f"--stop-{when}", step], timeout_s=60)
    if killed.status != -signal.SIGKILL:
        scene.wrong.append(f"{what}: the tool {killed.why()}")
    if not options and step == "release" and when == "after":
        scene.box.wait_gone()
        scene.box.ended.clear()
        scene.tool_pid = imageset.free_pids(images, 200)
        scene.restore_whole(images)
        scene.subject.ask(30)
        return True
    scene.wrong += scene.check_target(what, may_leave=1)
    again = scene.tool.dump(scene.subject.pid, scene.box.fresh("images"), ["--leave-running"], timeout_s=60)
    if not again.is_fine:
        scene.wrong.append(f"{what}: the next dump {again.why()}")
    scene.wrong += scene.check_target(f"{what}, then dumped")
    return False


# --- restore at steps -----------------------------------------------------------------------------


def restore_steps(box):
    skip = only_ours(box)
    if skip:
        return skip
    scene = Scene(box)
    scene.start()
    images = scene.dump_to_end()
    first = scene.restore(images, verbosity=4, timeout_s=60)
    if not first.is_fine:
        raise Failure(f"an undisturbed restore {first.why()}")
    steps = steps_of(first.log)
    scene.subject.ask(30)
    scene.box.kill_all()
    nr_whole = 0
    for when, step in moments(steps):
        what = f"killed {when} {step}"
        scene.forget_alive()
        around = state.Surroundings([scene.subject.dir, images])
        killed = scene.restore(images, [f"--stop-{when}", step], timeout_s=60)
        if killed.status != -signal.SIGKILL:
            scene.wrong.append(f"{what}: the tool {killed.why()}")
        nr_whole += whole_or_nothing(scene, what, around)
    scene.restore_whole(images)
    scene.subject.ask(30)
    if scene.nr_names:
        scene.wrong.append("a deleted file kept its name")
    return {"wrong": scene.wrong, "text": f"{len(steps)} steps ({' '.join(steps)}), 2 kills at each, {nr_whole} of them "
                                          "after the commit, where the tree ran"}


def whole_or_nothing(scene, what, around):
    """After a killed restore: nothing is there, or, past the commit, the whole tree; returns whether it is."""
    if scene.nothing_left(2):
        scene.nr_names += around.remove(["ghost"])
        scene.wrong += scene.check_nothing(what, around)
        return False
    try:
        scene.subject.ask(15)
    except Failure as e:
        names = [f"{p} {read(f'/proc/{p}/comm').strip()} {read(f'/proc/{p}/stat').rpartition(')')[2][1:2]}"
                 for p in pids()]
        scene.wrong.append(f"{what}: something is left that is no whole tree: {', '.join(names[:6])}; {e}")
    scene.box.kill_all()
    scene.forget_alive()
    return True


# --- no room for the images -----------------------------------------------------------------------


def dump_full(box):
    """File systems of all sizes up to what a set needs: one failure each, and the tree runs on."""
    scene = Scene(box)
    scene.start()
    # One child of the target more or less is hundreds of pages: the set that must not fit is the smallest.
    pages = min(pages_of_a_set(scene, box.fresh("images")) for _ in range(8))
    images = box.fresh("images")
    rng = random.Random(box.spec["seed"])
    sizes = [1, 2, 3, 8, pages // 2] + [rng.randrange(1, pages * 7 // 8) for _ in range(10)]
    for size in sizes:
        one_full(scene, images, size)
    return {"wrong": scene.wrong, "text": f"{len(sizes)} file systems of 1 to {max(sizes)} pages, {pages} are needed"}


def pages_of_a_set(scene, images):
    """What the set of a dump takes on a tmpfs."""
    dumped = scene.tool.dump(scene.subject.pid, images, ["--leave-running"], timeout_s=60)
    if not dumped.is_fine:
        raise Failure(f"an undisturbed dump {dumped.why()}")
    return sum(os.stat(os.path.join(images, n)).st_blocks >> 3 for n in os.listdir(images))


def one_full(scene, images, size):
    what = f"dump into {size} pages"
    shutil.rmtree(images)
    os.mkdir(images)
    sandbox.mount_tmpfs(images, size * 4096)
    got = scene.tool.dump(scene.subject.pid, images, ["--leave-running"], timeout_s=60, work=scene.work)
    if got.status <= 0 or got.verdict != "ended":
        scene.wrong.append(f"{what}: the tool {got.why()}")
    elif is_ours(scene.tool.path) and len(got.errors()) != 1:
        scene.wrong.append(f"{what}: {len(got.errors())} failures: {got.why()}")
    if os.path.exists(os.path.join(images, "inventory.img")):
        scene.wrong.append(f"{what}: it looks like a set")
    scene.wrong += scene.check_target(what)
    sandbox.unmount(images)


# --- random moments -------------------------------------------------------------------------------


def usual_us(run, nr=5):
    """The median wall time of an undisturbed run."""
    times = []
    for _ in range(nr):
        got = run()
        if not got.is_fine:
            raise Failure(f"an undisturbed run {got.why()}")
        times.append(got.wall_us)
    return sorted(times)[nr // 2]


def dump_random(box):
    return kill_dumps(box, Scene(box))


def dump_random_filter(box):
    """The parasite reports in another way to a task with a seccomp filter."""
    return kill_dumps(box, Scene(box, ["filter"]))


def kill_dumps(box, scene):
    rng = random.Random(box.spec["seed"])
    scene.start()
    usual = usual_us(lambda: scene.tool.dump(scene.subject.pid, box.fresh("images"), ["--leave-running"]))
    nr_killed = nr_harmed = nr_cut = 0
    for number in range(box.spec["rounds"]):
        after = rng.randrange(int(usual * 1.2))
        got = scene.tool.dump(scene.subject.pid, box.fresh("images"), ["--leave-running"], kill_us=after)
        nr_killed += got.verdict == "killed"
        cut = scene.nr_cut
        wrong = scene.check_target(f"dump {number}, {got.verdict} after {after} of {usual} us", may_leave=1)
        nr_cut += max(scene.nr_cut - cut, 0)
        if got.verdict == "ended" and not got.is_fine:
            wrong.append(f"dump {number} {got.why()}")
        if wrong:
            nr_harmed += 1
            scene.wrong += wrong
            keep_log(box, number)
            scene.box.kill_all()
            scene.start()
    again = scene.tool.dump(scene.subject.pid, box.fresh("images"), ["--leave-running"], timeout_s=60)
    if not again.is_fine:
        scene.wrong.append(f"the next dump {again.why()}")
    scene.wrong += scene.check_target("after the next dump")
    if nr_cut > 1 + nr_killed * CUT_SHARE:
        scene.wrong.append(f"{nr_cut} waits were cut short")
    return {"wrong": scene.wrong, "text": f"{box.spec['rounds']} dumps of {usual / 1000:.1f} ms, {nr_killed} killed, "
                                          f"target harmed {nr_harmed} times, a wait ended with EINTR {nr_cut} times"}


def keep_log(box, number):
    log = os.path.join(box.folder, "images", "dump.log")
    if os.path.exists(log):
        shutil.copy(log, os.path.join(box.folder, f"dump{number}.log"))


def restore_random(box):
    scene = Scene(box)
    rng = random.Random(box.spec["seed"] + 1)
    scene.start()
    images = scene.dump_to_end()

    def undisturbed():
        got = scene.restore(images)
        scene.box.kill_all()
        return got

    usual = usual_us(undisturbed)
    nr_killed = nr_whole = nr_harmed = 0
    for number in range(box.spec["rounds"]):
        scene.forget_alive()
        around = state.Surroundings([scene.subject.dir, images])
        after = rng.randrange(int(usual * 1.2))
        nr_wrong = len(scene.wrong)
        got = scene.restore(images, kill_us=after)
        nr_killed += got.verdict == "killed"
        what = f"restore {number}, {got.verdict} after {after} of {usual} us"
        if got.verdict == "ended" and not got.is_fine:
            scene.wrong.append(f"restore {number} {got.why()}")
        nr_whole += whole_or_nothing(scene, what, around)
        nr_harmed += len(scene.wrong) > nr_wrong
    scene.restore_whole(images)
    scene.subject.ask(30)
    if scene.nr_names > 1 + nr_killed * NAME_SHARE:
        scene.wrong.append("a deleted file kept its name too often")
    return {"wrong": scene.wrong[:REPORTED_MAX],
            "text": f"{box.spec['rounds']} restores of {usual / 1000:.1f} ms, {nr_killed} killed, {nr_whole} whole trees, "
                    f"something left or harmed {nr_harmed} times, the name of a deleted file left {scene.nr_names} times"}
