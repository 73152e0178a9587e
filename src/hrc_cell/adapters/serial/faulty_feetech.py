"""Feetech motors on a bad day; see `bad_day`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hrc_cell.adapters.serial.bad_day import BadDay
from hrc_cell.adapters.serial.emulated_feetech import FeetechMotor
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.emulator_feetech_codec import Order, status_frame
from hrc_cell.adapters.serial.plant import Plant
from hrc_cell.settings.bus_faults import BusFaults

PLACES = {
    "header": slice(0, 2), "id": slice(2, 3), "length": slice(3, 4), "error": slice(4, 5),
    "data": slice(5, -1), "crc": slice(-1, None),
}  # fmt: skip
"""Where the fields of a status stand; its sum is what others have a CRC for."""
WITHOUT = {"watchdog": "they have no Bus Watchdog that could trip"}
"""What cannot happen to these motors, and why."""


class FaultyFeetech(BadDay[FeetechMotor, Order], FeetechEmulator):
    """Feetech motors, as the script says."""

    def __init__(
        self,
        motor_ids: Sequence[int],
        plant: Plant,
        *,
        model: str = "STS3215",
        script: BusFaults,
    ) -> None:
        """Raises ValueError that names a fault which cannot happen to them."""
        for fault in script.faults:
            if fault.fault in WITHOUT:
                raise ValueError(f"fault {fault.fault}: not with {model}, {WITHOUT[fault.fault]}")
        super().__init__(motor_ids, plant, model=model)
        self.begin_day(script)

    def _sender(self, reply: bytes) -> int | None:
        return reply[2] if len(reply) > 2 else None

    def _places(self, reply: bytes) -> Mapping[str, slice]:
        return PLACES

    def _renamed(self, reply: bytes, sound: bytes, other: int) -> bytes:
        return status_frame(other, sound[4], sound[5:-1])
