"""Fast Sync Read: one frame from all motors, of which every part that is sound counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial import codec, emulator_codec
from hrc_cell.adapters.serial.codec import Parser, Status, crc16
from hrc_cell.adapters.serial.fast_reply import FastParser, fast_reply_length

# The manual's example: three motors are asked for their positions.
ASKED = (3, 7, 4)
FRAME = bytes.fromhex(
    "FFFFFD00 FE 1900 55 00 03 A6000000 8408 00 07 1F080000 16CA 00 04 FF030000 D19E"
)
SAID = [
    Status(3, 0, False, bytes.fromhex("A6000000")),
    Status(7, 0, False, bytes.fromhex("1F080000")),
    Status(4, 0, False, bytes.fromhex("FF030000")),
]
HEAD, PART = 8, 8
BURST_MAX = 16
rich = st.lists(
    st.sampled_from([b"\xff", b"\xfd", codec.HEADER, b"\x00", b"\x55"]) | st.binary(max_size=3),
    max_size=12,
).map(lambda pieces: b"".join(pieces)[:10].ljust(10, b"\xff"))


def frame(rows, asked=None):
    """Return the bytes of motors that say so: ID, error byte, data of 10 bytes."""
    return b"".join(emulator_codec.fast_parts(asked or len(rows), 10, rows))


def heard(stream, asked=ASKED, size=4):
    parser = FastParser(asked, size)
    return parser.feed(stream)


def test_the_request_and_the_reply_are_those_of_the_manual():
    request = bytes.fromhex("FFFFFD00 FE 0A00 8A 8400 0400 03 07 04 20F2")
    assert codec.fast_sync_read(ASKED, 132, 4) == request
    rows = [(one.motor_id, one.error, one.data) for one in SAID]
    parts = list(emulator_codec.fast_parts(3, 4, rows))
    assert b"".join(parts) == FRAME
    assert [part.motor_id for part in parts] == list(ASKED)
    assert len(FRAME) == fast_reply_length(3, 4)
    assert heard(FRAME) == SAID


def test_the_reply_of_the_manual_to_a_fast_bulk_read_has_the_same_running_crcs():
    reply = bytes.fromhex("FFFFFD00 FE 1400 55 00 03 A6000000 67A4 00 07 A501 2474 00 04 1F D9C1")
    for end in (14, 20, 25):
        assert crc16(reply[:end]) == int.from_bytes(reply[end : end + 2], "little")
        assert emulator_codec.checksum(reply[:end]) == crc16(reply[:end])


@pytest.mark.parametrize("at", range(len(FRAME)))
@pytest.mark.parametrize("flip", [0x01, 0x11, 0xFF])
def test_a_broken_byte_costs_one_motor_and_in_the_head_all(at, flip):
    spoilt = bytearray(FRAME)
    spoilt[at] ^= flip
    victim = (at - HEAD) // PART
    expected = [] if at < HEAD else [one for i, one in enumerate(SAID) if i != victim]
    assert heard(bytes(spoilt)) == expected


@pytest.mark.parametrize("size", range(len(FRAME)))
def test_a_truncated_frame_gives_those_whose_part_is_whole(size):
    whole = max(0, (size - HEAD) // PART)
    assert heard(FRAME[:size]) == SAID[:whole]
    assert heard(FRAME[:size] + FRAME) == SAID[:whole] + SAID  # and then the next is found


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans(), rich), min_size=1, max_size=7),
       st.data())  # fmt: skip
def test_what_motors_say_is_heard_in_any_pieces_whatever_it_looks_like(said, draw):
    rows = [(i, error | alert << 7, data) for i, (error, alert, data) in enumerate(said)]
    asked = [row[0] for row in rows]
    noise = draw.draw(st.binary(max_size=20))
    stream = noise + codec.fast_sync_read(asked, 120, 10) + frame(rows) + b"\xff"
    parser, found, dones = FastParser(asked, 10), [], []
    while stream:
        size = draw.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        dones.append(parser.done)
        stream = stream[size:]
    assert found == [Status(i, *one) for i, one in enumerate(said)]
    assert dones[-1]


@given(st.lists(rich, min_size=3, max_size=7), st.data())
def test_a_frame_that_ends_early_is_over_with_the_next_head(contents, draw):
    rows = [(i, 0, data) for i, data in enumerate(contents)]
    asked = [row[0] for row in rows]
    speaking = draw.draw(st.integers(0, len(rows) - 1))
    broken_off = frame(rows[:speaking], len(rows))
    later = [(i, 0, bytes([i] * 10)) for i in asked]
    found = FastParser(asked, 10).feed(broken_off + frame(later))
    mine = [Status(i, 0, False, data) for i, _, data in later]
    assert found == [Status(i, 0, False, data) for i, _, data in rows[:speaking]] + mine
    assert codec.in_order(asked, found) == {one.motor_id: one for one in mine}


def test_only_who_was_asked_counts_and_only_in_its_place():
    assert heard(FRAME, asked=(3, 9, 4)) == [SAID[0], SAID[2]]
    assert heard(FRAME, asked=(7, 3, 4)) == [SAID[2]]
    assert heard(FRAME, asked=(3, 7)) == []
    assert heard(FRAME, size=5) == []


def test_plain_replies_are_none_to_a_fast_read_nor_the_other_way_round():
    plain = b"".join(emulator_codec.status_frame(*row) for row in ((3, 0, b"1234"), (7, 0, b"567")))
    assert heard(plain + FRAME) == SAID
    assert Parser().feed(FRAME + plain)[-2:] == [
        Status(3, 0, False, b"1234"), Status(7, 0, False, b"567"),
    ]  # fmt: skip


@pytest.mark.parametrize("last_is_sound", [True, False])
def test_the_end_of_the_frame_is_known_even_when_its_last_part_is_broken(last_is_sound):
    parser = FastParser(ASKED, 4)
    parser.feed(FRAME[:-1])
    assert not parser.done
    parser.feed(FRAME[-1:] if last_is_sound else b"\0")
    assert parser.done
    assert parser.broken == (0 if last_is_sound else 1)
    parser.reset()
    assert not parser.done
    assert parser.feed(FRAME) == SAID


@given(st.binary(max_size=300))
def test_noise_says_nothing_and_never_blocks(noise):
    parser = FastParser(ASKED, 4)
    assert parser.feed(noise) == []
    parser.reset()
    assert parser.feed(FRAME) == SAID


def test_no_burst_of_up_to_16_bits_has_the_crc_0_so_none_can_pass():
    """A CRC is linear: what passes is what has itself the CRC 0, wherever it stands."""
    assert all(crc16(pattern.to_bytes(2, "big")) for pattern in range(1, 1 << BURST_MAX))


@given(st.lists(rich, min_size=3, max_size=3), st.booleans(), st.integers(1, BURST_MAX), st.data())
def test_no_burst_within_a_reply_passes(contents, fast, bits, draw):
    """In front of the CRC or in it, and not in the length, which says where the CRC stands."""
    rows = [(i, 0, data) for i, data in enumerate(contents)]
    if fast:
        pieces = [bytes(part) for part in emulator_codec.fast_parts(3, 10, rows)]
    else:
        pieces = [emulator_codec.status_frame(*row) for row in rows]
    victim = draw.draw(st.integers(0, 2))
    piece = bytearray(pieces[victim])
    at_end = draw.draw(st.booleans())
    own_head = 7 if not fast else (8 if victim == 0 else 0)
    low, high = (8 * (len(piece) - 2), 8 * len(piece)) if at_end else (
        8 * own_head, 8 * (len(piece) - 2),
    )  # fmt: skip
    pattern = 1 | 1 << (bits - 1) | draw.draw(st.integers(0, (1 << bits) - 1))
    start = draw.draw(st.integers(low, high - bits))
    error = (pattern << (8 * len(piece) - start - bits)).to_bytes(len(piece), "big")
    pieces[victim] = bytes(a ^ b for a, b in zip(piece, error, strict=True))
    stream = b"".join(pieces) + bytes(30)
    if fast:
        found = FastParser((0, 1, 2), 10).feed(stream)
    else:
        found = Parser().feed(stream, codec.stuffed_length_max(10))
    others = [Status(i, 0, False, data) for i, _, data in rows if i != victim]
    assert found == others
