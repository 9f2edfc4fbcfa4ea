# SPDX-License-Identifier: GPL-2.0-only
"""Protobuf's wire format without its definitions: fields of a message by number, and back to bytes."""
import dataclasses

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Broken(Exception):
    """These bytes are no message."""


@dataclasses.dataclass
class Field:
    number: int
    kind: int
    value: object       # int, or bytes of BYTES


def get_varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Broken("a number is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if not byte & 0x80:
            return value & (1 << 64) - 1, at


def put_varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data):
    """The fields of a message in their order; raises Broken."""
    out = []
    at = 0
    while at < len(data):
        key, at = get_varint(data, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise Broken("a field has no number")
        if kind == VARINT:
            value, at = get_varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
            if at + size > len(data):
                raise Broken("a field is cut short")
            value = int.from_bytes(data[at:at + size], "little")
            at += size
        elif kind == BYTES:
            size, at = get_varint(data, at)
            if at + size > len(data):
                raise Broken("a field is cut short")
            value = bytes(data[at:at + size])
            at += size
        else:
            raise Broken(f"a field has the unknown kind {kind}")
        out.append(Field(number, kind, value))
    return out


def encode(fields):
    out = bytearray()
    for f in fields:
        out += put_varint(f.number << 3 | f.kind)
        if f.kind == VARINT:
            out += put_varint(f.value)
        elif f.kind == BYTES:
            out += put_varint(len(f.value)) + f.value
        else:
            size = 8 if f.kind == FIXED64 else 4
            out += (f.value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return bytes(out)
