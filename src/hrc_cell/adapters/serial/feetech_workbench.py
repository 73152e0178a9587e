"""A person's commands to Feetech motors; see `workbench`.

What is written while Lock is 1 is forgotten without power, so Lock is opened for a register of the
EEPROM and closed again, whatever came of it, where the motor is then.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence

from hrc_cell.adapters.serial import control_table
from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial.control_table import Entry, Registers
from hrc_cell.adapters.serial.feetech_master import TRIES, FeetechMaster
from hrc_cell.adapters.serial.feetech_registers import IDENTITY, MODELS, model_name
from hrc_cell.adapters.serial.feetech_table import BAUDS, LOCK, feetech_entries
from hrc_cell.adapters.serial.feetech_watch import FeetechWatch
from hrc_cell.adapters.serial.master import PATIENT_S, NoReply, Refused
from hrc_cell.adapters.serial.port import Port, PortLost
from hrc_cell.adapters.serial.scan import ADAPTER_S
from hrc_cell.adapters.serial.watch import Seen
from hrc_cell.adapters.serial.workbench import FREE_TRIES, Workbench


class FeetechWorkbench(Workbench):
    """Feetech motors on one port."""

    def __init__(self, port: Port) -> None:
        self._master = FeetechMaster(port, reply_margin_s=ADAPTER_S)

    @property
    def baud(self) -> int:
        """Return the rate that the port is at."""
        return self._master.baud

    def registers(self, motor_id: int) -> Registers:
        """Return the registers of a motor. Raises NoReply, or Refused where it is not known."""
        number = self._master.read_block(motor_id, *IDENTITY)[3:]
        if number not in MODELS:
            raise Refused(
                f"motor {motor_id} is {model_name(number)}, whose registers are not known here; "
                f"known: {', '.join(model.name for model in MODELS.values())}"
            )
        return Registers(MODELS[number].name, feetech_entries(MODELS[number].table))

    def answers(self, motor_id: int) -> bool:
        """Return whether a motor answers to this ID, or two do and break each other's answers."""
        broken = self._master.broken
        for _ in range(FREE_TRIES):
            answer = self._master.ask(codec.ping(motor_id), (motor_id,), 0, PATIENT_S)
            if answer.replies or self._master.broken > broken:
                return True
        return False

    def read(self, motor_id: int, entry: Entry) -> int:
        """Return a register in steps. Raises NoReply."""
        data = self._master.read_block(motor_id, entry.address, entry.size)
        try:
            return entry.unpack(data)
        except struct.error as error:
            raise NoReply(f"motor {motor_id}: {entry.name} came with the wrong length") from error

    def write(self, motor_id: int, entry: Entry, raw: int) -> int:
        """Write a register, with Lock open where it needs that; return the ID it has now.

        Raises NoReply when it does not answer, Refused where its Lock cannot be opened or closed.
        """
        if not entry.kept:
            self._put(motor_id, entry, raw)
            return motor_id
        lock = self.registers(motor_id).find(LOCK)
        at = [(motor_id, self.baud)]  # where it may be, the likeliest last
        with self._unlocked(lock, at):
            if not entry.moves:
                self._put(motor_id, entry, raw)
            else:  # its answer, if any, may come from where it is now
                self._ask_to(motor_id, entry, raw)
            if entry.name == control_table.ID:
                at.append((raw, self.baud))
            if entry.name == control_table.BAUD_RATE:
                at.append((motor_id, BAUDS[raw]))
        return at[-1][0]

    @contextlib.contextmanager
    def _unlocked(self, lock: Entry, at: list[tuple[int, int]]) -> Iterator[None]:
        """Have Lock open meanwhile. `at`: the IDs and rates the motor may have, which may grow."""
        try:
            self._put(at[0][0], lock, 0)
            self.confirm(at[0][0], lock, 0)
            yield
        finally:
            self._close(lock, at)

    def _close(self, lock: Entry, at: list[tuple[int, int]]) -> None:
        """Close Lock wherever the motor is. Raises Refused where it is nowhere."""
        why = ""
        for motor_id, baud in reversed(at):
            try:
                if baud != self.baud:
                    self._master.retune(baud)
                self._put(motor_id, lock, 1)
                self.confirm(motor_id, lock, 1)
            except (NoReply, Refused, PortLost) as error:
                why = why or str(error)
                continue
            return
        raise Refused(
            f"{why}; its Lock may be open: once it answers, `hrc-cell motors set PORT lock 1 "
            f"--protocol feetech --id {at[-1][0]}` closes it"
        )

    def _put(self, motor_id: int, entry: Entry, raw: int) -> None:
        """Write a register. Raises NoReply when the motor neither says so nor has it then."""
        for _ in range(TRIES):
            if self._ask_to(motor_id, entry, raw) or self.read(motor_id, entry) == raw:
                return
        # It answers to reading, to writing not: whoever reads it back sees what came of it.

    def _ask_to(self, motor_id: int, entry: Entry, raw: int) -> bool:
        """Order a register to be written, once; return whether the motor says so."""
        frame = codec.write(motor_id, entry.address, entry.pack(raw))
        return self._master.ask(frame, (motor_id,), 0, PATIENT_S).whole

    def watch(self, found: Sequence[Seen]) -> FeetechWatch:
        """Return a watch of these motors."""
        return FeetechWatch(self._master, found)
