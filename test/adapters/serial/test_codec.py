"""Both codecs are held to the manual's frames, to each other, and to any noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial import codec, emulator_codec
from hrc_cell.adapters.serial.codec import Status

# The manual's and rustypot's frames: name, the frame, how our driver makes it.
INSTRUCTIONS = [
    ("FF FF FD 00 01 03 00 01 19 4E", codec.ping(1)),
    ("FF FF FD 00 FE 03 00 01 31 42", codec.ping(codec.BROADCAST)),
    ("FF FF FD 00 01 07 00 02 84 00 04 00 1D 15", codec.read(1, 132, 4)),
    ("FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89", codec.write(1, 116, bytes([0, 2, 0, 0]))),
    ("FF FF FD 00 01 03 00 08 2F 4E", codec.instruction(1, codec.REBOOT)),
    ("FF FF FD 00 01 09 00 04 68 00 C8 00 00 00 AE 8E",
     codec.instruction(1, 0x04, bytes([0x68, 0, 0xC8, 0, 0, 0]))),
    ("FF FF FD 00 01 03 00 05 02 CE", codec.instruction(1, 0x05)),
    ("FF FF FD 00 01 04 00 06 01 A1 E6", codec.instruction(1, 0x06, b"\x01")),
    ("FF FF FD 00 01 08 00 10 01 44 58 4C 22 B1 DC",
     codec.instruction(1, 0x10, bytes.fromhex("0144584C22"))),
    ("FF FF FD 00 FE 09 00 82 84 00 04 00 01 02 CE FA", codec.sync_read([1, 2], 132, 4)),
    ("FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87",
     codec.sync_write(116, {1: bytes([0x96, 0, 0, 0]), 2: bytes([0xAA, 0, 0, 0])})),
    ("FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05",
     codec.instruction(0xFE, 0x92, bytes.fromhex("01 9000 0200 02 9200 0100"))),
    ("FF FF FD 00 2A 03 00 01 16 D2", codec.ping(42)),
    ("FF FF FD 00 02 03 00 08 2F 72", codec.instruction(2, codec.REBOOT)),
    ("FF FF FD 00 01 07 00 02 2B 00 02 00 2E CD", codec.read(1, 0x2B, 2)),
]  # fmt: skip
STATUSES = [
    ("FF FF FD 00 01 07 00 55 00 06 04 26 65 5D", 1, bytes([6, 4, 0x26])),
    ("FF FF FD 00 02 07 00 55 00 06 04 26 6F 6D", 2, bytes([6, 4, 0x26])),
    ("FF FF FD 00 01 08 00 55 00 A6 00 00 00 8C C0", 1, bytes([0xA6, 0, 0, 0])),
    ("FF FF FD 00 01 04 00 55 00 A1 0C", 1, b""),
    ("FF FF FD 00 02 08 00 55 00 1F 08 00 00 BA BE", 2, bytes([0x1F, 8, 0, 0])),
    ("FF FF FD 00 01 06 00 55 00 77 00 C3 69", 1, bytes([0x77, 0])),
    ("FF FF FD 00 02 05 00 55 00 24 8B A9", 2, bytes([0x24])),
]
ids = st.integers(0, codec.ID_MAX)
# Bytes rich in what needs stuffing.
data = st.lists(
    st.sampled_from([b"\xff", b"\xfd", b"\xff\xff\xfd", b"\x00", b"\x55"]) | st.binary(max_size=3),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(("text", "made"), INSTRUCTIONS)
def test_the_driver_makes_the_frames_of_the_manual_and_the_motor_understands_them(text, made):
    frame = bytes.fromhex(text)
    assert made == frame
    [order] = emulator_codec.Receiver().take(frame)
    assert order.intact
    assert (order.motor_id, order.code) == (frame[4], frame[7])
    assert order.payload == frame[8:-2]


@pytest.mark.parametrize(("text", "motor_id", "held"), STATUSES)
def test_the_motor_makes_the_statuses_of_the_manual_and_the_driver_reads_them(text, motor_id, held):
    frame = bytes.fromhex(text)
    assert emulator_codec.status_frame(motor_id, 0, held) == frame
    assert codec.Parser().feed(frame) == [Status(motor_id, 0, False, held)]


def test_the_check_value_of_the_crc():
    assert codec.crc16(b"123456789") == emulator_codec.checksum(b"123456789") == 0xFEE8


@given(st.binary(max_size=200), st.integers(0, 200))
def test_the_two_ways_to_the_crc_agree_in_one_go_and_in_two(content, at):
    assert codec.crc16(content) == emulator_codec.checksum(content)
    assert codec.crc16(content[at:], codec.crc16(content[:at])) == codec.crc16(content)


@given(ids, st.integers(0, 7), st.booleans(), data)
def test_what_a_motor_says_the_driver_hears(motor_id, error, alert, content):
    frame = emulator_codec.status_frame(motor_id, error | alert << 7, content)
    assert codec.Parser().feed(frame) == [Status(motor_id, error, alert, content)]
    assert b"\xff\xff\xfd" not in frame[3:].replace(b"\xff\xff\xfd\xfd", b"")


@given(ids, st.integers(1, 0x54), data)
def test_what_the_driver_says_a_motor_hears(motor_id, code, content):
    [order] = emulator_codec.Receiver().take(codec.instruction(motor_id, code, content))
    assert (order.motor_id, order.code, order.payload, order.intact) == (
        motor_id, code, content, True,
    )  # fmt: skip


@given(st.lists(st.tuples(ids, data), min_size=1, max_size=5), st.data())
def test_frames_may_arrive_in_any_pieces(replies, draw):
    stream = b"".join(emulator_codec.status_frame(i, 0, content) for i, content in replies)
    parser, found = codec.Parser(), []
    while stream:
        size = draw.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        stream = stream[size:]
    assert [(status.motor_id, status.data) for status in found] == replies


@given(st.integers(0, 20), st.integers(1, 255), st.integers(0, 6))
def test_one_broken_byte_costs_one_motor_only(at, flip, victim):
    frames = [bytearray(emulator_codec.status_frame(i, 0, bytes([i] * 10))) for i in range(1, 8)]
    frames[victim][at] ^= flip
    # The next frames come, or at the end of a cycle the parser is told to begin anew.
    found = codec.Parser().feed(b"".join(frames) + bytes(20), codec.stuffed_length_max(10))
    assert [status.motor_id for status in found] == [i for i in range(1, 8) if i != victim + 1]
    assert all(status.data == bytes([status.motor_id] * 10) for status in found)


@given(st.binary(max_size=300))
def test_noise_is_never_taken_for_a_reply_and_never_blocks(noise):
    parser = codec.Parser()
    before = [s for s in parser.feed(noise, 20) if s]
    good = emulator_codec.status_frame(3, 0, b"\x01\x02")
    parser.feed(bytes(40), 20)  # whatever had begun is over
    assert before == []
    assert parser.feed(good, 20) == [Status(3, 0, False, b"\x01\x02")]


def test_a_frame_that_lost_its_end_does_not_take_the_next_ones_head_for_data():
    """Its last two bytes make the CRC right that would have to stand in the next frame."""
    following = emulator_codec.status_frame(2, 0, bytes(16))
    begin = codec.crc16(emulator_codec.status_frame(1, 0, bytes(16))[:13])
    pairs = (i.to_bytes(2, "big") for i in range(1 << 16))
    fitting = next(pair for pair in pairs if codec.crc16(pair + following[:10], begin) == 0)
    lost = emulator_codec.status_frame(1, 0, bytes(16))[:13] + fitting
    parser = codec.Parser()
    assert parser.feed(lost + following, 20) == [Status(2, 0, False, bytes(16))]
    assert parser.broken == 1


def test_an_echo_of_our_own_instruction_is_passed_over():
    stream = codec.ping(1) + codec.sync_read([1], 132, 4) + emulator_codec.status_frame(1, 0, b"x")
    assert codec.Parser().feed(stream) == [Status(1, 0, False, b"x")]


def test_an_instruction_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="253 is no motor ID"):
        codec.ping(253)
    with pytest.raises(ValueError, match="as many bytes"):
        codec.sync_write(116, {1: b"12", 2: b"1"})


def status(motor_id, mark):
    return Status(motor_id, 0, False, bytes([mark]))


OLD, NEW = 0, 1


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ([(1, NEW), (2, NEW), (3, NEW)], {1: NEW, 2: NEW, 3: NEW}),
        ([(1, NEW), (3, NEW)], {1: NEW, 3: NEW}),
        ([(3, OLD), (1, NEW), (2, NEW), (3, NEW)], {1: NEW, 2: NEW, 3: NEW}),
        ([(2, OLD), (3, OLD), (1, NEW), (2, NEW), (3, NEW)], {1: NEW, 2: NEW, 3: NEW}),
        ([(3, OLD), (1, NEW), (2, NEW)], {1: NEW, 2: NEW}),
        ([(1, NEW), (2, OLD), (2, NEW), (3, NEW)], {1: NEW, 2: NEW, 3: NEW}),
        ([(9, NEW), (1, NEW)], {1: NEW}),
    ],
)
def test_replies_count_only_in_the_order_asked(came, kept):
    found = codec.in_order([1, 2, 3], [status(i, mark) for i, mark in came])
    assert {i: reply.data[0] for i, reply in found.items()} == kept
