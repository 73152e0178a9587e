"""A person walks up to a moving arm: judge, permit, executor and arm together, in their own time.

The law: the arm is never found moving nearer than S_p without the reaction time,

    d >= v_h T_s(r) + S_s(r) + C + Z_d + Z_r

with the true distance d and the part r of full speed that the arm truly has; without S_s where the
path was judged, which may lead away. What leads there is left to chance: when scans are taken and
arrive, which permits get lost, how the person walks.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import Observation, Person, collaborating, judge
from strategies import SAFETY, areas, motion, pose

from hrc_cell.core import executor
from hrc_cell.core.ahead import Ahead
from hrc_cell.core.cell import Memory
from hrc_cell.core.executor import Leave, Motion
from hrc_cell.core.geometry import capsule_distance
from hrc_cell.core.interlock import Mode
from hrc_cell.core.kinematics import Chain, capsules_at
from hrc_cell.core.observed import Eye, Sight
from hrc_cell.core.path import plan
from hrc_cell.core.people import upright
from hrc_cell.core.permit import PermitView, permit_holds
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import State
from hrc_cell.core.separation import protective_distance
from hrc_cell.core.stopping import StopModel, ratio_of, stopping_distance_m, stopping_time_s

TICK_S = 1.0 / SAFETY.rate_hz
REACH_M = 0.6
TURN = np.array([1.2])
ARM = Chain(
    joints=("turn",), base=pose((0.0, 0.0, 0.9)), origin=np.array([pose()]),
    axis=np.array([[0.0, 0.0, 1.0]]), tool=pose((REACH_M, 0.0, 0.0)),
    lower_rad=-3.0 * np.ones(1), upper_rad=3.0 * np.ones(1), velocity_max_radps=3.0 * np.ones(1),
    capsule_names=("beam",), capsule_link=np.array([1]), capsule_start=np.zeros((1, 3)),
    capsule_end=np.array([[REACH_M, 0.0, 0.0]]), capsule_radius_m=np.array([0.05]),
)  # fmt: skip
"""One joint that turns a beam of 0.6 m, at table height."""
MOTION = replace(
    motion(), velocity_max_radps=(1.2,), acceleration_max_radps2=(4.0,), jerk_max_radps3=(40.0,),
    stop_deceleration_radps2=(5.0,), stop_jerk_radps3=(80.0,),
)  # fmt: skip
RULES = Rules(
    safety=SAFETY, motion=MOTION, zones=areas(), scanners=(("eye", 0.15),), nodes=(), chain=ARM,
    stops=StopModel.of(joints=ARM.joints, motion=MOTION, safety=SAFETY, table=None),
)  # fmt: skip
PERSON = {"position_std_m": 0.02, "radius_m": 0.3}


class Approach:
    """The whole loop, one tick of the monitor at a time."""

    def __init__(self, x_m, y_m, *, scan_s, late_s, announces):
        self.announces = announces
        self.x_m, self.y_m, self.speed_mps = x_m, y_m, 0.0
        self.scan_s, self.late_s = scan_s, late_s
        self.now_s, self.scans, self.seq = 100.0, [], 0
        self.memory = Memory(state=State.STANDSTILL, box=collaborating())
        self.motion, self.radps = self.path(Motion(goal_rad=-TURN)), np.zeros(1)
        self.permit, self.permit_s, self.moved = None, 0.0, False

    def path(self, state):
        """Return the executor's state with a path to the other side."""
        there = plan(
            "p", state.goal_rad, [-np.sign(state.goal_rad) * TURN], motion=MOTION, speed_ratio=1.0,
            lower_rad=ARM.lower_rad, upper_rad=ARM.upper_rad,
            velocity_max_radps=ARM.velocity_max_radps,
            point_speed=lambda q, qd: REACH_M * np.abs(qd[..., 0]),
        )  # fmt: skip
        return executor.begin(state, there)

    def tick(self, speed_mps, arrives):
        """Let a tick pass: the person walks towards the arm, and the permit arrives or is lost."""
        self.now_s += TICK_S
        away_m = np.hypot(self.x_m, self.y_m)
        self.x_m, self.y_m = np.array([self.x_m, self.y_m]) * (1.0 - speed_mps * TICK_S / away_m)
        self.speed_mps = abs(speed_mps)
        if not self.scans or self.now_s - self.scans[-1][0] >= self.scan_s:
            self.scans.append((self.now_s, self.x_m, self.y_m, self.speed_mps))
        self.judge(arrives)
        self.move()

    def judge(self, arrives):
        known = [scan for scan in self.scans if self.now_s - scan[0] >= self.late_s]
        taken_s, x_m, y_m, speed_mps = (known or self.scans)[-1]
        someone = Person(id=1, x_m=x_m, y_m=y_m, speed_mps=speed_mps, unseen_s=0.0, **PERSON)
        age_s = self.now_s - taken_s
        self.memory, verdict = judge(RULES, self.memory, Observation(
            now_s=self.now_s, people=(someone,), people_age_s=age_s, people_seq=len(self.scans),
            scanners={"eye": Sight(Eye.OK, age_s)}, position_rad=tuple(self.motion.goal_rad),
            velocity_radps=tuple(self.radps), joints_age_s=0.0,
            ahead=self.ahead(), inputs_age_s=0.0,
            mode=Mode.COLLABORATIVE,
        ))  # fmt: skip
        self.seq += 1
        if arrives:
            self.permit_s = self.now_s
            self.permit = PermitView(
                seq=self.seq, age_s=0.0, lease_s=SAFETY.lease_s, speed_ratio=verdict.speed_ratio,
                oldest_sample_age_s=verdict.oldest_sample_age_s, state=int(verdict.state),
                reaction_time_s=SAFETY.reaction_time_s, gripper_permitted=True, same_config=True,
            )  # fmt: skip

    def ahead(self):
        """Return the path as the executor announces it, or none: then any motion is judged."""
        if not self.announces:
            return None
        line = self.motion.path.lines[self.motion.line]
        return Ahead(
            waypoints_rad=np.stack([line.start_rad, line.position_rad(1.0)]),
            line_speed_ratio_ps=np.array([line.planned.speed_max_ratio_ps]), line=np.array(0),
            line_ratio=np.array(self.motion.along.done_ratio), age_s=np.array(0.0),
            followed=np.array(True),
        )  # fmt: skip

    def move(self):
        permit = self.permit and replace(self.permit, age_s=self.now_s - self.permit_s)
        holds, why = permit_holds(permit)
        leave = Leave(holds=holds, speed_ratio=permit.speed_ratio if holds else 0.0, reason=why)
        done = executor.step(
            self.motion, settings=MOTION, leave=leave, measured_rad=self.motion.goal_rad,
            rejoin_rad=0.02, dt_s=TICK_S,
        )  # fmt: skip
        self.motion = done.motion if done.ended is None else self.path(done.motion)
        self.radps = done.velocity_radps
        self.moved = self.moved or bool(self.radps.any())

    def spare_m(self):
        """Return the true distance less the stopping part of S_p; inf while the arm stands."""
        if not self.radps.any():
            return np.inf
        part = ratio_of(self.radps, MOTION.velocity_max_radps)
        required = protective_distance(
            human_speed_mps=SAFETY.human_speed_mps,
            robot_speed_mps=0.0,
            reaction_s=0.0,
            stopping_s=stopping_time_s(SAFETY.stopping_time_s, part),
            stopping_m=0.0
            if self.announces
            else stopping_distance_m(SAFETY.stopping_distance_m, part),
            intrusion_m=SAFETY.intrusion_m,
            human_uncertainty_m=SAFETY.human_uncertainty_m + SAFETY.human_sigmas * 0.02,
            robot_uncertainty_m=SAFETY.robot_uncertainty_m,
        )
        there = upright(
            [[self.x_m, self.y_m]], speed_mps=[0.0], unseen_s=[0.0], safety=SAFETY,
            **{name: [value] for name, value in PERSON.items()},
        )  # fmt: skip
        start, end = capsules_at(ARM, self.motion.goal_rad)
        true_m = capsule_distance(
            there.start_m, there.end_m, there.radius_m, start, end, ARM.capsule_radius_m
        )
        return float(true_m.min() - required.required_m)


