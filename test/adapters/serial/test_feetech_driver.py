"""What the driver takes for a sample of a Feetech motor, and what it needs to bring one up."""

import random
import time
from dataclasses import replace

import pytest
from emulated import JOINTS
from feetech import DirectMotors, feetech_plan

from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.drives import make_drive
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.emulator_feetech_codec import status_frame
from hrc_cell.adapters.serial.feetech_registers import STS
from hrc_cell.adapters.serial.master import NoReply, Refused

COUNTS_PER_S = 200
SAMPLE_SIZE_MIN = 30  # of a status that holds a sample
MARGIN_S = 0.003


class Tampered(FeetechEmulator):
    """Motors whose position tells the time, on a wire that can be told to misbehave."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.began_s = time.monotonic()
        self.tamper = lambda replies: replies
        for motor in self.motors.values():
            motor._counts = lambda: round((time.monotonic() - self.began_s) * COUNTS_PER_S)

    def feed(self, data, now_s):
        return self.tamper(super().feed(data, now_s))


@pytest.fixture
def motors():
    return DirectMotors(emulator=Tampered)


@pytest.fixture
def still():
    return DirectMotors()


@pytest.fixture
def drive(request):
    running = request.getfixturevalue("motors" if "motors" in request.fixturenames else "still")
    return make_drive(feetech_plan("/dev/direct", reply_margin_s=MARGIN_S), running)


def sample_age_s(motors, drive, index):
    """Return how old the newest sample was when it was received, by the clock in its position."""
    plan, motor = drive.plan.motors[index], drive.motors[index]
    counts = motor.position_rad / plan.rad_per_count + plan.zero_counts
    return motor.reply_s - motors.emulator.began_s - counts / COUNTS_PER_S


def read_some(motors, drive, cycles):
    """Read so many times; return in which cycles samples were taken, each being fresh."""
    took = []
    for _ in range(cycles):
        began_s = time.monotonic()
        drive.read_all()
        new = [motor.reply_s >= began_s for motor in drive.motors]
        assert len(set(new)) == 1, "of a cycle all samples count, or none"
        took.append(new[0])
        if new[0]:
            ages_s = [sample_age_s(motors, drive, index) for index in range(JOINTS)]
            assert max(ages_s) < time.monotonic() - began_s + 2.0 / COUNTS_PER_S
    return took


def known(drive):
    """Return the newest samples, without how many were lost since."""
    return [motor._replace(lost_replies=0) for motor in drive.motors]


def until_taken(motors, drive):
    """Read until samples are taken, which is as soon as what was late has come."""
    assert any(read_some(motors, drive, 1)[0] for _ in range(5))
    assert drive.silent_cycles == [0] * JOINTS


def test_on_a_sound_wire_all_motors_answer(motors, drive):
    for _ in range(10):
        until_taken(motors, drive)


@pytest.mark.req("S2")
@pytest.mark.parametrize("at", [0, 2, 3, 4, 6, 20, -1])
def test_a_broken_reply_costs_the_whole_cycle_and_is_blamed_on_its_motor(motors, drive, at):
    def flip(replies):
        if len(replies) == JOINTS:
            broken = bytearray(replies[2])
            broken[at] ^= 0x10
            replies[2] = bytes(broken)
        return replies

    until_taken(motors, drive)
    before = known(drive)
    motors.emulator.tamper = flip
    for count in (1, 2):
        drive.read_all()
        assert drive.silent_cycles == [0, 0, count, 0, 0, 0, 0]
    assert known(drive) == before
    assert {motor.lost_replies for motor in drive.motors} == {2}
    motors.emulator.tamper = lambda replies: replies
    until_taken(motors, drive)


@pytest.mark.req("S2")
def test_motors_that_fail_in_turn_do_not_hide_that_nothing_was_taken(motors, drive):
    until_taken(motors, drive)
    for cycle in range(6):
        motors.emulator.silent = {1 + cycle % 2}
        drive.read_all()
    assert max(drive.silent_cycles) == 6


@pytest.mark.req("S2")
def test_disorder_is_blamed_on_all(motors, drive):
    until_taken(motors, drive)
    before = known(drive)
    motors.emulator.tamper = lambda replies: replies[:1] + replies[2:] + replies[1:2]
    drive.read_all()
    drive.read_all()
    assert max(drive.silent_cycles) == 2
    assert known(drive) == before


@pytest.mark.req("S2")
@pytest.mark.parametrize("late", [1, 2, 3])
def test_replies_that_all_come_whole_cycles_late_never_become_samples(motors, drive, late):
    """Nothing but the length that was asked for tells them from new ones."""
    until_taken(motors, drive)
    waiting = []

    def delay(replies):
        waiting.append(replies)
        return waiting.pop(0) if len(waiting) > late else []

    motors.emulator.tamper = delay
    assert not any(read_some(motors, drive, 8))
    motors.emulator.tamper = lambda replies: replies
    until_taken(motors, drive)


@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", range(3))
def test_replies_that_come_a_cycle_late_never_become_samples(motors, drive, seed):
    dice, kept = random.Random(seed), []

    def delay(replies):
        if len(replies) < JOINTS:
            return replies
        late = replies.pop(dice.randrange(JOINTS))
        if kept:
            replies.insert(dice.randrange(JOINTS), kept.pop())
        if dice.random() < 0.7:
            kept.append(late)
        return replies

    until_taken(motors, drive)
    motors.emulator.tamper = delay
    read_some(motors, drive, 10)
    motors.emulator.tamper = lambda replies: replies
    until_taken(motors, drive)


@pytest.mark.req("S2")
def test_what_cannot_be_true_is_no_sample_though_its_sum_is_right(motors, drive):
    until_taken(motors, drive)
    before = known(drive)

    def lie(replies):
        data = bytearray(replies[3][5:-1])
        if len(data) >= SAMPLE_SIZE_MIN:
            data[56 - 40] ^= 0xFF  # some 200 counts off
            replies[3] = status_frame(4, 0, bytes(data))
        return replies

    drive.models = [registers.BY_NAME["STS3215"]] * JOINTS
    motors.emulator.tamper = lie
    assert not any(read_some(motors, drive, 2))
    assert known(drive) == before
    assert drive.silent_cycles[3] == 2


@pytest.mark.parametrize(("protocol", "off_rad"), [("feetech_sts", 0.001), ("feetech_scs", 0.003)])
def test_positions_of_both_families_come_to_the_same_joint_angles(protocol, off_rad):
    start = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
    motors = DirectMotors(protocol=protocol, start_rad=start)
    drive = make_drive(feetech_plan("/dev/direct", protocol=protocol), motors)
    drive.bring_up(lambda: None)
    found = [motor.position_rad for motor in drive.motors]
    assert found == pytest.approx(start, abs=off_rad)


# Bringing up.


def spoil(motors, motor_id, address, value, size=1):
    motors.emulator.motors[motor_id]._put(address, size, value)


@pytest.mark.parametrize(
    ("address", "value", "size", "why"),
    [
        (4, 9, 1, "joint_2: motor 2 is Feetech model 9.9, not STS3215, "),
        (18, 8, 1, "joint_2: motor 2 has Phase 8, of which bit 2"),
        (18, 28, 1, "joint_2: motor 2 has Phase 28, of which bit 2"),
        (11, 0, 2, "joint_2: motor 2 has no window: Min Position Limit is 0, Max"),
    ],
)
def test_a_motor_that_would_move_otherwise_than_told_is_refused(
    still, drive, address, value, size, why
):
    spoil(still, 2, address, value, size)
    with pytest.raises(Refused, match=why):
        drive.bring_up(lambda: None)
    assert not any(still.torque)


def test_a_motor_of_the_other_family_is_refused_and_one_that_cannot_limit_its_grip():
    motors = DirectMotors(protocol="feetech_scs")
    with pytest.raises(Refused, match="motor 1 is SCS0009, which is of another family"):
        make_drive(feetech_plan("/dev/direct"), motors).bring_up(lambda: None)
    plan = feetech_plan("/dev/direct", protocol="feetech_scs")
    hand = replace(plan.motors[6], current_max_a=0.4)
    plan = replace(plan, motors=(*plan.motors[:6], hand))
    with pytest.raises(Refused, match="gripper: motor 7 is SCS0009, whose current cannot be"):
        make_drive(plan, motors).bring_up(lambda: None)
    assert not any(motors.torque)


def test_a_motor_that_does_not_answer_is_named(still, drive):
    still.emulator.silent.add(3)
    with pytest.raises(Refused, match="joint_3: motor 3 does not answer; check power"):
        drive.bring_up(lambda: None)


def test_the_eeprom_is_written_only_where_it_differs_and_for_good(still, drive):
    still.emulator.motors[1]._put(33, 1, 1)  # turning without end
    drive.bring_up(lambda: None)
    for motor in still.emulator.motors.values():
        assert motor.value(STS.lock.address) == 1
        motor.reboot(0.0)
        assert (motor.value(7), motor.value(33)) == (0, 0)


def test_a_motor_that_answers_to_no_writing_is_told_to(still, drive):
    spoil(still, 2, 8, 0)
    drive.bring_up(lambda: None)
    assert all(still.torque)


@pytest.mark.parametrize(("address", "named"), [(7, "Return Delay"), (33, "Operating Mode")])
def test_a_motor_under_torque_is_not_dropped_for_the_sake_of_a_setting(
    still, drive, address, named
):
    drive.bring_up(lambda: None)
    spoil(still, 2, address, 1)
    with pytest.raises(Refused, match=rf"joint_2: {named}.* of motor 2 is .* support the arm"):
        drive.bring_up(lambda: None)
    assert all(still.torque)


def test_a_motor_that_cuts_what_it_is_told_is_refused(still, drive):
    motor = still.emulator.motors[2]
    write = motor.write
    motor.write = lambda at, data: write(at, b"\1\0" if at == 46 else data)
    with pytest.raises(Refused, match=r"joint_2: motor 2 did not take Goal Velocity = 3\.6"):
        drive.bring_up(lambda: None)
    assert not any(still.torque)


def test_speed_acceleration_and_the_grip_are_limited_by_the_motors_themselves(still, drive):
    drive.bring_up(lambda: None)
    values = [
        [motor.value(address) for address in (46, 41, 48)]
        for motor in still.emulator.motors.values()
    ]
    fastest = round(1.2 * 3.0 / STS.rad_per_count)
    assert values[0] == [fastest, 254, 1000]
    assert values[6][2] == int(0.4 / 2.7 * 1000)


def test_a_joint_that_falls_when_its_torque_comes_on_ends_it_and_no_torque_stays(still, drive):
    plant = still.plant
    power = plant.power

    def sag(index, *, on):
        power(index, on=on)
        if on and index == 3:
            plant.positions[3] -= 0.05

    plant.power = sag
    with pytest.raises(Refused, match="joint_4 moved by"):
        drive.bring_up(lambda: None)
    assert not any(still.torque)


def test_a_motor_that_falls_silent_on_the_way_leaves_no_torque(still, drive):
    def go():
        if still.torque[0]:
            still.emulator.silent.add(1)

    with pytest.raises(NoReply, match=r"^joint_1 fell silent while torque came on"):
        drive.bring_up(go)
    still.emulator.silent.clear()
    assert still.torque[1:] == [False] * (JOINTS - 1)
