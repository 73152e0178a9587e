"""Paths of the arm of the tests, as the executor plans and announces them."""

import numpy as np
from strategies import motion, six_axes

from hrc_cell.core.ahead import Ahead
from hrc_cell.core.kinematics import capsule_velocities
from hrc_cell.core.path import plan

CHAIN, MOTION = six_axes(), motion()
HOME = np.array([0.0, -0.6, 1.4, 0.0, 0.8, 0.0])
THERE = HOME + np.array([0.8, 0.3, -0.4, 0.2, -0.3, 0.5])


def ahead_of(points, ratio=0.0, **known):
    """Return the path through the points as the executor plans it."""
    made = plan(
        "p", points[0], list(points[1:]), motion=MOTION, speed_ratio=1.0,
        lower_rad=np.full(6, -9.0), upper_rad=np.full(6, 9.0), velocity_max_radps=np.full(6, 9.0),
        point_speed=lambda q, qd: np.max(
            [np.linalg.norm(v, axis=-1).max(axis=-1) for v in capsule_velocities(CHAIN, q, qd)],
            axis=0,
        ),
    )  # fmt: skip
    rest = {"age_s": np.array(0.0), "followed": np.array(True)}
    return Ahead(
        waypoints_rad=np.array(points),
        line_speed_ratio_ps=np.array([line.planned.speed_max_ratio_ps for line in made.lines]),
        line=np.array(0), line_ratio=np.array(ratio), **(rest | known),
    )  # fmt: skip
