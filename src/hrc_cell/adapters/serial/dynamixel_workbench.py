"""A person's commands to DYNAMIXEL motors; see `workbench`."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence

from hrc_cell.adapters.serial import codec, control_table
from hrc_cell.adapters.serial.control_table import Entry, Registers
from hrc_cell.adapters.serial.dynamixel_table import BAUDS, entries
from hrc_cell.adapters.serial.dynamixel_watch import DynamixelWatch
from hrc_cell.adapters.serial.master import Master, NoReply, Refused
from hrc_cell.adapters.serial.models import MODELS, model_name
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.scan import ADAPTER_S, PING_SIZE
from hrc_cell.adapters.serial.watch import Seen
from hrc_cell.adapters.serial.workbench import FREE_TRIES, Workbench


class DynamixelWorkbench(Workbench):
    """DYNAMIXEL motors on one port."""

    def __init__(self, port: Port) -> None:
        self._master = Master(port, reply_margin_s=ADAPTER_S)

    @property
    def baud(self) -> int:
        """Return the rate that the port is at."""
        return self._master.baud

    def registers(self, motor_id: int) -> Registers:
        """Return the registers of a motor. Raises NoReply, or Refused where it is not known."""
        status = self._master.one(codec.ping(motor_id), motor_id, PING_SIZE)
        number, _ = struct.unpack("<HB", status.data)
        if number not in MODELS:
            raise Refused(
                f"motor {motor_id} is {model_name(number)}, whose registers are not known here; "
                f"known: {', '.join(model.name for model in MODELS.values())}"
            )
        return Registers(MODELS[number].name, entries(MODELS[number]))

    def answers(self, motor_id: int) -> bool:
        """Return whether a motor answers to this ID."""
        with contextlib.suppress(NoReply):
            self._master.one(codec.ping(motor_id), motor_id, PING_SIZE, tries=FREE_TRIES)
            return True
        return False

    def read(self, motor_id: int, entry: Entry) -> int:
        """Return a register in steps. Raises NoReply or StatusError."""
        frame = codec.read(motor_id, entry.address, entry.size)
        try:
            return entry.unpack(self._master.one(frame, motor_id, entry.size).data)
        except struct.error as error:
            raise NoReply(f"motor {motor_id}: {entry.name} came with the wrong length") from error

    def write(self, motor_id: int, entry: Entry, raw: int) -> int:
        """Write a register; return the ID that the motor has now. See `Workbench`."""
        frame = codec.write(motor_id, entry.address, entry.pack(raw))
        try:
            self._master.one(frame, motor_id, tries=1 if entry.moves else 5)
        except NoReply:
            if not entry.moves:  # else its answer may come from where it is now
                raise
        if entry.name == control_table.BAUD_RATE:
            self._master.retune(BAUDS[raw])
        return raw if entry.name == control_table.ID else motor_id

    def watch(self, found: Sequence[Seen]) -> DynamixelWatch:
        """Return a watch of these motors."""
        return DynamixelWatch(self._master, found)
