"""Programs of others and ours understand each other: the maker's SDK, and rustypot.

Byte for byte where they can be asked for bytes; over a real pseudo-terminal where not.
"""

import math
import os
import select
import struct
import threading
import tty

import pytest
from emulated import RunningMotors, plan_for
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial import codec, emulator_codec
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.emulator_codec import Receiver
from hrc_cell.adapters.serial.fast_reply import FastParser
from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.port import Port

dynamixel_sdk = pytest.importorskip("dynamixel_sdk", reason="needs the package dynamixel-sdk")
rustypot = pytest.importorskip("rustypot", reason="needs the package rustypot")

ids = st.integers(0, 252)
data = st.lists(st.sampled_from([0xFF, 0xFF, 0xFD, 0x00, 0x55, 0x7A]), max_size=24).map(bytes)
"""Full of what has to be stuffed."""
START_RAD = (0.0, 0.5, -1.0, 1.5, 0.1, -0.2, 0.3)
BAUD = 1_000_000
GOAL, POSITION, CURRENT = 116, 132, 126


class Wire:
    """What the SDK takes for a port: keeps what is written, gives what was put in."""

    def __init__(self, comes=b""):
        self.is_using = False
        self.written, self.comes = b"", comes

    def clearPort(self):
        """Begin a request."""

    def writePort(self, packet):
        self.written += bytes(packet)
        return len(packet)

    def readPort(self, size):
        now, self.comes = self.comes[:size], self.comes[size:]
        return list(now)

    def isPacketTimeout(self):
        return not self.comes


def sdk_order(motor_id, code, params):
    """Return the bytes that the SDK sends for an instruction."""
    wire = Wire()
    size = len(params) + 3
    packet = [0] * 4 + [motor_id, size % 256, size // 256, code, *params, 0, 0]
    assert (
        dynamixel_sdk.Protocol2PacketHandler().txPacket(wire, packet) == dynamixel_sdk.COMM_SUCCESS
    )
    return wire.written


@given(ids, st.integers(1, 0x54), data)
def test_our_orders_are_those_of_the_sdk(motor_id, code, params):
    assert codec.instruction(motor_id, code, params) == sdk_order(motor_id, code, params)


@given(ids, st.integers(1, 0x54), data)
def test_the_emulated_motors_understand_the_orders_of_the_sdk(motor_id, code, params):
    [order] = Receiver().take(sdk_order(motor_id, code, params))
    told = (order.motor_id, order.code, order.payload, order.intact)
    assert told == (motor_id, code, params, True)


@given(ids, st.integers(0, 7), st.booleans(), data)
def test_the_sdk_understands_the_statuses_of_the_emulated_motors(motor_id, error, alert, content):
    frame = emulator_codec.status_frame(motor_id, error | alert << 7, content)
    packet, result = dynamixel_sdk.Protocol2PacketHandler().rxPacket(Wire(frame), False)
    assert result == dynamixel_sdk.COMM_SUCCESS
    size = packet[5] | packet[6] << 8
    assert bytes(packet[9 : 7 + size - 2]) == content
    assert (packet[4], packet[8]) == (motor_id, error | alert << 7)
    assert codec.Parser().feed(frame) == [codec.Status(motor_id, error, alert, content)]


def test_our_orders_are_those_of_rustypot():
    """It writes to a pseudo-terminal on which a motor says yes to everything."""
    master, slave = os.openpty()
    tty.setraw(slave)
    heard, ending = [], threading.Event()

    def serve():
        receiver = Receiver()
        while not ending.is_set():
            if select.select([master], [], [], 0.05)[0]:
                heard.append(os.read(master, 4096))
                for order in receiver.take(heard[-1]):
                    size = order.payload[2] if order.code == codec.READ else 0
                    os.write(master, emulator_codec.status_frame(order.motor_id, 0, bytes(size)))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        motors = rustypot.Xl330PyController(os.ttyname(slave), BAUD, 5.0)
        asked = []
        for content in (b"\xff\xff\xfd\x00", b"\xff\xff\xfd\xfd\xff\xff\xfd", b"\1\2\3\4"):
            motors.write_raw_data(3, GOAL, list(content))
            asked.append(codec.write(3, GOAL, content))
        motors.read_raw_data(3, POSITION, 4)
        asked.append(codec.read(3, POSITION, 4))
    finally:
        ending.set()
        thread.join()
        os.close(master)
        os.close(slave)
    assert b"".join(heard) == b"".join(asked)


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans(), st.binary(min_size=9, max_size=9)),
                min_size=1, max_size=9))  # fmt: skip
