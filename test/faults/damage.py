# SPDX-License-Identifier: GPL-2.0-only
"""Damaged images: bytes changed under the manifest, and fields changed with all sums made right again."""
import os
import random
import re
import shutil
import time

import state
from common import Scene
from rig import imageset, wire
from rig.sandbox import read
from rig.tool import NOT_IMAGES, is_ours
from rig.wire import BYTES, FIXED32, FIXED64, VARINT

HANG_S = 30
REPORTED_MAX = 20
SANITIZER = re.compile(r"AddressSanitizer|runtime error:|UndefinedBehavior|LeakSanitizer")
CRASH = re.compile(r"segfault at|general protection|traps: |invalid opcode")


def image_names(folder):
    return sorted(n for n in os.listdir(folder) if not NOT_IMAGES.search(n))


def copy_set(source, target):
    """By links: imageset.replace() never writes through one."""
    for name in image_names(source):
        os.link(os.path.join(source, name), os.path.join(target, name))


# --- under the manifest ---------------------------------------------------------------------------


def flip(rng, data):
    at = rng.randrange(len(data))
    bit = rng.randrange(8)
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:], f"bit {bit} of byte {at} flipped"


def cut(rng, data):
    size = rng.randrange(len(data))
    return data[:size], f"cut to {size} bytes"


def grow(rng, data):
    more = rng.randbytes(rng.choice((1, 4, 64, 4096)))
    return data + more, f"{len(more)} bytes longer"


def remove(_rng, _data):
    return None, "removed"


def damage_one(rng, folder, names=None):
    """Changes one file; says which and how."""
    ways = [flip, flip, flip, cut, grow, remove]
    names = names or image_names(folder)
    while True:
        name = rng.choice(names)
        way = rng.choice(ways)
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            data = f.read()
        if not data and way in (flip, cut):
            continue
        data, how = way(rng, data)
        if data is None:
            os.unlink(path)
        else:
            imageset.replace(path, data)
        return f"{name} {how}"


def rounds_of(box):
    only = box.spec.get("only")
    return range(box.spec["rounds"]) if only is None else [only]


def prepare(box):
    scene = Scene(box)
    scene.start()
    images = scene.dump_to_end("whole")
    scene.restore_whole(images)
    scene.subject.ask(30)
    box.kill_all()
    # From here on folders are compared; only the log's and the round's own may change.
    return scene, images


def under_manifest(box):
    if not is_ours(box.spec["tool"]):
        return {"skip": "the peer has no manifest"}
    scene, whole = prepare(box)
    for number in rounds_of(box):
        rng = random.Random(f"{box.spec['seed']} damage {number}")
        images = box.fresh("damaged")
        copy_set(whole, images)
        what = f"set {number}, {damage_one(rng, images)}"
        nr_wrong = len(scene.wrong)
        must_refuse(scene, images, what)
        if len(scene.wrong) > nr_wrong:
            keep(box, images, number)
        if len(scene.wrong) > REPORTED_MAX:
            break
    return {"wrong": scene.wrong, "text": f"{box.spec['rounds']} sets, each with one damage"}


def must_refuse(scene, images, what):
    scene.forget_alive()
    around = state.Surroundings([scene.subject.dir, images])
    got = scene.restore(images, timeout_s=HANG_S)
    if got.status <= 0 or got.verdict != "ended":
        how = "was accepted" if got.is_fine else got.why()
        scene.wrong.append(f"{what}: {how}")
        scene.box.kill_all()
        scene.forget_alive()
        return
    if len(got.errors()) != 1:
        scene.wrong.append(f"{what}: {len(got.errors())} failures were reported: {got.why()}")
    scene.wrong += scene.check_nothing(what, around)


def keep(box, images, number):
    path = os.path.join(box.folder, f"damaged{number}")
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(images, path)
    for name in os.listdir(os.path.join(box.folder, "log")):
        shutil.copy(os.path.join(box.folder, "log", name), os.path.join(path, name))


# --- in fields ------------------------------------------------------------------------------------


def other_number(rng, value, bits):
    top = 1 << bits
    return rng.choice((0, 1, value + 1, value - 1, value ^ 1 << rng.randrange(bits), -value, value * 2,
                       0x7fffffff, 0x80000000, 0xffffffff, 1 << 47, 1 << 62, top >> 1, top - 1, top - 4096,
                       value + 4096, rng.randrange(top))) % top


def other_bytes(rng, value):
    way = rng.randrange(6)
    if way == 0:
        return value[:rng.randrange(len(value) + 1)]
    if way == 1:
        return value + rng.randbytes(rng.choice((1, 8, 300)))
    if way == 2:
        return b""
    if way == 3 and value:
        at = rng.randrange(len(value))
        return value[:at] + rng.randbytes(1) + value[at + 1:]
    if way == 4:
        return rng.choice((b"/", b"../../x", b"/proc/1/root", b"a" * 5000, b"%s%n", b"\x00abc"))
    return rng.randbytes(len(value))


def message_in(value):
    """The fields of a value that may well be a message; None for text and the like."""
    try:
        fields = wire.decode(value)
    except wire.Broken:
        return None
    return fields if fields and all(f.number < 2048 for f in fields) else None


