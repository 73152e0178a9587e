"""Photos that people add to notes: JPEG, PNG or WebP, and of each only what its picture is made of.

A camera writes place, time, its owner and more beside the picture (EXIF, XMP, comments, further
pictures behind the first). Here a file is taken apart into its segments and put together again from
those that a decoder needs; what stands behind its end is left out. The pixels are not decoded.

Source: ITU-T T.81 (JPEG), PNG (Third Edition), WebP container (RFC 9649).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

SIZE_MAX = 2_000_000
PNG_MARK = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND")
WEBP_KEPT = (b"VP8X", b"ALPH", b"VP8 ", b"VP8L")
WEBP_ALPHA = 0x10
"""The one flag of VP8X that is kept: not profile, EXIF, XMP or animation."""
SOI, EOI, SOS, COM, APP_FIRST, APP_LAST = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xEF
ADOBE = 0xEE
"""APP14 says how the colours are coded; without it some pictures show wrong."""
ALONE = (0x01, *range(0xD0, 0xD8))
"""Markers without a length: TEM, RST0 to RST7."""


def stripped(data: bytes) -> tuple[str, bytes]:
    """Return the kind (jpeg, png, webp) and the picture without all that is not the picture.

    Raises ValueError if it is none of them, damaged or too large.
    """
    if len(data) > SIZE_MAX:
        raise ValueError("photo_too_large")
    kinds: tuple[tuple[str, bool, Callable[[bytes], bytes]], ...] = (
        ("jpeg", data.startswith(b"\xff\xd8\xff"), _jpeg),
        ("png", data.startswith(PNG_MARK), _png),
        ("webp", data[:4] == b"RIFF" and data[8:12] == b"WEBP", _webp),
    )
    for kind, fits, strip in kinds:
        if fits:
            try:
                return kind, strip(data)
            except (IndexError, struct.error) as error:
                raise ValueError("photo_damaged") from error
    raise ValueError("photo_kind")


def _jpeg(data: bytes) -> bytes:
    out, at, scanned = [data[:2]], 2, False
    while True:
        if data[at] != 0xFF:
            raise ValueError("photo_damaged")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == EOI and scanned:
            return b"".join([*out, b"\xff\xd9"])
        if marker in (0x00, SOI, EOI, *ALONE):
            raise ValueError("photo_damaged")
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise ValueError("photo_damaged")
        segment = data[at:end]
        beside = marker == COM or APP_FIRST <= marker <= APP_LAST
        if not beside or (marker == ADOBE and segment[4:9] == b"Adobe" and length == 14):
            out.append(segment)
        at = end
        if marker == SOS:
            scanned = True
            end = _end_of_scan(data, at)
            out.append(data[at:end])
            at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker begins that does not belong to the coded data."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise ValueError("photo_damaged")
        if data[at + 1] == 0x00 or data[at + 1] in ALONE:
            at += 2
        else:
            return at


def _png(data: bytes) -> bytes:
    out, at, first = [PNG_MARK], len(PNG_MARK), True
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if crc != zlib.crc32(data[at + 4 : end - 4]) or first != (kind == b"IHDR"):
            raise ValueError("photo_damaged")
        if kind in PNG_KEPT:
            out.append(data[at:end])
        if kind == b"IEND":
            return b"".join(out)
        at, first = end, False


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    whole = data[: 8 + size]
    out, at, pictures = [b"WEBP"], 12, 0
    while at < len(whole):
        kind, length = struct.unpack_from("<4sI", whole, at)
        body = whole[at + 8 : at + 8 + length]
        if len(body) != length:
            raise ValueError("photo_damaged")
        if kind == b"VP8X":
            body = bytes([body[0] & WEBP_ALPHA]) + body[1:]
        if kind in WEBP_KEPT:
            out.append(struct.pack("<4sI", kind, length) + body + b"\0" * (length % 2))
        pictures += kind in (b"VP8 ", b"VP8L")
        at += 8 + length + length % 2
    if pictures != 1:  # none, or an animation
        raise ValueError("photo_damaged")
    inside = b"".join(out)
    return struct.pack("<4sI", b"RIFF", len(inside)) + inside
