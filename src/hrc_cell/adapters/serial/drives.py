"""The motors behind a bus as its loop uses them, whatever protocol they speak.

A protocol brings its own bytes, registers, rules of freshness and way to bring motors up; what the
loop needs of it is `Drive`. Which one a bus speaks is told by bus.protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hrc_cell.adapters.serial import bring_up as dynamixel
from hrc_cell.adapters.serial import feetech_bring_up as feetech
from hrc_cell.adapters.serial.driver import Driver, hardware_error_text
from hrc_cell.adapters.serial.feetech_codec import error_text as feetech_error_text
from hrc_cell.adapters.serial.feetech_driver import FeetechDriver
from hrc_cell.adapters.serial.feetech_master import FeetechMaster
from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.plan import DYNAMIXEL, BusPlan
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.shared import MotorRecord


class Drive(Protocol):
    """All motors of one bus. Sequences run over the motors of the plan."""

    plan: BusPlan
    motors: list[MotorRecord]
    """The newest sample of each."""
    silent_cycles: list[int]
    """In how many cycles in a row a motor told nothing that counts."""
    tripped: list[bool]
    """Whether its watchdog has stopped it."""
    reset: list[bool]
    """Whether it has begun anew, its RAM lost, since it was brought up."""
    fast: bool
    """Whether all motors answer in one frame."""
    fast_given_up: bool
    """Whether they could, but did not when they were asked to."""
    windows_rad: list[tuple[float, float]]
    """Where its joint may go by the description and by the motor's own limits."""

    @property
    def broken(self) -> int:
        """Return how many broken frames came so far."""

    def bring_up(self, after_read: Callable[[], None]) -> list[float]:
        """Bring every motor under torque where it stands; return the goals that hold it there.

        `after_read` is called whenever all motors were read on the way, every few milliseconds.
        Raises NoReply or Refused; the motors then have the torque they had.
        """

    def read_all(self, goals_rad: Sequence[float] | None = None) -> None:
        """Send goals, if any, and take a new sample of each motor that has one."""

    def read_slow(self) -> None:
        """Read something of what a cycle does not read."""

    def begin_anew(self, silent_cycles: int = 0) -> None:
        """Take the next sample for new, whatever it is, of motors silent for so long."""

    def take_torque(self, indices: Sequence[int]) -> list[int]:
        """Switch these motors' torque off at once; return those that were not seen to be off."""

    def order_reboot(self, index: int) -> None:
        """Let a motor begin anew. Raises Refused where its kind knows no such order."""

    def look(self, index: int) -> None:
        """Read a motor's hardware error and torque. Raises NoReply or Refused."""

    def close_port(self) -> None:
        """Close the port, which is gone."""

    def open_port(self) -> None:
        """Open the port again, under its name. Raises PortLost."""

    def torque_off(self) -> list[str]:
        """Switch every motor off, each tried even if others fail; return what failed."""


class DynamixelDrive(Driver):
    """Motors of DYNAMIXEL Protocol 2.0."""

    def bring_up(self, after_read: Callable[[], None]) -> list[float]:
        """Bring every motor up; see `Drive`."""
        return dynamixel.bring_up(self, after_read)


class FeetechDrive(FeetechDriver):
    """Motors of Feetech's, which know no common frame."""

    fast = fast_given_up = False

    def bring_up(self, after_read: Callable[[], None]) -> list[float]:
        """Bring every motor up; see `Drive`."""
        return feetech.bring_up(self, after_read)


def error_text(protocol: str, bits: int) -> str:
    """Return the hardware errors of a motor in words.

    >>> error_text(DYNAMIXEL, 0x08), error_text("feetech_sts", 0x08)
    ('encoder', 'current')
    """
    return hardware_error_text(bits) if protocol == DYNAMIXEL else feetech_error_text(bits)


def make_drive(plan: BusPlan, port: Port, beat: Callable[[], None] = lambda: None) -> Drive:
    """Return the drive of a plan. `beat` is called in every wait, to show that this process lives.

    The port stays the caller's.
    """
    if plan.protocol == DYNAMIXEL:
        return DynamixelDrive(plan, Master(port, reply_margin_s=plan.reply_margin_s, beat=beat))
    return FeetechDrive(plan, FeetechMaster(port, reply_margin_s=plan.reply_margin_s, beat=beat))