def change(rng, fields, depth=0):
    """Changes one field somewhere in the message; says where and how."""
    if not fields:
        fields.append(wire.Field(rng.randrange(1, 40), VARINT, rng.randrange(1 << 32)))
        return "a new field"
    index = rng.randrange(len(fields))
    field = fields[index]
    inner = message_in(field.value) if field.kind == BYTES else None
    if inner and depth < 8 and rng.random() < 0.8:
        how = change(rng, inner, depth + 1)
        field.value = wire.encode(inner)
        return f"{field.number}.{how}"
    way = rng.random()
    if way < 0.12:
        del fields[index]
        return f"{field.number} deleted"
    if way < 0.2:
        fields.insert(rng.randrange(len(fields) + 1), wire.Field(field.number, field.kind, field.value))
        return f"{field.number} twice"
    if way < 0.25:
        other = rng.randrange(len(fields))
        fields[index], fields[other] = fields[other], field
        return f"{field.number} moved"
    if way < 0.28:
        number, field.number = field.number, rng.choice((field.number + 1, rng.randrange(1, 1100)))
        return f"{number} renamed {field.number}"
    before = field.value
    if field.kind == BYTES:
        field.value = other_bytes(rng, field.value)
        return f"{field.number} of {len(before)} bytes changed to {len(field.value)}"
    field.value = other_number(rng, field.value, 32 if field.kind == FIXED32 else 64)
    return f"{field.number} from {before:#x} to {field.value:#x}"


def change_entries(rng, entries):
    """Sometimes whole records: lost, twice, in another order."""
    way = rng.random()
    index = rng.randrange(len(entries))
    if way < 0.04:
        del entries[index]
        return f"entry {index} deleted"
    if way < 0.08:
        entries.insert(rng.randrange(len(entries) + 1), entries[index])
        return f"entry {index} twice"
    return f"entry {index} field {change(rng, entries[index].fields)}"


def change_set(rng, folder, sums):
    """One to three changes, then all sums are made right; says what was changed."""
    told = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        names = [n for n in image_names(folder) if n.endswith(".img")]
        name = rng.choice(names)
        if name.startswith("pages-") or rng.random() < 0.15:
            told.append(damage_one(rng, folder, [name]))    # framing, payloads, pages
            continue
        path = os.path.join(folder, name)
        magic, entries = imageset.read_image(path)
        if not entries:
            continue
        told.append(f"{name} {change_entries(rng, entries)}")
        imageset.write_image(path, magic, entries)
    imageset.write_manifest(folder, sums)
    return ", ".join(told) or "nothing"


class KernelLog:
    """Crashes of programs since the last look."""

    def __init__(self):
        try:
            self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.fd, 0, os.SEEK_END)
        except OSError:
            self.fd = -1

    def crashes(self):
        out = []
        while self.fd >= 0:
            try:
                line = os.read(self.fd, 8192).decode("utf-8", "replace")
            except BlockingIOError:
                break
            except OSError:
                continue
            if CRASH.search(line):
                out.append(line.partition(";")[2].split("\n")[0])
        return out


def in_fields(box):
    scene, whole = prepare(box)
    sums = imageset.Sums()
    log = KernelLog()
    nr_restored = 0
    for number in rounds_of(box):
        rng = random.Random(f"{box.spec['seed']} fields {number}")
        images = box.fresh("changed")
        copy_set(whole, images)
        try:
            what = f"set {number}, {change_set(rng, images, sums)}"
        except (wire.Broken, OSError):
            continue    # the first change made the second impossible
        nr_wrong = len(scene.wrong)
        nr_restored += must_not_break(scene, images, what, log)
        if len(scene.wrong) > nr_wrong:
            keep(box, images, number)
        if len(scene.wrong) > REPORTED_MAX:
            break
    return {"wrong": scene.wrong, "text": f"{box.spec['rounds']} sets, {nr_restored} of them restored, the others refused"}


def must_not_break(scene, images, what, log):
    """Returns whether the set was restored.  What a tree made from changed images then does is its own matter."""
    scene.forget_alive()
    around = state.Surroundings([images])
    log.crashes()
    got = scene.restore(images, timeout_s=HANG_S)
    finding = SANITIZER.search(got.said + read(got.log))
    if finding:
        scene.wrong.append(f"{what}: sanitizer: {report_of(got.said)}")
    elif got.status < 0 or got.verdict != "ended":
        scene.wrong.append(f"{what}: {got.why()}")
    elif got.status and is_ours(scene.tool.path):
        refused_cleanly(scene, what, got, log)
    if got.status:
        scene.wrong += scene.check_nothing(what, around)
    else:
        time.sleep(0.005)   # enough for a wrong restore to show
        scene.box.kill_all()
    return got.status == 0


def report_of(text):
    lines = [l.strip() for l in text.splitlines()]
    at = next((i for i, l in enumerate(lines) if SANITIZER.search(l)), 0)
    return " | ".join(lines[at:at + 6])


def refused_cleanly(scene, what, got, log):
    crashes = log.crashes()
    if crashes:
        scene.wrong.append(f"{what}: somebody crashed: {crashes[0]}; the tool {got.why()}")
    if not got.errors():
        scene.wrong.append(f"{what}: refused without a reason")
