"""What is known of the motors of one plan, and what is done with them alike in every protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from hrc_cell.adapters.serial.plan import BusPlan, MotorPlan
from hrc_cell.adapters.serial.port_owner import PortOwner
from hrc_cell.adapters.serial.shared import MotorRecord

M = TypeVar("M", bound=PortOwner)
TAKEN_TIMES = 3
"""So often an order that takes torque is sent, which nobody answers."""


class MotorSet(ABC, Generic[M]):
    """The motors of one plan behind one master. Lists run over the motors of the plan."""

    def __init__(self, plan: BusPlan, master: M) -> None:
        self.plan, self.master = plan, master
        self.motors = [MotorRecord() for _ in plan.motors]
        self.silent_cycles = [0] * len(plan.motors)
        self.tripped = [False] * len(plan.motors)  # its watchdog has stopped it
        self.reset = [False] * len(plan.motors)  # has lost what it held in RAM
        self.windows_rad = [(motor.lower_rad, motor.upper_rad) for motor in plan.motors]

    @property
    def broken(self) -> int:
        """Return how many broken frames came so far."""
        return self.master.broken

    def close_port(self) -> None:
        """Close the port, which is gone."""
        self.master.close()

    def open_port(self) -> None:
        """Open the port again, under its name. Raises PortLost."""
        self.master.open()

    def torque_off(self) -> list[str]:
        """Switch every motor off, each tried even if others fail; return what failed."""
        self.motors = [motor._replace(torque_on=False) for motor in self.motors]
        return self.switch_off(self.plan.motors)

    @abstractmethod
    def switch_off(self, motors: Iterable[MotorPlan]) -> list[str]:
        """Switch these off; return what failed."""

    def _count_lost(self, index: int) -> None:
        """Note that a reply of this motor did not count."""
        known = self.motors[index]
        self.motors[index] = known._replace(lost_replies=known.lost_replies + 1)
