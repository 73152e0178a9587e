"""Emulated motors on one bus as the port that serves them sees it, whatever they speak."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar


class OneMotor(Protocol):
    """A motor on the bus."""

    motor_id: int
    heard_s: float
    """Instant of the last instruction to it or to all."""

    @property
    def torque_on(self) -> bool:
        """Return whether the torque is on."""

    def watch(self, now_s: float) -> None:
        """Let time pass."""

    def value(self, address: int) -> int:
        """Return a register as a number."""

    def fail(self, bits: int) -> None:
        """Report a hardware error, and protect itself where it is set to."""

    def lose_power(self) -> None:
        """Go limp."""

    def reboot(self, now_s: float) -> None:
        """Begin anew, without what it held in RAM."""


Told = TypeVar("Told")
Told_co = TypeVar("Told_co", covariant=True)
M = TypeVar("M", bound=OneMotor)


class Hears(Protocol[Told_co]):
    """Finds orders in bytes."""

    def take(self, data: bytes) -> Iterable[Told_co]:
        """Return the orders that are complete now."""


class EmulatedBus(ABC, Generic[M, Told]):
    """Several motors on one bus. Bytes in, bytes out; time is an argument."""

    def __init__(self, motors: Mapping[int, M], receiver: Hears[Told]) -> None:
        """`motors` by the IDs that they are heard by."""
        self.motors = dict(motors)
        self.line_baud: int | None = None
        """The rate that the other side speaks at; motors set to another hear nothing. None: any."""
        self.silent: set[int] = set()
        """IDs of motors whose cable is pulled: they hear and say nothing."""
        self._receiver = receiver
        self._kept: dict[int, bytes] = {}  # Reg Write waiting for Action

    def feed(self, data: bytes, now_s: float) -> list[bytes]:
        """Return what the motors send on these bytes, in order: statuses, or parts of one."""
        self.update(now_s)
        replies: list[bytes] = []
        for order in self._receiver.take(data):
            replies += self._obey(order, now_s)
        return replies

    @abstractmethod
    def _obey(self, order: Told, now_s: float) -> list[bytes]:
        """Do what is ordered; return what is sent on it."""

    def _renumber(self, register: int) -> None:
        """Have motors heard by the IDs in this register of theirs; of two with one, the last is."""
        for motor in self.motors.values():
            motor.motor_id = motor.value(register)
        self.motors = {motor.motor_id: motor for motor in self.motors.values()}

    @abstractmethod
    def delay_s(self, status: bytes) -> float:
        """Return the return delay of the motor that sends a status."""

    def update(self, now_s: float) -> None:
        """Let time pass for what protects the motors."""
        for motor in self.motors.values():
            motor.watch(now_s)

    def late_s(self, status: bytes, now_s: float) -> float:
        """Return how much later than due a status leaves: on a good day, not at all."""
        return 0.0

    def stalled(self, now_s: float) -> bool:
        """Return whether nothing passes the bus."""
        return False

    def let_go(self, now_s: float, quiet_s: float) -> bool:
        """Return whether nobody needs the motors any more: no torque, or no order for `quiet_s`."""
        motors = self.motors.values()
        held = any(motor.torque_on for motor in motors)
        return not held or now_s - max(motor.heard_s for motor in motors) > quiet_s
