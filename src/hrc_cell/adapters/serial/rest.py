"""Joints rest before their torque is switched on: an arm that still comes to rest, or that somebody
pushes, would be taken where it was, and pulled back there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from hrc_cell.adapters.serial.master import NoReply, Refused, unanswered
from hrc_cell.adapters.serial.motor_set import MotorSet

REST_RAD, REST_S = 0.005, 0.1
"""A joint rests that stays within so much for so long, by samples that did come."""
MISSED_MAX = 5
"""So often in a row a motor may fail to answer on the way."""
WAIT_S = 3.0
"""So long it may take: longer than an arm takes to stop."""


def wait_for_rest(driver: MotorSet[Any], read: Callable[[], None]) -> None:
    """Return once every joint rests. `read` reads all motors once.

    Raises Refused naming the joints that still move, NoReply naming one that does not answer.
    """
    motors = driver.plan.motors
    begun = [(math.nan, math.nan)] * len(motors)  # position, instant since which it stays there
    missed = [0] * len(motors)  # readings in a row
    end_s = time.monotonic() + WAIT_S
    while True:
        read()
        for index, known in enumerate(driver.motors):
            if driver.silent_cycles[index]:
                missed[index] += 1
                if missed[index] >= MISSED_MAX:
                    raise NoReply(f"{motors[index].joint}: {unanswered(motors[index].motor_id)}")
                continue
            missed[index] = 0
            if not abs(known.position_rad - begun[index][0]) <= REST_RAD:
                begun[index] = known.position_rad, known.reply_s
        moving = [
            motor.joint
            for motor, known, (_, since_s) in zip(motors, driver.motors, begun, strict=True)
            if not known.reply_s - since_s >= REST_S
        ]
        if not moving:
            return
        if time.monotonic() >= end_s:
            raise Refused(f"{', '.join(moving)} moves; it must rest when it is brought up")
        time.sleep(driver.plan.period_s)
