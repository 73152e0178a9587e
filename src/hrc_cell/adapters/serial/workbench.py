"""Motors on a bus as a person's commands use them: one register of one motor at a time.

Each protocol brings its bytes, its control tables and its own way of writing (`Workbench`); what a
register may be set to and when is judged here, alike for all. Only what differs is written, and it
is read back. The EEPROM is not written while the torque is on; switching that off could let an arm
fall, so it is refused here instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from hrc_cell.adapters.serial import control_table
from hrc_cell.adapters.serial.control_table import Entry, Registers, shown
from hrc_cell.adapters.serial.master import NoReply, Refused, StatusError
from hrc_cell.adapters.serial.watch import Seen, Watch

FREE_TRIES = 2
"""How often an ID must stay silent to be free."""


class Workbench(ABC):
    """The motors on one open port."""

    @property
    @abstractmethod
    def baud(self) -> int:
        """Return the rate that the port is at, which follows a motor to its new one."""

    @abstractmethod
    def registers(self, motor_id: int) -> Registers:
        """Return the registers of a motor. Raises NoReply, or Refused where it is not known."""

    @abstractmethod
    def answers(self, motor_id: int) -> bool:
        """Return whether a motor answers to this ID."""

    @abstractmethod
    def read(self, motor_id: int, entry: Entry) -> int:
        """Return a register in steps. Raises NoReply or StatusError."""

    @abstractmethod
    def write(self, motor_id: int, entry: Entry, raw: int) -> int:
        """Write a register; return the ID that the motor has now.

        Raises StatusError when the motor refuses it, NoReply when it does not answer.
        """

    @abstractmethod
    def watch(self, found: Sequence[Seen]) -> Watch:
        """Return a watch of these motors, whose models are known."""

    def check(self, motor_id: int, entry: Entry, raw: int) -> None:
        """Raise Refused when this may not be written now, with what to do."""
        if entry.kept and self.torque_on(motor_id):
            raise Refused(
                f"{entry.name} stands in the EEPROM, which is locked while the torque is on; "
                f"support the arm, then set 'Torque Enable' of motor {motor_id} to 0"
            )
        if entry.name == control_table.ID and self.answers(raw):
            raise Refused(f"ID {raw} is taken: a motor answers to it; choose another")

    def torque_on(self, motor_id: int) -> bool:
        """Return whether a motor's torque is on. Raises NoReply or Refused."""
        return self.get(motor_id, control_table.TORQUE_ENABLE) != 0

    def get(self, motor_id: int, name: str) -> int:
        """Return the register of this name in steps. Raises NoReply or Refused."""
        return self.read(motor_id, self.registers(motor_id).find(name))

    def set(self, motor_id: int, name: str, raw: int) -> None:
        """Have the register of this name at a value. Raises NoReply or Refused."""
        entry = self.registers(motor_id).find(name)
        if self.read(motor_id, entry) != raw:
            self.check(motor_id, entry, raw)
            self.confirm(self.write(motor_id, entry, raw), entry, raw)

    def confirm(self, motor_id: int, entry: Entry, raw: int) -> None:
        """Raise Refused unless the motor has taken the value."""
        try:
            now = self.read(motor_id, entry)
        except (NoReply, StatusError) as error:
            raise Refused(
                f"{entry.name} was written and cannot be read back: {error}; "
                "`hrc-cell motors scan` finds the motor again"
            ) from error
        if now != raw:
            raise Refused(
                f"{entry.name} of motor {motor_id} is {shown(entry, now)} and did not become "
                f"{shown(entry, raw)}"
            )
