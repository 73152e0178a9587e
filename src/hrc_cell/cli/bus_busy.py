"""A ROS node that is always busy: the neighbour that a bus has to bear on the same machine.

Its timer is due before it has done its work, so that it takes all of a core. Each time it computes
and publishes joint states that it hears itself.
"""

from __future__ import annotations

import math

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import JointState

PERIOD_S = 0.001
STEPS = 20_000
JOINTS = 7


class Busy(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("busy")
        self._states = self.create_publisher(JointState, "busy", 1)
        self._heard = 0
        self.create_subscription(JointState, "busy", self._hear, 1)
        self.create_timer(PERIOD_S, self._work)

    def _work(self) -> None:
        total = 0.0
        for step in range(STEPS):
            total += math.sin(step)
        self._states.publish(JointState(position=[total + self._heard] * JOINTS))

    def _hear(self, message: JointState) -> None:
        if self._heard == 0:
            print("busy", flush=True)
        self._heard += len(message.position)


def main() -> None:
    """Be busy until killed."""
    rclpy.init()
    rclpy.spin(Busy())


if __name__ == "__main__":
    main()
