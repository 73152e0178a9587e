"""A motor rebooted because a person asked: the only way out of a hardware error but its power.

Shutdown takes a motor's torque and gives it back only to a reboot, which also clears its RAM. So
the fault stays latched; a reset then brings all motors up as ever. A motor that needs this again
and again has a cause that nobody found: `REBOOTS_MAX` within `WITHIN_S`, no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hrc_cell.adapters.serial.drives import Drive, error_text
from hrc_cell.adapters.serial.master import NoReply, Refused, StatusError
from hrc_cell.adapters.serial.plan import WITHOUT_REBOOT
from hrc_cell.core.gate import Phase

REBOOTS_MAX, WITHIN_S = 3, 300.0
BACK_WITHIN_S = 3.0
ASK_EVERY_S = 0.1


class Reboots:
    """Reboots of one driver's motors, counted."""

    def __init__(self, driver: Drive) -> None:
        self._driver = driver
        self._done_s: dict[int, list[float]] = {}

    def refusal(self, index: int, phase: Phase, now_s: float) -> str:
        """Return why a motor may not be rebooted now, "" if it may."""
        if not 0 <= index < len(self._driver.plan.motors):
            return f"there is no motor {index}"
        joint = self._driver.plan.motors[index].joint
        if not self._driver.plan.has_reboot:
            return f"{joint}: {WITHOUT_REBOOT}"
        if phase not in (Phase.HOLD, Phase.CLOSED):
            return f"{joint}: the arm moves; stop it first"
        if not self._driver.motors[index].hardware_error:
            return f"{joint}: its motor reports no hardware error"
        if len(self._lately(index, now_s)) >= REBOOTS_MAX:
            return (
                f"{joint}: rebooted {REBOOTS_MAX} times within {WITHIN_S / 60:.0f} minutes; "
                "find the cause"
            )
        return ""

    def _lately(self, index: int, now_s: float) -> list[float]:
        return [at_s for at_s in self._done_s.get(index, []) if now_s - at_s < WITHIN_S]

    def reboot(self, index: int, after_read: Callable[[], None]) -> None:
        """Reboot a motor and wait until it answers; the others are read meanwhile.

        Raises NoReply when it does not come back, Refused when it still reports an error or knows
        no reboot.
        """
        driver, motor = self._driver, self._driver.plan.motors[index]
        driver.order_reboot(index)
        now_s = time.monotonic()
        self._done_s[index] = [*self._lately(index, now_s), now_s]
        end_s = now_s + BACK_WITHIN_S
        while True:
            pause_s = time.monotonic() + ASK_EVERY_S
            while time.monotonic() < pause_s:
                driver.read_all()
                after_read()
                time.sleep(driver.plan.period_s)
            try:
                driver.look(index)
            except (NoReply, StatusError):
                if time.monotonic() >= end_s:
                    raise NoReply(f"{motor.joint}: not back {BACK_WITHIN_S:g} s after it") from None
                continue
            break
        if error := driver.motors[index].hardware_error:
            text = error_text(driver.plan.protocol, error)
            raise Refused(f"{motor.joint}: it still reports {text}")
