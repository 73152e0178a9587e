"""DYNAMIXEL motors on a bad day; see `bad_day`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hrc_cell.adapters.serial.bad_day import BadDay
from hrc_cell.adapters.serial.emulated_motor import EmulatedMotor
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.emulator_codec import Order, Part, status_frame
from hrc_cell.adapters.serial.plant import Plant
from hrc_cell.settings.bus_faults import BusFault, BusFaults

PLACES = {
    "header": slice(0, 4), "id": slice(4, 5), "length": slice(5, 7), "error": slice(8, 9),
    "data": slice(9, -2), "crc": slice(-2, None),
}  # fmt: skip
"""Where the fields of a status stand."""


class FaultyEmulator(BadDay[EmulatedMotor, Order], Emulator):
    """DYNAMIXEL motors, as the script says."""

    def __init__(
        self,
        motor_ids: Sequence[int],
        plant: Plant,
        *,
        model: str = "XM430-W350",
        models: Mapping[int, str] | None = None,
        script: BusFaults,
    ) -> None:
        super().__init__(motor_ids, plant, model=model, models=models)
        self.begin_day(script)

    def _sender(self, reply: bytes) -> int | None:
        if isinstance(reply, Part):
            return reply.motor_id
        return reply[4] if len(reply) > 4 else None

    def _places(self, reply: bytes) -> Mapping[str, slice]:
        if not isinstance(reply, Part):
            return PLACES
        at = reply.head
        heads = {"header": slice(0, 4), "length": slice(5, 7)} if at else {}
        nowhere = {"header": slice(0, 0), "length": slice(0, 0)}
        own = {"error": slice(at, at + 1), "id": slice(at + 1, at + 2), "data": slice(at + 2, -2)}
        return nowhere | heads | own | {"crc": PLACES["crc"]}

    def _renamed(self, reply: bytes, sound: bytes, other: int) -> bytes:
        if isinstance(sound, Part):
            at = sound.head + 1
            return reply[:at] + bytes([other]) + reply[at + 1 :]
        return status_frame(other, sound[8], sound[9:-2])

    def _follows(self, reply: bytes) -> bool:
        return isinstance(reply, Part) and not reply.head

    def _instead(self, sound: bytes, spoilt: bytes) -> bytes:
        return sound.spoilt(spoilt) if isinstance(sound, Part) else spoilt

    def _happen(self, motor: EmulatedMotor, fault: BusFault, now_s: float) -> None:
        if fault.fault == "watchdog":
            motor.trip()
        else:
            super()._happen(motor, fault, now_s)
