"""Answers of emulated motors, broken on purpose, and what the driver's parsers make of them.

An answer is that of `MOTORS` motors to one request, one by one (Sync Read) or in one frame (Fast
Sync Read). In each, one thing is broken: one reply, or what a burst of errors hits. The parser goes
on from one answer to the next without being told, gets each in a few pieces, and then silence.

What a parser takes for a reply and was never sent is wrong. A CRC of 16 bits lets through one in
65536 of those whose CRC has to be looked at. It lets through no burst of up to 16 bits, first to
last as the CRC runs, with two exceptions: in the length, since the CRC is then looked for
elsewhere, and over the border of a CRC, since that is sent low byte first while it runs high byte
first, so that what is a burst on the wire is none for it (63 of the 458753 bursts that cross the
border pass).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hrc_cell.adapters.serial.codec import HEADER, Parser, Status, stuffed_length_max
from hrc_cell.adapters.serial.emulator_codec import fast_parts, status_frame
from hrc_cell.adapters.serial.fast_reply import FastParser

IDS = (1, 2, 3, 4)
DATA_SIZE = 16
POOL = 256  # answers that are broken in turn
SILENCE = bytes(48)  # more than a frame with a broken length can wait for
BURST_MAX = 16
CRC_CHANCE = 2.0**-16
BORDER_CHANCE = 63 / 458753
SURE = 1e-6  # how seldom more than `explained` come by chance
HEAD = 8  # of a fast reply
LENGTH = slice(5, 7)

LAWS = ("bit", "burst")
"""Of these none may ever pass."""
KINDS = (
    *LAWS,
    "length",
    "border",
    "bits",
    "scramble",
    "drop",
    "insert",
    "truncate",
    "join",
    "noise",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the motors send, and what that says."""

    fast: bool
    pieces: tuple[bytes, ...]
    says: tuple[Status, ...]


@dataclass(slots=True)
class Count:
    """What became of the answers that were broken in one way."""

    chance: float = CRC_CHANCE
    answers: int = 0
    refused: int = 0  # replies with a wrong CRC or length
    wrong: int = 0  # replies that nobody sent
    lost: int = 0  # replies more than were touched

    @property
    def expected(self) -> float:
        """Return how many wrong ones chance explains in the mean."""
        return (self.refused + self.wrong) * self.chance

    @property
    def explained(self) -> int:
        """Return how many wrong ones chance explains at most."""
        return poisson_top(self.expected)


def nothing_yet() -> dict[tuple[str, bool], Count]:
    """Return a count for each way in which answers of each form are broken."""
    chance = dict.fromkeys(KINDS, CRC_CHANCE) | {"border": BORDER_CHANCE}
    return {(kind, fast): Count(chance[kind]) for fast in (False, True) for kind in KINDS}


@dataclass(slots=True)
class Result:
    """What became of all of them."""

    counts: dict[tuple[str, bool], Count] = field(default_factory=nothing_yet)  # by kind, fast

    def problems(self) -> Iterator[str]:
        """Yield what no chance explains."""
        for (kind, fast), count in self.counts.items():
            where = f"{kind} in {'fast' if fast else 'plain'} replies"
            if kind in LAWS and count.wrong:
                yield f"{where}: {count.wrong} wrong replies passed, none can"
            elif count.wrong > count.explained:
                yield f"{where}: {count.wrong} wrong replies, chance explains {count.explained}"
            # One that passes by chance may hide what it reaches over.
            if count.lost > count.wrong * len(IDS):
                yield f"{where}: {count.lost} sound replies lost"


def poisson_top(mean: float) -> int:
    """Return what a count of this mean exceeds with less than `SURE`.

    >>> poisson_top(0.0), poisson_top(15.0)
    (0, 36)
    """
    top, chance = 0, math.exp(-mean)
    below = chance
    while below < 1.0 - SURE:
        top += 1
        chance *= mean / top
        below += chance
    return top


def answer(draw: random.Random, *, fast: bool) -> Answer:
    """Return an answer full of what looks like a header or needs stuffing."""
    says = []
    for motor_id in IDS:
        data = b""
        while len(data) < DATA_SIZE:
            data += draw.choice((HEADER, b"\xff", b"\xfd", b"\x00", b"\x55", draw.randbytes(3)))
        says.append(Status(motor_id, 0, draw.random() < 0.1, data[:DATA_SIZE]))
    rows = [(one.motor_id, one.alert << 7, one.data) for one in says]
    if fast:
        pieces: Sequence[bytes] = [bytes(part) for part in fast_parts(len(IDS), DATA_SIZE, rows)]
    else:
        pieces = [status_frame(*row) for row in rows]
    return Answer(fast=fast, pieces=tuple(pieces), says=tuple(says))


