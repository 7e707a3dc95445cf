#!/usr/bin/env python3
"""read_journal.py FILE (or -): prints the payloads of a journal, as `show --raw` does.

Needs nothing but FORMAT.md. Stops at the first damage with exit status 3; flipside's reader steps over it.
"""
import struct
import sys
import zlib

MAGIC = b"\x89FLIP\r\n\x1a"
BLOCK_MAGIC = b"\xf1BK1"
RECORDS, SEAL, OPTIONAL = 1, 3, 128
DATA, GAP, ABORTED, PAD = 1, 2, 3, 4


class Damage(Exception):
    """Not what was written."""


def need(condition, offset, what):
    if not condition:
        raise Damage(f"at byte {offset}: {what}")


def file_id(stream):
    head = stream.read(64)
    need(head[:8] == MAGIC, 0, "not a journal")
    need(len(head) == 64, 0, "cut short")
    need(zlib.crc32(head[:60]) == struct.unpack_from("<I", head, 60)[0], 0, "file header damaged")
    version, length, features = struct.unpack_from("<HHI", head, 8)
    need((version, length, features) == (1, 64, 0), 0, "a version or feature unknown to this program")
    return head[16:32]


def blocks(stream):
    """Yields (offset, kind, count, body) of every block, checksums verified."""
    ident, offset = file_id(stream), 64
    while head := stream.read(64):
        need(len(head) == 64, offset, "cut short")
        seed = zlib.crc32(ident + struct.pack("<Q", offset))
        magic, kind, flags, _lane, _epoch, length, count = struct.unpack_from("<4sBBHQII", head)
        body_sum, head_sum = struct.unpack_from("<II", head, 56)
        need(magic == BLOCK_MAGIC and zlib.crc32(head[:60], seed) == head_sum, offset, "block header damaged")
        need(length % 8 == 0 and length <= 1 << 30, offset, "impossible length")
        need(flags & 15 == 0 and (RECORDS <= kind <= SEAL or kind >= OPTIONAL), offset, "unknown kind or flags")
        body = stream.read(length)
        need(len(body) == length, offset, "cut short")
        need(zlib.crc32(body, seed) == body_sum, offset, "block body damaged")
        yield offset, kind, count, body
        offset += 64 + length


def frames(offset, body):
    """Yields (kind, tag, source, body) of every frame of a records block."""
    at = 0
    while at < len(body):
        need(at + 8 <= len(body), offset, "frame header cut short")
        length, kind, tag, source = struct.unpack_from("<IBBH", body, at)
        end = at + 8 + length
        need(end <= len(body) and DATA <= kind <= PAD, offset, "malformed frame")
        need(length >= 16 if kind == DATA else length == 16 or kind != GAP, offset, "malformed body")
        yield kind, tag, source, body[at + 8 : end]
        at = end + -end % 8


def main(stream, out):
    records = size = lost = aborted = before = 0
    sealed = False
    for offset, kind, count, body in blocks(stream):
        need(not sealed, offset, "data behind the seal")
        if kind == RECORDS:
            found = list(frames(offset, body))
            need(count == sum(frame[0] == DATA for frame in found), offset, "wrong number of records")
            for frame, _tag, _source, content in found:
                if frame == DATA:
                    records += 1
                    size += len(content) - 16
                    out.write(content[16:])
                elif frame == GAP:
                    lost += struct.unpack_from("<Q", content)[0]
                elif frame == ABORTED:
                    aborted += 1
        elif kind == SEAL:
            need(len(body) == 48, offset, "seal of a wrong length")
            total = struct.unpack("<6Q", body)
            need(total[:2] == (records, size) and total[3:5] == (aborted, before), offset, "wrong totals")
            need(total[2] >= lost, offset, "wrong losses")
            sealed = True
        before += 1
    print(f"{records} records, {size} bytes, {lost} lost, {aborted} aborted,"
          f" {'sealed' if sealed else 'not sealed'}", file=sys.stderr)


if __name__ == "__main__":
    try:
        with sys.stdin.buffer if sys.argv[1:] == ["-"] else open(sys.argv[1], "rb") as source:
            main(source, sys.stdout.buffer)
    except Damage as damage:
        print(damage, file=sys.stderr)
        sys.exit(3)
