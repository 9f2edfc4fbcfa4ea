# SPDX-License-Identifier: GPL-2.0-only
"""Reading and writing of image sets without their definitions: framing, payloads, the manifest and its digest.

images/README.md describes the bytes.  libxxhash is used through ctypes.
"""
import ctypes
import ctypes.util
import dataclasses
import os
import struct

from rig import wire
from rig.wire import BYTES, VARINT

MANIFEST = "manifest.criu-lite"
DIGEST_FIELD = 1001
INVENTORY_MAGIC = 0x58313116
HEADER = struct.Struct("<8sIIQQII16s16s16sQ")
PAGE = 4096
IN_PARENT, PRESENT = 1, 4       # flags of a page map's entry


@dataclasses.dataclass
class Entry:
    fields: list
    payload: bytes = b""


def pids_of(folder):
    """All pids and tids that the set wants."""
    out = set()
    for entry in read_image(os.path.join(folder, "pstree.img"))[1]:
        for f in entry.fields:
            if f.number in (1, 5):      # pid; threads, packed or not
                if f.kind == VARINT:
                    out.add(f.value)
                else:
                    at = 0
                    while at < len(f.value):
                        value, at = wire.get_varint(f.value, at)
                        out.add(value)
    return out


def free_pids(folder, nr):
    """A pid from which on @nr pids are not wanted by the set."""
    wanted = pids_of(folder)
    start = 300
    while any(pid in wanted for pid in range(start, start + nr)):
        start += 1
    return start


# --- framing --------------------------------------------------------------------------------------


def payload_len(name, fields):
    """Bytes that follow an entry."""
    if name in ("pipes-data.img", "fifo-data.img"):
        return next((f.value for f in fields if f.number == 2), 0)
    return 0


def read_image(path):
    """(magic bytes, entries); a ghost file's contents are the payload of its only entry."""
    name = os.path.basename(path)
    with open(path, "rb") as f:
        data = f.read()
    at = 4 if data[:4] == struct.pack("<I", INVENTORY_MAGIC) else 8
    magic, entries = data[:at], []
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        if at + 4 + size > len(data):
            raise wire.Broken(f"{name} is cut short")
        entry = Entry(wire.decode(data[at + 4:at + 4 + size]))
        at += 4 + size
        more = len(data) - at if name.startswith("ghost-file-") else payload_len(name, entry.fields)
        entry.payload = data[at:at + more]
        at += more
        entries.append(entry)
    return magic, entries


def write_image(path, magic, entries):
    out = bytearray(magic)
    for entry in entries:
        body = wire.encode(entry.fields)
        out += len(body).to_bytes(4, "little") + body + entry.payload
    replace(path, bytes(out))


def replace(path, data):
    """Never through a link: sets share files."""
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)


# --- sums -----------------------------------------------------------------------------------------


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def library():
    lib = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    lib.XXH3_64bits.restype = ctypes.c_uint64
    lib.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    lib.XXH3_128bits.restype = Hash128
    lib.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return lib


class Sums:
    def __init__(self):
        self.lib = library()

    def sum64(self, data):
        return self.lib.XXH3_64bits(data, len(data))

    def sum128(self, data):
        """In the canonical (big-endian) form."""
        h = self.lib.XXH3_128bits(data, len(data))
        return h.high.to_bytes(8, "big") + h.low.to_bytes(8, "big")


def read_manifest(folder):
    """(header fields, {name: is_pages}); None when the set has none."""
    try:
        with open(os.path.join(folder, MANIFEST), "rb") as f:
            data = f.read()
    except FileNotFoundError:
        return None
    header = HEADER.unpack_from(data)
    at, files = HEADER.size, {}
    for _ in range(header[4]):
        flags, name_len = data[at + 16], data[at + 17]
        files[data[at + 18:at + 18 + name_len].decode()] = bool(flags & 1)
        at += 18 + name_len
    return header, files


def write_manifest(folder, sums):
    """Makes manifest and digest say what the files are now; a set without a manifest stays so."""
    got = read_manifest(folder)
    if not got:
        return
    write_manifest_of(folder, sums, *got)


def write_manifest_of(folder, sums, header, files):
    records, page_sums = bytearray(), bytearray()
    for name in sorted(n for n in files if os.path.exists(os.path.join(folder, n))):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        is_pages = files[name] and len(data) % PAGE == 0
        if is_pages:
            for at in range(0, len(data), PAGE):
                page_sums += sums.sum64(data[at:at + PAGE]).to_bytes(8, "little")
        records += struct.pack("<QQBB", len(data), 0 if is_pages else sums.sum64(data), is_pages, len(name))
        records += name.encode()
    front = bytes(records) + bytes(-(HEADER.size + len(records)) % 8)
    total = HEADER.size + len(front) + len(page_sums)
    nr = sum(os.path.exists(os.path.join(folder, n)) for n in files)
    fields = list(header)
    fields[3], fields[4], fields[10] = total, nr, len(page_sums) // 8
    manifest = HEADER.pack(*fields) + front + page_sums
    replace(os.path.join(folder, MANIFEST), manifest)
    write_digest(folder, sums, manifest)


def write_digest(folder, sums, manifest):
    """The digest is over the manifest's sum and the inventory's other fields; it is the last field."""
    path = os.path.join(folder, "inventory.img")
    magic, entries = read_image(path)
    if not entries:
        raise wire.Broken("the inventory is empty")
    entry = entries[0]
    entry.fields = [f for f in entry.fields if f.number != DIGEST_FIELD]
    body = wire.encode(entry.fields)
    entry.fields.append(wire.Field(DIGEST_FIELD, BYTES, sums.sum128(sums.sum128(manifest) + body)))
    write_image(path, magic, entries)