def test_the_sdk_and_we_read_the_same_from_a_common_frame(said):
    rows = [(i, error | alert << 7, content) for i, (error, alert, content) in enumerate(said)]
    frame = b"".join(emulator_codec.fast_parts(len(rows), 9, rows))
    wire = Wire(frame)
    packet = dynamixel_sdk.Protocol2PacketHandler()
    group = dynamixel_sdk.GroupSyncRead(wire, packet, 120, 9)
    wire.setPacketTimeout = lambda size: None
    for motor_id, _, _ in rows:
        group.addParam(motor_id)
    wire.is_using = True
    assert group.fastSyncReadRxPacket() == dynamixel_sdk.COMM_SUCCESS
    assert {i: bytes(content) for i, content in group.data_dict.items()} == {
        i: content for i, _, content in rows
    }
    asked = [motor_id for motor_id, _, _ in rows]
    found = FastParser(asked, 9).feed(frame)
    assert found == [codec.Status(i, *one) for i, one in enumerate(said)]


@given(st.sets(ids, min_size=1, max_size=9), st.integers(0, 1000), st.integers(1, 40))
def test_our_fast_requests_are_those_of_the_sdk(asked, address, size):
    wire = Wire()
    wire.setPacketTimeout = lambda size: None
    group = dynamixel_sdk.GroupSyncRead(wire, dynamixel_sdk.Protocol2PacketHandler(), address, size)
    for motor_id in sorted(asked):
        group.addParam(motor_id)
    assert group.fastSyncReadTxPacket() == dynamixel_sdk.COMM_SUCCESS
    assert codec.fast_sync_read(sorted(asked), address, size) == wire.written


@pytest.fixture(params=[None, BAUD], ids=["at once", "as fast as the wire"])
def motors(request, tmp_path):
    """Motors, in one case on a wire whose rate each program has to set, each in its own way."""
    with RunningMotors(tmp_path / "motors", start_rad=START_RAD, baud=request.param) as running:
        yield running


def ours(motors, *, fast=False):
    port = Port(str(motors.link), BAUD)
    driver = Driver(plan_for(motors.link), Master(port, reply_margin_s=1.0))
    driver.fast = fast
    try:
        driver.read_all()
        assert driver.silent_cycles == [0] * len(START_RAD)
        assert driver.fast is fast
    finally:
        port.close()
    plans = driver.plan.motors
    return [plan.counts(m.position_rad) for plan, m in zip(plans, driver.motors, strict=True)]


def sdk(motors, *, fast=False):
    port, packet = dynamixel_sdk.PortHandler(str(motors.link)), dynamixel_sdk.PacketHandler(2.0)
    port.setBaudRate(BAUD)
    try:
        group = dynamixel_sdk.GroupSyncRead(port, packet, CURRENT, 10)
        for motor_id in motors.emulator.motors:
            group.addParam(motor_id)
        ask = group.fastSyncRead if fast else group.txRxPacket
        assert ask() == dynamixel_sdk.COMM_SUCCESS
        return [group.getData(motor_id, POSITION, 4) for motor_id in motors.emulator.motors]
    finally:
        port.closePort()


def rusty(motors, *, fast=False):
    controller = rustypot.Xl330PyController(str(motors.link), BAUD, 5.0)
    controller.set_fast_sync_read(fast)
    rows = controller.sync_read_raw_data(list(motors.emulator.motors), CURRENT, 10)
    return [struct.unpack("<hii", bytes(row))[2] for row in rows]


@pytest.mark.parametrize("fast", [False, True])
def test_all_three_read_the_same_from_the_emulated_motors(motors, fast):
    expected = [round(2048 + rad * 4096 / math.tau) for rad in START_RAD]
    read = [library(motors, fast=fast) for library in (ours, sdk, rusty)]
    assert read == [expected] * 3


def test_what_rustypot_commands_the_sdk_and_we_see(motors):
    controller = rustypot.Xl330PyController(str(motors.link), BAUD, 5.0)
    controller.sync_write_torque_enable([2], [True])
    controller.sync_write_goal_position([2], [-0.25])
    del controller  # gives the port back
    goal = round(2048 - 0.25 * 4096 / math.tau)
    motors.wait("the way", lambda: abs(motors.plant.positions[1] + 0.25) < 1e-3)
    found = ours(motors)
    assert abs(found[1] - goal) <= 1
    assert found == sdk(motors)