walks = st.lists(
    st.tuples(st.integers(10, 120), st.one_of(st.just(1.6), st.floats(-1.6, 1.6))),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.mark.req("S1")
@settings(max_examples=15, deadline=None)
@given(
    st.floats(2.2, 4.0), st.floats(-2.0, 2.0), walks, st.floats(0.01, 0.05), st.floats(0.0, 0.09),
    st.lists(st.booleans(), min_size=1, max_size=20), st.booleans(),
)  # fmt: skip
def test_the_arm_is_never_found_moving_nearer_than_it_can_stop(
    away_m, bearing_rad, walk, scan_s, late_s, arrivals, announces
):
    one = Approach(
        away_m * np.cos(bearing_rad), away_m * np.sin(bearing_rad), scan_s=scan_s, late_s=late_s,
        announces=announces,
    )  # fmt: skip
    ticks = [0.0] * 80 + [speed for count, speed in walk for _ in range(count)]
    for i, speed_mps in enumerate(ticks):
        one.tick(speed_mps, arrivals[i % len(arrivals)])
        assert one.spare_m() >= 0.0


@pytest.mark.req("S1")
@pytest.mark.parametrize("announces", [False, True])
@pytest.mark.parametrize("late_s", [0.0, 0.09])
def test_who_walks_straight_up_to_it_finds_the_arm_standing(late_s, announces):
    """It moves while there is room, and stands before the person is as near as C and Z."""
    one = Approach(2.8, -0.2, scan_s=0.05, late_s=late_s, announces=announces)
    least_m = np.inf
    for i in range(400):
        one.tick(1.6 if i > 117 else 0.0, arrives=i % 6 == 0)
        least_m = min(least_m, one.spare_m())
        if np.hypot(one.x_m, one.y_m) < 1.0:
            break
    assert one.moved
    assert not one.radps.any()
    assert 0.0 <= least_m < 0.5
