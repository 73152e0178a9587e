"""Feetech motors looked at again and again. Reads only.

A cycle reads all of a motor in one block. Each sample counts by itself, unlike in the driver: who
wiggles a cable looks for the one motor that is missing, and nothing moves by what is shown. Old
replies are kept out by their length (`feetech_samples`) and by the quiet that follows a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hrc_cell.adapters.serial.feetech_codec import Status, error_text
from hrc_cell.adapters.serial.feetech_master import FeetechMaster
from hrc_cell.adapters.serial.feetech_registers import BY_NAME, PRESENT_LOAD, TABLES, Table
from hrc_cell.adapters.serial.feetech_samples import LENGTHS, sample
from hrc_cell.adapters.serial.watch import Seen, Watch, Watched, with_loss


class FeetechWatch(Watch):
    """Feetech motors of a bus, of one family or several. Shaft radians, 0 at half the counts."""

    def __init__(self, master: FeetechMaster, found: Sequence[Seen]) -> None:
        super().__init__([Watched(name=one.model, motor_id=one.motor_id) for one in found])
        self._master = master
        self._families = [
            (table, tuple(one.motor_id for one in found if BY_NAME[one.model].table is table))
            for table in TABLES.values()
        ]
        self._turn = 0

    @property
    def whole(self) -> bool:
        """Return whether everything was asked for once."""
        return self.cycles > 0

    def cycle(self) -> None:
        """Read all that all motors tell. Raises PortLost."""
        self._turn = (self._turn + 1) % LENGTHS
        for table, ids in self._families:
            if not ids:
                continue
            address, size = table.block
            answer = self._master.ask_all(table, ids, address, size + self._turn)
            for index, motor in enumerate(self.motors):
                if motor.motor_id in ids:
                    reply = answer.replies.get(motor.motor_id)
                    new = None if reply is None else _told(motor, table, *reply)
                    self.motors[index] = with_loss(motor) if new is None else new
        self.cycles += 1


def _told(motor: Watched, table: Table, status: Status, reply_s: float) -> Watched | None:
    """Return a motor as its reply tells; None where that cannot be."""
    new = sample(table, status.data)
    if new is None:
        return None
    error = new.hardware_error | status.error
    return replace(
        motor,
        reply_s=reply_s,
        position_rad=(new.position_counts - table.counts // 2) * table.rad_per_count,
        velocity_radps=new.velocity_radps,
        current_a=new.current_a,
        load_ratio=table.take(PRESENT_LOAD, status.data),
        voltage_v=new.voltage_v,
        temperature_c=new.temperature_c,
        torque_on=new.torque_on,
        hardware_error=error,
        error=error_text(error),
    )
