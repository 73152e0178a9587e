"""What is wrong with the motors of a driver, by its name.

| fault | what was seen |
|---|---|
| `power_cut` | all motors silent at once, or all have begun anew: their supply was cut |
| `motor_reset:joint` | this motor has begun anew (its tick has), the others have not |
| `motor_lost:joint` | this motor was silent for `lost_cycles_max` cycles |
| `watchdog:joint` | its Bus Watchdog has tripped |
| `hardware_error:joint` | it reports a hardware error |
| `torque_off:joint` | its torque is off, and nobody here took it |

A motor that has begun anew while the others are not heard is waited for, as a silent one is: in a
power cut they do not come back in the same cycle. Torque that is off counts where a sample came.
"""

from __future__ import annotations

from hrc_cell.adapters.serial.drives import Drive

AT_ONCE = 0.5
"""Motors silent for this share of what makes one lost have gone silent with it."""


def unsound(driver: Drive) -> tuple[str, int]:
    """Return the first fault and its hardware error bits, "" and 0 where there is none."""
    lost, silent = driver.plan.lost_cycles_max, driver.silent_cycles
    gone = [reset or cycles >= lost for reset, cycles in zip(driver.reset, silent, strict=True)]
    if any(gone) and all(
        reset or cycles >= AT_ONCE * lost
        for reset, cycles in zip(driver.reset, silent, strict=True)
    ):
        return "power_cut", 0
    waits = all(silent)
    for index, motor in enumerate(driver.plan.motors):
        known = driver.motors[index]
        if driver.reset[index] and not waits:
            return f"motor_reset:{motor.joint}", 0
        if silent[index] >= lost:
            return f"motor_lost:{motor.joint}", 0
        if driver.tripped[index]:
            return f"watchdog:{motor.joint}", 0
        if known.hardware_error:
            return f"hardware_error:{motor.joint}", known.hardware_error
        if not known.torque_on and not silent[index]:
            return f"torque_off:{motor.joint}", 0
    return "", 0
