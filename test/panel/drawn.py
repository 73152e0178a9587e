"""A picture for a work instruction, drawn by hand: a plate with a round hole and a mark on it."""

import struct
import zlib

import numpy as np


def png(width=1200, height=700):
    """Return a PNG."""
    y, x = np.mgrid[0:height, 0:width] / height
    middle = width / height / 2
    shade = np.full((height, width), 230)
    shade[(abs(x - middle) < 0.6) & (abs(y - 0.5) < 0.32)] = 140
    shade[(x - middle) ** 2 + (y - 0.5) ** 2 < 0.03] = 40
    shade[(abs(x - y - middle + 0.25) < 0.012) & (abs(y - 0.4) < 0.12)] = 0
    rows = np.insert(shade.astype(np.uint8), 0, 0, axis=1).tobytes()  # each without a filter

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
