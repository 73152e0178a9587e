"""Stopping numbers: the least that a cell may state are not less than any stop takes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.core import executor
from hrc_cell.core.executor import Leave, Motion, Phase
from hrc_cell.core.path import plan
from hrc_cell.settings.stopping import check_stopping

FILE = default_cell().file
DT_S = 0.002
GO, VOID = Leave(holds=True, speed_ratio=1.0), Leave(holds=False, speed_ratio=1.0)
BRISK_BUS = replace(FILE.bus, stop_deceleration_radps2=200.0)


def least(accepted, low=0.001, high=60.0):
    """Return the least number that is accepted, by halving."""
    for _ in range(40):
        middle = 0.5 * (low + high)
        try:
            accepted(middle)
        except ValueError:
            low = middle
        else:
            high = middle
    return high


def per_joint(low, high):
    return st.tuples(*[st.floats(low, high)] * 3)


motions = st.builds(
    lambda v, a, j, b, more: replace(
        FILE.motion,
        velocity_max_radps=v, acceleration_max_radps2=a, jerk_max_radps3=j,
        stop_deceleration_radps2=b, stop_jerk_radps3=tuple(np.multiply(j, more)),
    ),
    per_joint(0.3, 3.0), per_joint(1.0, 10.0), per_joint(20.0, 200.0), per_joint(1.0, 15.0),
    st.floats(1.0, 3.0),
)  # fmt: skip


@pytest.mark.req("S1")
@settings(max_examples=60, deadline=None)
@given(motions, per_joint(-2.0, 2.0), st.floats(0.02, 2.5), st.floats(0.1, 1.0))
def test_no_stop_takes_longer_or_goes_farther_than_the_least_numbers_that_are_accepted(
    motion, way, after_s, ratio
):
    """On any line, cruising or still gaining speed; the farthest point is as fast as allowed."""
    t_s = least(lambda s: check_stopping(
        motion, BRISK_BUS, replace(FILE.safety, stopping_time_s=s, stopping_distance_m=1000.0)
    ))  # fmt: skip
    s_s = least(lambda m: check_stopping(
        motion, BRISK_BUS, replace(FILE.safety, stopping_time_s=t_s, stopping_distance_m=m)
    ))  # fmt: skip
    line = plan(
        "p", np.zeros(3), [np.array(way)], motion=motion, speed_ratio=1.0,
        lower_rad=np.full(3, -3.0), upper_rad=np.full(3, 3.0), velocity_max_radps=np.full(3, 9.0),
        point_speed=lambda q, qd: np.linalg.norm(qd, axis=-1),
    )  # fmt: skip
    moving = run(executor.begin(Motion(), line), motion, replace(GO, speed_ratio=ratio), after_s)
    steps, rest = 0, moving
    while rest.phase in (Phase.MOVING, Phase.STOPPING):
        rest, steps = run(rest, motion, VOID, DT_S), steps + 1
    assert steps * DT_S <= t_s + 4.0 * DT_S  # found in whole steps, jerk included
    way_m = np.linalg.norm(rest.goal_rad - moving.goal_rad)
    assert way_m <= s_s + 4.0 * DT_S * motion.tcp_speed_max_mps


def run(state, motion, leave, seconds):
    for _ in range(round(seconds / DT_S)):
        state = executor.step(
            state, settings=motion, leave=leave, measured_rad=state.goal_rad, rejoin_rad=0.02,
            dt_s=DT_S,
        ).motion  # fmt: skip
    return state


def test_the_bounds_of_the_default_cell_by_hand():
    """T = 1.2 / 5 or 1.5 / 6 and 6 / 100 or 10 / 160; before that 8 / 160 or 5 / 100."""
    braking_s = 0.25 + 0.0625
    t_s = least(lambda s: check_stopping(
        FILE.motion, BRISK_BUS, replace(FILE.safety, stopping_time_s=s, stopping_distance_m=1000.0)
    ))  # fmt: skip
    assert t_s == pytest.approx(braking_s + 0.05)
    s_s = least(
        lambda m: check_stopping(FILE.motion, FILE.bus, replace(FILE.safety, stopping_distance_m=m))
    )
    assert s_s == pytest.approx(0.8 * (0.45 - braking_s / 2.0))
