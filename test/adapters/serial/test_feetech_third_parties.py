"""Programs of others and our Feetech motors understand each other: rustypot, and the maker's SDK.

All over a real pseudo-terminal, and what they send is compared with ours byte for byte.
"""

import math

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.feetech_registers import SCS, STS

rustypot = pytest.importorskip("rustypot", reason="needs the package rustypot")
sdk = pytest.importorskip("scservo_sdk", reason="needs the package ftservo-python-sdk")

START_RAD = (0.0, 0.5, -1.0, 1.5, 0.1, -0.2, 0.3)
IDS = list(range(1, 8))
BAUD = 1_000_000
POSITION, GOAL, TORQUE = (
    registers.PRESENT_POSITION.address, registers.GOAL_POSITION.address,
    registers.TORQUE_ENABLE.address,
)  # fmt: skip


class Overheard(FeetechEmulator):
    """Motors that keep what is said to them."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.heard = b""

    def feed(self, data, now_s):
        self.heard += data
        return super().feed(data, now_s)


@pytest.fixture
def sts(tmp_path):
    with RunningMotors(tmp_path / "sts", start_rad=START_RAD, emulator=Overheard) as running:
        yield running


@pytest.fixture
def scs(tmp_path):
    def emulator(ids, plant):
        return Overheard(ids, plant, model="SCS0009")

    with RunningMotors(tmp_path / "scs", start_rad=START_RAD, emulator=emulator) as running:
        yield running


def rusty(motors, kind="Sts3215PyController"):
    return getattr(rustypot, kind)(str(motors.link), BAUD, 5.0)


@pytest.fixture
def maker(sts):
    port = sdk.PortHandler(str(sts.link))
    assert port.openPort()
    yield sdk.sms_sts(port)
    port.closePort()


def heard(motors):
    with motors.lock:
        said, motors.emulator.heard = motors.emulator.heard, b""
    return said


def counts(table, centre):
    return [round(centre + rad / table.rad_per_count) for rad in START_RAD]


def test_our_orders_are_those_of_rustypot(sts):
    motors = rusty(sts)
    motors.read_raw_data(3, POSITION, 2)
    assert heard(sts) == codec.read(3, POSITION, 2)
    motors.sync_read_raw_data([1, 2, 7], *STS.block)
    assert heard(sts) == codec.sync_read([1, 2, 7], *STS.block)
    motors.write_raw_data(2, GOAL, [0xFF, 0x07])
    assert heard(sts) == codec.write(2, GOAL, b"\xff\x07")
    motors.ping(5)
    assert heard(sts) == codec.ping(5)
    motors.sync_write_raw_data([1, 4], TORQUE, [[1], [0]])
    motors.read_raw_data(1, TORQUE, 1)  # so that what nobody answers has arrived
    assert heard(sts) == codec.sync_write(TORQUE, {1: b"\1", 4: b"\0"}) + codec.read(1, TORQUE, 1)


def test_our_orders_are_those_of_the_maker(sts, maker):
    maker.read2ByteTxRx(3, POSITION)
    assert heard(sts) == codec.read(3, POSITION, 2)
    maker.WritePosEx(2, 2100, 1000, 50)
    frame = codec.write(2, STS.acceleration.address, bytes.fromhex("32 3408 0000 E803"))
    assert heard(sts) == frame
    maker.unLockEprom(1)
    assert heard(sts) == codec.write(1, STS.lock.address, b"\0")
    maker.ping(5)
    assert heard(sts).startswith(codec.ping(5))
    maker.RegWritePosEx(6, 2000, 0, 0)
    maker.RegAction()
    frame = codec.instruction(6, codec.REG_WRITE, bytes.fromhex("29 00 D007 0000 0000"))
    action = codec.instruction(codec.BROADCAST, codec.ACTION)
    sts.wait("the action", lambda: len(sts.emulator.heard) >= len(frame + action))
    assert heard(sts) == frame + action


def test_rustypot_and_the_maker_read_what_the_emulated_motors_are_at(sts, maker):
    motors = rusty(sts)
    expected = counts(STS, 2048)
    assert [row[0] | row[1] << 8 for row in motors.sync_read_raw_data(IDS, POSITION, 2)] == expected
    found = motors.sync_read_present_position(IDS)
    assert found == pytest.approx(START_RAD, abs=0.003)
    assert motors.read_model(1) == [777]
    del motors
    assert [maker.ReadPos(motor_id) for motor_id in IDS] == [(at, 0, 0) for at in expected]
    group = sdk.GroupSyncRead(maker, POSITION, 4)
    for motor_id in IDS:
        group.addParam(motor_id)
    assert group.txRxPacket() == sdk.COMM_SUCCESS
    assert [group.getData(motor_id, POSITION, 2) for motor_id in IDS] == expected


def test_what_rustypot_commands_the_maker_sees(sts, maker):
    motors = rusty(sts)
    motors.sync_write_goal_position([2], [-0.25])
    del motors  # gives the port back
    goal = round(2048 - 0.25 / STS.rad_per_count)
    sts.wait("the way", lambda: abs(sts.plant.positions[1] + 0.25) < 2e-3)
    position, result, error = maker.ReadPos(2)
    assert (result, error) == (sdk.COMM_SUCCESS, 0)
    assert abs(position - goal) <= 1


def test_what_the_maker_commands_goes_at_the_speed_it_says(sts, maker):
    maker.WritePosEx(1, 4000, 326, 0)  # 0.5 rad/s
    sts.wait("its speed", lambda: sts.plant.velocities[0] > 0.45)
    speed, result, _ = maker.ReadSpeed(1)
    assert result == sdk.COMM_SUCCESS
    assert speed * STS.rad_per_count == pytest.approx(0.5, abs=0.05)


def test_errors_of_the_emulated_motors_are_those_that_others_know(sts, maker):
    with sts.lock:
        sts.emulator.motors[4].fail(0x24)
    _, result, error = maker.ReadPos(4)
    assert (result, error) == (sdk.COMM_SUCCESS, 0x24)
    assert maker.getRxPacketError(error) == "[ServoStatus] Overheat error!"


def test_scs_motors_are_read_one_by_one_in_big_endian(scs):
    motors = rusty(scs, "Scs0009PyController")
    assert motors.read_raw_data(2, 3, 2) == [5, 4]
    assert heard(scs) == codec.read(2, 3, 2)
    for motor_id, rad, at in zip(IDS, START_RAD, counts(SCS, 511), strict=True):
        [found] = motors.read_present_position(motor_id)
        assert found == pytest.approx(rad, abs=0.006)
        assert bytes(motors.read_raw_data(motor_id, POSITION, 2)) == SCS.pack(
            registers.PRESENT_POSITION, at
        )
    motors.write_goal_position(2, -0.25)
    scs.wait("the way", lambda: abs(scs.plant.positions[1] + 0.25) < 6e-3)
    assert math.isclose(motors.read_present_position(2)[0], -0.25, abs_tol=0.012)


def test_the_maker_reads_scs_motors_too(scs):
    port = sdk.PortHandler(str(scs.link))
    assert port.openPort()
    try:
        maker = sdk.scscl(port)
        assert [maker.ReadPos(motor_id) for motor_id in IDS] == [
            (at, 0, 0) for at in counts(SCS, 511)
        ]
    finally:
        port.closePort()
