"""Emulated motors are as their file says: model, place, load and registers, each its own."""

import struct

import pytest

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.codec import Parser
from hrc_cell.adapters.serial.free import free_motors
from hrc_cell.settings.bus_faults import BusFaults
from hrc_cell.settings.bus_motors import BusMotor, BusMotors, load_bus_motors
from hrc_cell.settings.schema import CellError

NOTHING = BusFaults(faults=())


def made(*listed):
    return free_motors(BusMotors(motors=listed), NOTHING)


def read(emulator, motor_id, address, layout, now_s=1.0):
    order = codec.read(motor_id, address, struct.calcsize(layout))
    [status] = Parser().feed(b"".join(emulator.feed(order, now_s)))
    return struct.unpack(layout, status.data)[0]


def write(emulator, motor_id, address, layout, value, now_s=1.0):
    order = codec.write(motor_id, address, struct.pack(layout, value))
    [status] = Parser().feed(b"".join(emulator.feed(order, now_s)))
    return status.error


def test_each_motor_is_as_the_file_says(tmp_path):
    path = tmp_path / "motors.yaml"
    path.write_text(
        "motors:\n"
        "  - {id: 3, model: XL430-W250, position_rad: 0.5}\n"
        "  - {id: 9, registers: {Return Delay Time: 0, Homing Offset: 100, Current Limit: 500}}\n"
    )
    emulator, _ = free_motors(load_bus_motors(path), NOTHING)
    assert list(emulator.motors) == [3, 9]
    assert (read(emulator, 3, 0, "<H"), read(emulator, 9, 0, "<H")) == (1060, 1020)
    assert (read(emulator, 3, 132, "<i"), read(emulator, 9, 132, "<i")) == (2374, 2148)
    assert (read(emulator, 3, 9, "<B"), read(emulator, 9, 9, "<B")) == (250, 0)
    assert read(emulator, 9, 102, "<h") == 500


def test_a_homing_offset_moves_the_count_and_not_the_shaft():
    emulator, plant = made(BusMotor(id=1, registers={"Homing Offset": 100}))
    assert write(emulator, 1, 116, "<i", 2148) == 0
    assert write(emulator, 1, 64, "<B", 1) == 0
    for _ in range(100):
        plant.step(0.01)
    assert plant.position_rad(0) == pytest.approx(0.0, abs=1e-3)
    write(emulator, 1, 116, "<i", 2248)
    for _ in range(100):
        plant.step(0.01)
    assert read(emulator, 1, 132, "<i") == pytest.approx(2248, abs=1)


def test_load_and_inertia_cost_current_and_time():
    emulator, plant = made(
        BusMotor(id=1), BusMotor(id=2, inertia_ratio=50.0), BusMotor(id=3, load_a=1.0),
        BusMotor(id=4, load_a=-3.5),
    )  # fmt: skip
    for motor_id in emulator.motors:
        write(emulator, motor_id, 64, "<B", 1)
        write(emulator, motor_id, 116, "<i", 2548)
    plant.step(0.05)
    moved = [plant.position_rad(index) for index in range(4)]
    assert moved[0] > 1.5 * moved[1] > 0.0
    assert moved[3] == 0.0  # more than its current limit: it cannot
    plant.step(3.0)
    currents = [read(emulator, motor_id, 126, "<h") * 2.69e-3 for motor_id in (1, 3)]
    assert currents == pytest.approx([0.0, 1.0], abs=0.01)


def test_a_motor_is_heard_by_the_id_written_into_it():
    emulator, _ = made(BusMotor(id=1), BusMotor(id=2))
    assert write(emulator, 1, 7, "<B", 9) == 0
    assert emulator.feed(codec.ping(1), 1.0) == []
    assert read(emulator, 9, 7, "<B") == 9
    assert sorted(emulator.motors) == [2, 9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("motors: []", "name at least one"),
        ("motors: [{id: 1}, {id: 1}]", "each ID once"),
        ("motors: [{id: 253}]", "motors[0].id = 253: is out of bounds (allowed: 0 to 252)"),
        ("motors: [{id: 1, speed: 2}]", "motors[0].speed: is not a key"),
        ("motors: [{id: 1, registers: {LED: on}}]", "must be a whole number"),
        ("motors: [{id: 1, position_rad: 4.0}]", "is out of bounds"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, text, said):
    path = tmp_path / "motors.yaml"
    path.write_text(text + "\n")
    with pytest.raises(CellError) as refused:
        load_bus_motors(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("motor", "said"),
    [
        (BusMotor(id=4, model="AX-12A"), "motor 4: 'AX-12A' is none of XM430-W350"),
        (BusMotor(id=4, registers={"Colour": 1}), "motor 4: 'Colour' is no register"),
        (BusMotor(id=4, registers={"Return Delay Time": 255}), "must be 0 to 254"),
        (BusMotor(id=4, model="XL430-W250", registers={"Current Limit": 1}), "no register"),
    ],
)
def test_a_motor_that_cannot_be_is_refused(motor, said):
    with pytest.raises(ValueError, match="motor 4") as refused:
        made(motor)
    assert said in str(refused.value)