def fuzz(count: int, seed: int, result: Result) -> Iterator[None]:
    """Break `count` answers and add what became of them; yield after each thousand."""
    draw = random.Random(seed)
    pools = {fast: [answer(draw, fast=fast) for _ in range(POOL)] for fast in (False, True)}
    plain, fast_parser = Parser(), FastParser(IDS, DATA_SIZE)
    length_max = stuffed_length_max(DATA_SIZE)
    for number in range(count):
        fast = bool(number & 1)
        sound, other = draw.choice(pools[fast]), draw.choice(pools[fast])
        kind, stream, spared = broken(draw, sound, other)
        here = result.counts[kind, fast]
        parser: Parser | FastParser = fast_parser if fast else plain
        before = parser.broken
        heard: list[Status] = []
        for piece in in_pieces(draw, stream + SILENCE):
            heard += fast_parser.feed(piece) if fast else plain.feed(piece, length_max)
        here.answers += 1
        here.refused += parser.broken - before
        here.wrong += sum(one not in sound.says for one in heard)
        missing = sum(one not in heard for one in sound.says)
        here.lost += max(0, missing - (len(IDS) - len(spared)))
        if number % 1000 == 999:
            yield


def in_pieces(draw: random.Random, stream: bytes) -> tuple[bytes, ...]:
    """Return a stream as it may come, at times in two pieces."""
    if draw.random() < 0.5:
        return (stream,)
    at = draw.randrange(len(stream))
    return stream[:at], stream[at:]


def broken(draw: random.Random, sound: Answer, other: Answer) -> tuple[str, bytes, Sequence[int]]:
    """Return how an answer is broken, its bytes then, and whose replies have to be heard still."""
    while True:
        kind = draw.choice(KINDS)
        if kind in (*LAWS, "length", "border"):
            kind, stream, spared = _burst(draw, sound, 1 if kind == "bit" else BURST_MAX)
        else:
            stream, spared = _one(draw, kind, sound, other)
        if stream != b"".join(sound.pieces):
            return kind, stream, spared


def _burst(draw: random.Random, sound: Answer, bits_max: int) -> tuple[str, bytes, Sequence[int]]:
    """Flip bits of which the first and the last lie less than `bits_max` apart, anywhere."""
    stream = b"".join(sound.pieces)
    size = 8 * len(stream)
    bits = draw.randint(1, bits_max)
    pattern = draw.getrandbits(bits) | 1 | 1 << (bits - 1)
    shift = draw.randint(0, size - bits)
    error = (pattern << shift).to_bytes(len(stream), "big")
    kind = "bit" if bits == 1 else "burst"
    touched, at, in_crc_before = [], 0, False
    for index, piece in enumerate(sound.pieces):
        own = error[at : at + len(piece)]
        at += len(piece)
        in_body, in_crc = any(own[:-2]), any(own[-2:])
        if in_body and (in_crc or (in_crc_before and sound.fast)):
            kind = "border"
        elif any(own[LENGTH]) and (not sound.fast or index == 0):
            kind = "length"
        in_crc_before = in_crc
        touched.append(own)
    return kind, bytes(a ^ b for a, b in zip(stream, error, strict=True)), _spared(sound, touched)


def _one(
    draw: random.Random, kind: str, sound: Answer, other: Answer
) -> tuple[bytes, Sequence[int]]:
    """Break one reply."""
    victim = draw.randrange(len(IDS))
    pieces = list(sound.pieces)
    piece, size = pieces[victim], len(pieces[victim])
    at = draw.randrange(size)
    length = draw.randint(1, 12)
    if kind == "bits":
        changed = bytearray(piece)
        for _ in range(draw.randint(2, 8)):
            changed[draw.randrange(size)] ^= 1 << draw.randrange(8)
        pieces[victim] = bytes(changed)
    elif kind == "scramble":
        after = piece[at + length :]
        pieces[victim] = piece[:at] + draw.randbytes(size - at - len(after)) + after
    elif kind == "join":
        end = other.pieces[victim][at:]
        pieces[victim] = piece[:at] + end
        if pieces[victim] == other.pieces[victim]:
            pieces[victim] = piece  # a whole reply, and not a broken one
    elif kind == "drop":
        pieces[victim] = piece[:at] + piece[at + length % 3 + 1 :]
    elif kind == "insert":
        pieces[victim] = piece[:at] + draw.randbytes(length % 3 + 1) + piece[at:]
    elif kind == "truncate":
        pieces[victim] = piece[:at]
    else:
        front = sound.pieces[0][: draw.randint(0, HEAD)]
        pieces[victim] = draw.randbytes(length) + front + draw.randbytes(length) + piece
        everyone = range(len(IDS))
        return b"".join(pieces), everyone if not sound.fast or victim == 0 else range(victim)
    same_size = kind in ("bits", "scramble") or (kind == "join" and len(pieces[victim]) == size)
    if sound.fast and not same_size:
        return b"".join(pieces), range(victim)
    error = [bytes(len(one)) for one in sound.pieces]
    if same_size:
        error[victim] = bytes(a ^ b for a, b in zip(piece, pieces[victim], strict=True))
    spared = _spared(sound, error)
    return b"".join(pieces), [index for index in spared if index != victim]


def _spared(sound: Answer, errors: Sequence[bytes]) -> list[int]:
    """Return whose replies have to be heard: nothing touched them, nor what leads to them."""
    if not sound.fast:
        return [index for index, error in enumerate(errors) if not any(error)]
    if any(errors[0][:HEAD]):
        return []
    spared, known, claimed = [], True, True  # the CRC before: known somehow; sound as it stands
    for index, error in enumerate(errors):
        if known and not any(error):
            spared.append(index)
        body, crc = any(error[:-2]), any(error[-2:])
        known, claimed = not crc or (claimed and not body), not crc
    return spared
