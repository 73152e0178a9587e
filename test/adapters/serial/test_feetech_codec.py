"""Both of Feetech's codecs are held to published frames, to each other, and to any noise.

The sum is weak: what it lets through, and what else stands behind it, is counted here.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial import emulator_feetech_codec as motor_side
from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.feetech_codec import Parser, Status
from hrc_cell.adapters.serial.feetech_registers import SCS, STS
from hrc_cell.adapters.serial.feetech_samples import can_follow, sample

# Frames of rustypot's tests and of Feetech's manual: the frame, how our driver makes it.
INSTRUCTIONS = [
    ("FF FF 01 02 01 FB", codec.ping(1)),
    ("FF FF 01 04 02 2B 01 CC", codec.read(1, 0x2B, 1)),
    ("FF FF 01 04 02 38 02 BE", codec.read(1, 0x38, 2)),
    ("FF FF 0A 04 03 18 01 D5", codec.write(10, 24, b"\1")),
    ("FF FF FE 04 03 03 01 F6", codec.write(codec.BROADCAST, 3, b"\1")),
    ("FF FF FE 04 03 05 01 F4", codec.write(codec.BROADCAST, 5, b"\1")),
    ("FF FF 01 09 03 2A 00 08 00 00 E8 03 D5", codec.write(1, 42, bytes.fromhex("00080000E803"))),
    ("FF FF 01 09 04 2A 00 08 00 00 E8 03 D4",
     codec.instruction(1, codec.REG_WRITE, bytes.fromhex("2A00080000E803"))),
    ("FF FF FE 02 05 FA", codec.instruction(codec.BROADCAST, codec.ACTION)),
    ("FF FF FE 06 82 1E 02 0B 0C 42", codec.sync_read([11, 12], 30, 2)),
    ("FF FF FE 06 82 38 08 01 02 36", codec.sync_read([1, 2], 0x38, 8)),
    ("FF FF FE 0A 83 1E 02 0B 00 00 0C 0A 14 1F",
     codec.sync_write(30, {11: b"\0\0", 12: b"\x0a\x14"})),
]  # fmt: skip
STATUSES = [
    ("FF FF 01 02 00 FC", 1, 0, b""),
    ("FF FF 01 03 00 20 DB", 1, 0, b"\x20"),
    ("FF FF 01 04 00 18 05 DD", 1, 0, b"\x18\x05"),
    ("FF FF 01 02 20 DC", 1, 0x20, b""),
]
SIZE = STS.block[1]
ids = st.integers(0, codec.ID_MAX)
# Bytes rich in what looks like a header.
data = st.lists(
    st.sampled_from([b"\xff", b"\xff\xff", b"\xff\xff\x01", b"\0"]) | st.binary(max_size=3),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(("text", "made"), INSTRUCTIONS)
def test_the_driver_makes_the_published_frames_and_the_motor_understands_them(text, made):
    frame = bytes.fromhex(text)
    assert made == frame
    [order] = motor_side.Receiver().take(frame)
    assert order == (frame[2], frame[4], frame[5:-1])


@pytest.mark.parametrize(("text", "motor_id", "error", "held"), STATUSES)
def test_the_motor_makes_the_published_statuses_and_the_driver_reads_them(
    text, motor_id, error, held
):
    frame = bytes.fromhex(text)
    assert motor_side.status_frame(motor_id, error, held) == frame
    assert Parser().feed(frame, len(held)) == [Status(motor_id, error, held)]


@given(ids, st.integers(0, 255), data)
def test_what_a_motor_says_the_driver_hears(motor_id, error, content):
    frame = motor_side.status_frame(motor_id, error, content)
    assert Parser().feed(frame, len(content)) == [Status(motor_id, error, content)]


@given(ids, st.integers(0, 255), data)
def test_what_the_driver_says_a_motor_hears(motor_id, code, content):
    [order] = motor_side.Receiver().take(codec.instruction(motor_id, code, content))
    assert order == (motor_id, code, content)


@given(
    st.lists(st.tuples(ids, st.binary(min_size=5, max_size=5)), min_size=1, max_size=5), st.data()
)
def test_frames_may_arrive_in_any_pieces(replies, draw):
    stream = b"".join(motor_side.status_frame(i, 0, content) for i, content in replies)
    parser, found = Parser(), []
    while stream:
        size = draw.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size], 5)
        stream = stream[size:]
    assert [(status.motor_id, status.data) for status in found] == replies


@given(st.lists(st.tuples(ids, data), min_size=1, max_size=5), st.data())
def test_orders_may_arrive_in_any_pieces(orders, draw):
    stream = b"".join(codec.instruction(i, codec.WRITE, content) for i, content in orders)
    receiver, found = motor_side.Receiver(), []
    while stream:
        size = draw.draw(st.integers(1, len(stream)))
        found += receiver.take(stream[:size])
        stream = stream[size:]
    assert [(order.motor_id, order.payload) for order in found] == orders


@given(st.integers(0, 15), st.integers(0, 7), st.integers(0, 6))
def test_one_flipped_bit_never_passes_and_costs_one_motor_only(at, bit, victim):
    frames = [bytearray(motor_side.status_frame(i, 0, bytes([i] * 10))) for i in range(1, 8)]
    frames[victim][at] ^= 1 << bit
    found = Parser().feed(b"".join(frames), 10)
    assert [status.motor_id for status in found] == [i for i in range(1, 8) if i != victim + 1]
    assert all(status.data == bytes([status.motor_id] * 10) for status in found)


@given(st.binary(max_size=300), st.binary(min_size=2, max_size=2))
def test_after_any_noise_a_reply_is_found_again(noise, content):
    parser = Parser()
    parser.feed(noise + bytes(8), 2)  # whatever had begun is over
    good = motor_side.status_frame(3, 0, content)
    assert parser.feed(good, 2) == [Status(3, 0, content)]


@given(st.binary(max_size=300))
def test_after_any_noise_a_motor_hears_the_next_order(noise):
    receiver = motor_side.Receiver()
    receiver.take(noise + bytes(260))
    assert receiver.take(codec.ping(4)) == [(4, codec.PING, b"")]


def test_an_echo_is_known_by_being_what_was_sent():
    for sent, size in (
        (codec.ping(1), 0),
        (codec.read(1, 56, 2), 2),
        (codec.sync_read([1], 56, 2), 2),
    ):
        reply = motor_side.status_frame(1, 0, bytes(size))
        for stream in (sent + reply, reply):
            parser = Parser()
            parser.reset(sent)
            found = [s for byte in stream for s in parser.feed(bytes([byte]), size)]
            assert found == [Status(1, 0, bytes(size))]
    # Without that it would be taken for a reply with an error.
    assert Parser().feed(codec.ping(1), 0) == [Status(1, 1, b"")]


def test_an_instruction_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="255 is no motor ID"):
        codec.ping(255)
    with pytest.raises(ValueError, match="as many bytes"):
        codec.sync_write(42, {1: b"12", 2: b"1"})
    with pytest.raises(ValueError, match="252 bytes are too many"):
        codec.write(1, 0, bytes(251))


def test_errors_are_told_in_words_the_unknown_ones_too():
    assert codec.error_text(0x21) == "input voltage, overload"
    assert codec.error_text(0x41) == "input voltage, 0x40"


# Registers.


@pytest.mark.parametrize(
    ("table", "register", "value", "text"),
    [
        (STS, registers.GOAL_POSITION, 2048, "0008"),
        (SCS, registers.GOAL_POSITION, 511, "01FF"),
        (STS, STS.present_speed, -STS.rad_per_count, "0180"),
        (SCS, SCS.present_speed, -SCS.rad_per_count, "8001"),
        (STS, STS.present_current, -0.65, "6480"),
        (STS, registers.PRESENT_LOAD, -0.5, "F405"),
        (STS, STS.torque_limit, 0.5, "F401"),
    ],
)
def test_words_have_their_family_s_order_and_a_sign_apart(table, register, value, text):
    assert table.pack(register, value) == bytes.fromhex(text)
    assert table.unpack(register, bytes.fromhex(text)) == pytest.approx(value)


def test_what_does_not_fit_a_register_is_refused():
    for value in (-1, 65536, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"Goal Position: .* does not fit"):
            STS.pack(registers.GOAL_POSITION, value)
    with pytest.raises(ValueError, match=r"Present Load: .* does not fit"):
        STS.pack(registers.PRESENT_LOAD, 1.1)
    with pytest.raises(ValueError, match="Goal Position: 1 bytes for 2"):
        STS.unpack(registers.GOAL_POSITION, b"\0")


# What the sum lets through.

MODEL = registers.BY_NAME["STS3215"]
IDS = range(1, 8)
CYCLE_S = 0.005


def block(position=2048, **changes):
    """Return what an STS motor at rest says of itself."""
    held = bytearray(SIZE)
    values = {
        registers.TORQUE_ENABLE: 1, registers.GOAL_POSITION: position, STS.lock: 1,
        registers.PRESENT_POSITION: position, registers.PRESENT_VOLTAGE: 12.0,
        registers.PRESENT_TEMPERATURE: 32,
    }  # fmt: skip
    for register, value in values.items():
        at = register.address - STS.block[0]
        held[at : at + register.size] = STS.pack(register, value)
    for at, value in changes.items():
        held[int(at[1:]) - STS.block[0]] = value
    return bytes(held)


def test_a_sample_says_what_the_motor_says():
    found = sample(STS, block(2100))
    assert found == (True, 2100, 0.0, 0.0, 12.0, 32.0, 0)


@pytest.mark.parametrize(
    "changes",
    [{"a40": 2}, {"a43": 0x10}, {"a55": 7}, {"a57": 0x80}, {"a62": 0}, {"a62": 255}, {"a63": 121},
     {"a66": 3}],
)  # fmt: skip
def test_a_sample_that_cannot_be_is_none(changes):
    assert sample(STS, block(**changes)) is None
    assert sample(STS, block()[:-1]) is None


def accepted(frames):
    """Return what of a broken sync read a driver would take, and whether the sum alone would."""
    found = Parser().feed(b"".join(frames), SIZE)
    by_sum = [s for s in found if s != Status(s.motor_id, 0, block())]
    if [s.motor_id for s in found] != list(IDS):
        return [], bool(by_sum)
    wrong = []
    for status in by_sum:
        new = sample(STS, status.data)
        if new and not status.error and can_follow(MODEL, new, before_counts=2048, after_s=CYCLE_S):
            wrong.append(new)
    return wrong, bool(by_sum)


@pytest.mark.parametrize(
    ("spoil", "sum_most", "all_most", "off_most"),
    [
        # Two flipped bits of one reply: 2.3 % pass the sum, 1.4 % all guards.
        (lambda dice, frame: flips(dice, frame, 2), 0.05, 0.03, 50),
        # A burst of five bytes: 0.24 % pass the sum, 0.06 % all guards.
        (lambda dice, frame: burst(dice, frame), 0.008, 0.002, 50),
    ],
    ids=["two bits", "burst"],
)
def test_what_passes_the_sum_is_rare_and_moves_no_joint_by_much(
    spoil, sum_most, all_most, off_most
):
    """What is still taken is wrong in a value of no weight, or by what a shaft may move."""
    dice, count = random.Random(7), 4000
    by_sum = by_all = 0
    for _ in range(count):
        frames = [bytearray(motor_side.status_frame(i, 0, block())) for i in IDS]
        victim = dice.randrange(len(frames))
        spoil(dice, frames[victim])
        wrong, sums = accepted(frames)
        by_sum, by_all = by_sum + sums, by_all + bool(wrong)
        assert all(abs(new.position_counts - 2048) <= off_most for new in wrong)
    assert 0 < by_sum < sum_most * count
    assert by_all < all_most * count


def flips(dice, frame, bits):
    for place in dice.sample(range(8 * len(frame)), bits):
        frame[place // 8] ^= 1 << place % 8


def burst(dice, frame):
    at = dice.randrange(len(frame) - 4)
    frame[at : at + 5] = dice.randbytes(5)


def test_each_guard_behind_the_sum_holds_some_of_it_back():
    follow = sample(STS, block(2048 + 200))
    assert not can_follow(MODEL, follow, before_counts=2048, after_s=CYCLE_S)
    assert can_follow(MODEL, follow, before_counts=2048, after_s=0.1)
    racing = sample(STS, block(a59=0x7F))
    assert not can_follow(MODEL, racing, before_counts=2048, after_s=CYCLE_S)
