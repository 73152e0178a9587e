"""One register of one motor, read and written by a person's wish.

Writes only what differs and reads it back. The EEPROM is locked while the torque is on; switching
that off could let an arm fall, so it is refused here instead. After a new ID or baud rate the motor
is looked for where it should be now.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.control_table import BAUDS, Entry, shown
from hrc_cell.adapters.serial.master import Master, NoReply, Refused, StatusError
from hrc_cell.adapters.serial.models import MODELS, Model, model_name
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import TORQUE_ENABLE
from hrc_cell.adapters.serial.scan import ADAPTER_S, PING_SIZE

FREE_TRIES = 2
"""How often an ID must stay silent to be free."""


@contextlib.contextmanager
def bus(path: str, baud: int) -> Iterator[Master]:
    """Open a port for one person's work. Raises PortLost."""
    port = Port(path, baud)
    try:
        yield Master(port, reply_margin_s=ADAPTER_S)
    finally:
        port.close()


def model_of(master: Master, motor_id: int) -> Model:
    """Return the model of a motor. Raises NoReply, or Refused for one that is not known."""
    status = master.one(codec.ping(motor_id), motor_id, PING_SIZE)
    number, _ = struct.unpack("<HB", status.data)
    if number not in MODELS:
        raise Refused(
            f"motor {motor_id} is {model_name(number)}, whose registers are not known here; "
            f"known: {', '.join(model.name for model in MODELS.values())}"
        )
    return MODELS[number]


def read(master: Master, motor_id: int, entry: Entry) -> int:
    """Return a register in steps. Raises NoReply or StatusError."""
    frame = codec.read(motor_id, entry.address, entry.size)
    try:
        return entry.unpack(master.one(frame, motor_id, entry.size).data)
    except struct.error as error:
        raise NoReply(f"motor {motor_id}: {entry.name} came with the wrong length") from error


def check(master: Master, motor_id: int, entry: Entry, raw: int) -> None:
    """Raise Refused when this may not be written now, with what to do."""
    if entry.kept and master.read(motor_id, TORQUE_ENABLE):
        raise Refused(
            f"{entry.name} stands in the EEPROM, which is locked while the torque is on; support "
            f"the arm, then set 'Torque Enable' of motor {motor_id} to 0"
        )
    if entry.name == "ID" and answers(master, raw):
        raise Refused(f"ID {raw} is taken: a motor answers to it; choose another")


def answers(master: Master, motor_id: int) -> bool:
    """Return whether a motor answers to this ID."""
    with contextlib.suppress(NoReply):
        master.one(codec.ping(motor_id), motor_id, PING_SIZE, tries=FREE_TRIES)
        return True
    return False


def write(master: Master, motor_id: int, entry: Entry, raw: int) -> tuple[int, int | None]:
    """Write a register; return ID and baud rate (None: as before) that the motor is at now.

    Raises StatusError when the motor refuses it, NoReply when it does not answer.
    """
    frame = codec.write(motor_id, entry.address, entry.pack(raw))
    moves = entry.name in ("ID", "Baud Rate")
    try:
        master.one(frame, motor_id, tries=1 if moves else 5)
    except NoReply:
        if not moves:  # else its answer may come from where it is now
            raise
    if entry.name == "ID":
        return raw, None
    return motor_id, BAUDS[raw] if entry.name == "Baud Rate" else None


def confirm(master: Master, motor_id: int, entry: Entry, raw: int) -> None:
    """Raise Refused unless the motor has taken the value."""
    try:
        now = read(master, motor_id, entry)
    except (NoReply, StatusError) as error:
        raise Refused(
            f"{entry.name} was written and cannot be read back: {error}; "
            "`hrc-cell motors scan` finds the motor again"
        ) from error
    if now != raw:
        raise Refused(f"{entry.name} is {shown(entry, now)} and did not become {shown(entry, raw)}")
