"""Torque taken in stops of category 0 and 1 (IEC 60204-1), from the joints that may lose it.

Category 2: the joints come to rest and are held. 1: they come to rest, then the torque of those
marked `release_on_stop` is switched off. 0: theirs is switched off at once, whatever moves. A joint
that is not marked would fall, or drop its part: no joint has a brake, so it comes to rest and is
held in any category. Taken torque comes back only by bringing all motors up, after a reset.

This is a wish on a serial line, not a safety function: what must be without power is cut off from
it by the emergency stop circuit.
"""

from __future__ import annotations

from hrc_cell.adapters.serial.drives import Drive
from hrc_cell.core.gate import Phase
from hrc_cell.core.permit import PermitView, permit_holds

TELL_AFTER = 5
"""So often torque is switched off without being seen off until that is told."""


class Release:
    """Takes torque, and sees to it that it is off."""

    def __init__(self, driver: Drive) -> None:
        self._driver = driver
        motors = driver.plan.motors
        self._may = [index for index, motor in enumerate(motors) if motor.release_on_stop]
        self._left: list[int] = []
        self._tries = 0
        self.taken = False

    @property
    def everywhere(self) -> bool:
        """Return whether no motor is held any more."""
        return self.taken and len(self._may) == len(self._driver.plan.motors)

    @property
    def joints(self) -> list[str]:
        """Return the joints that may lose their torque."""
        return [self._driver.plan.motors[index].joint for index in self._may]

    def due(self, permit: PermitView | None, category: int, phase: Phase) -> bool:
        """Return whether a permit asks now for torque to be taken that was not yet."""
        if not self._may or self.taken or permit is None or not permit_holds(permit)[0]:
            return False
        rests = phase in (Phase.HOLD, Phase.CLOSED)
        return permit.speed_ratio == 0.0 and (category == 0 or (category == 1 and rests))

    def begin(self) -> None:
        """Take it from now on, until all is seen off."""
        self.taken, self._left, self._tries = True, list(self._may), 0

    def go_on(self) -> list[str]:
        """Switch off what is not seen off; return the joints to tell of that resist, mostly none.

        Raises PortLost.
        """
        if not self._left:
            return []
        self._tries += 1
        self._left = self._driver.take_torque(self._left)
        if self._tries != TELL_AFTER:
            return []
        return [self._driver.plan.motors[index].joint for index in self._left]

    def end(self) -> None:
        """All motors were brought up."""
        self.taken, self._left = False, []
