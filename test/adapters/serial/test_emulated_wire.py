"""Bytes come when wire, return delay and adapter let them, by a clock that is turned by hand."""

import contextlib
import os
import termios

import pytest

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.codec import Parser
from hrc_cell.adapters.serial.emulated_wire import PACKET, Wire
from hrc_cell.adapters.serial.emulator import EmulatorPort
from hrc_cell.adapters.serial.free import free_motors
from hrc_cell.settings.bus_faults import BusFaults
from hrc_cell.settings.bus_motors import BusMotor, BusMotors

BAUD = 1_000_000
BYTE_S = 10.0 / BAUD
IDS = (1, 2, 3)
POSITION = 132
ORDER = codec.sync_read(IDS, POSITION, 4)
STATUS = codec.status_length(4)
NOTHING = BusFaults(faults=())


def instants(wire, until_s, step_s=1e-6):
    """Return each instant at which something comes, and how many bytes have come by then."""
    found, total = [], 0
    for step in range(round(until_s / step_s) + 1):
        came = wire.come(step * step_s)
        if came:
            total += len(came)
            found.append((step * step_s, total))
    assert wire.next_s() == float("inf")
    return found


def test_without_a_rate_all_comes_at_once():
    wire = Wire()
    wire.hear(14, 1.0)
    wire.send(b"abc", 1.0, 0.0)
    wire.send(b"de", 1.0, 0.0)
    assert wire.next_s() == 1.0
    assert wire.come(1.0) == b"abcde"


def test_the_instruction_the_return_delay_and_each_status_take_their_time():
    wire = Wire(baud=BAUD)
    wire.hear(20, 0.0)
    wire.send(bytes(10), 0.0, 500e-6)
    wire.send(bytes(10), 0.0, 100e-6)
    (first_s, _), (second_s, total) = instants(wire, 2e-3)
    assert first_s == pytest.approx(200e-6 + 500e-6 + 100e-6, abs=2e-6)
    assert second_s == pytest.approx(first_s + 100e-6 + 100e-6, abs=2e-6)
    assert total == 20


def test_an_instruction_waits_for_what_is_still_on_the_wire():
    wire = Wire(baud=BAUD)
    wire.hear(10, 0.0)
    wire.hear(10, 0.0)
    wire.send(bytes(1), 0.0, 0.0)
    assert wire.next_s() == pytest.approx(210e-6)


@pytest.mark.parametrize("latency_s", [0.016, 0.001])
def test_an_adapter_hands_a_short_reply_on_when_its_timer_has_run(latency_s):
    wire = Wire(baud=BAUD, latency_s=latency_s)
    wire.hear(10, 0.0)
    wire.send(bytes(15), 0.0, 0.0)
    [(at_s, total)] = instants(wire, 0.02)
    assert at_s == pytest.approx(110e-6 + latency_s, abs=2e-6)
    assert total == 15


def test_an_adapter_hands_a_full_packet_on_at_once():
    wire = Wire(baud=BAUD, latency_s=0.016)
    for _ in range(5):
        wire.send(bytes(15), 0.0, 0.0)
    (full_s, total), (rest_s, _) = instants(wire, 0.02)
    assert total == PACKET
    assert full_s == pytest.approx(PACKET * BYTE_S, abs=2e-6)
    assert rest_s == pytest.approx((PACKET + 1) * BYTE_S + 0.016, abs=2e-6)


def test_bytes_after_the_timer_wait_for_the_next():
    wire = Wire(latency_s=0.001)
    wire.send(b"a", 0.0, 0.0)
    wire.send(b"b", 0.0, 0.005)
    assert [round(at_s, 4) for at_s, _ in instants(wire, 0.01)] == [0.001, 0.006]


class Side:
    """The other side of a port: the terminal set to a rate, and a clock that is turned by hand."""

    def __init__(self, folder, motors, **wire):
        self.emulator, _ = free_motors(BusMotors(motors=motors), NOTHING, baud=wire.get("baud"))
        self.port = EmulatorPort(self.emulator, folder / "motors", **wire)
        self.fd = os.open(folder / "motors", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        self.port.close()

    def set_rate(self, name):
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = getattr(termios, name)
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def when_all_have_come(self, order, until_s=0.1):
        """Return the statuses to an order given at 0 s, and when the last of them came."""
        os.write(self.fd, order)
        parser, found, now_s, last_s = Parser(), [], 0.0, None
        while now_s < until_s:
            self.port.serve(now_s)
            with contextlib.suppress(BlockingIOError):
                found += parser.feed(os.read(self.fd, 4096))
                last_s = now_s
            now_s = self.port.next_s()
        return found, last_s


def motors(**registers):
    return tuple(BusMotor(id=i, registers=registers) for i in IDS)


@pytest.mark.parametrize(("steps", "delay_s"), [(250, 500e-6), (0, 0.0), (10, 20e-6)])
def test_motors_keep_their_return_delay_on_a_wire_with_a_rate(tmp_path, steps, delay_s):
    with Side(tmp_path, motors(**{"Return Delay Time": steps}), baud=BAUD) as side:
        found, last_s = side.when_all_have_come(ORDER)
    assert [status.motor_id for status in found] == [1, 2, 3]
    wire_s = (len(ORDER) + 3 * STATUS) * BYTE_S
    assert last_s == pytest.approx(wire_s + 3 * delay_s)


def test_an_adapter_with_a_slow_timer_costs_more_than_the_wire(tmp_path):
    with Side(tmp_path, motors(**{"Return Delay Time": 0}), baud=BAUD, latency_s=0.016) as side:
        found, last_s = side.when_all_have_come(ORDER)
    assert len(found) == 3
    assert 0.016 < last_s < 0.017


def test_motors_set_to_another_rate_hear_nothing(tmp_path):
    with Side(tmp_path, motors(), baud=BAUD) as side:
        side.set_rate("B57600")
        assert side.when_all_have_come(ORDER) == ([], None)
        side.set_rate("B1000000")
        order = codec.write(2, 8, b"\x01")
        assert side.when_all_have_come(order)[0][0].error == 0
        found, _ = side.when_all_have_come(ORDER)
        assert [status.motor_id for status in found] == [1, 3]
        side.set_rate("B57600")
        found, _ = side.when_all_have_come(codec.ping(codec.BROADCAST))
        assert [status.motor_id for status in found] == [2]


def test_without_a_rate_motors_answer_at_any(tmp_path):
    with Side(tmp_path, motors()) as side:
        for rate in ("B57600", "B4000000"):
            side.set_rate(rate)
            assert len(side.when_all_have_come(ORDER)[0]) == 3
