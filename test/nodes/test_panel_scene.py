"""What the page draws in space is what the monitor judges: the same messages, the same capsules."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hrc_cell_interfaces.msg import BodyPart, Human, Humans, MotionPermit, MotorState, MotorStates
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.core.geometry import capsule_distance
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.nodes import safety_wire
from hrc_cell.nodes.panel_scene import Scene
from hrc_cell.settings.sensing import BodySource

CELL = default_cell()
CHAIN = load_description(CELL).chain
Q = [0.3, 0.5, -0.4, 0.8, 0.2, -0.6]
AGE_S = 0.05


def human(number, x=1.5, y=0.3, age_s=0.0, parts=()):
    one = Human(id=number, radius_m=0.3, position_std_m=0.02, age_s=age_s, confirmed=True)
    one.position.x, one.position.y = x, y
    one.velocity.x = 0.4
    one.parts = list(parts)
    return one


def humans(*everybody, frame=CELL.file.frame):
    message = Humans(humans=list(everybody))
    message.header.frame_id = frame
    return message


def motors(q=Q):
    names = zip((*CHAIN.joints, "gripper"), (*q, 0.2), strict=True)
    return MotorStates(motors=[MotorState(joint=n, position_rad=float(v)) for n, v in names])


def permit(human_id=1, part=""):
    link = CHAIN.capsule_names[-1]
    return MotionPermit(
        human_id=human_id, link=link, body_part=part, distance_m=1.0, required_m=1.2
    )


def section(cell=CELL, **newest):
    heard = {name.replace("__", "/"): (message, 100.0) for name, message in newest.items()}
    made = Scene(cell, CHAIN, lambda stamp: AGE_S).section(heard, 100.0 + AGE_S)
    return json.loads(json.dumps(made, allow_nan=False))


def test_people_are_the_capsules_that_the_monitor_makes_of_the_same_message():
    message = humans(human(1), human(2, x=0.2, y=-2.0, age_s=0.4))
    judged = safety_wire.people(message, CELL.file.safety)
    shown = section(humans=message)["people"]
    assert [one["id"] for one in shown] == [1, 2]
    assert np.allclose([one["from"] for one in shown], judged.start_m, atol=1e-4)
    assert np.allclose([one["to"] for one in shown], judged.end_m, atol=1e-4)
    assert np.allclose([one["r"] for one in shown], judged.radius_m, atol=1e-4)
    assert shown[1]["r"] > shown[0]["r"], "whoever was not seen for long may be farther away"


@pytest.mark.req("S2")
def test_what_is_not_known_of_somebody_is_null_and_they_are_there_all_the_same():
    [one] = section(humans=humans(human(3, x=float("nan"))))["people"]
    assert (one["id"], one["from"][0]) == (3, None)
    [one] = section(humans=humans(human(3, age_s=-1.0)))["people"]
    assert one["r"] is None


@pytest.mark.req("S2")
def test_people_of_another_frame_or_of_nobody_are_unknown_and_not_an_empty_cell():
    assert section(humans=humans(human(1), frame="map"))["people"] is None
    assert section()["people"] is None
    assert section(humans=humans())["people"] == []


def test_limbs_of_a_body_tracker_stand_where_the_monitor_lets_them_stand():
    source = BodySource(
        name="camera", timeout_s=0.2, match_m=0.5, forget_s=1.0, regions=("hand",)
    )  # fmt: skip
    cell = replace(CELL, file=replace(CELL.file, bodies=(source,)))
    part = BodyPart(region="hand", radius_m=0.06, position_std_m=0.01)
    part.start.x, part.start.y, part.start.z = 1.4, 0.3, 1.0
    part.end.x, part.end.y, part.end.z = 1.5, 0.3, 1.1
    seen = humans(human(1))
    shown = section(cell, humans=seen, bodies__camera=humans(human(5, parts=[part])))["people"]
    assert [(one["id"], one["from"]) for one in shown] == [(1, [1.4, 0.3, 1.0])]
    alone = section(cell, bodies__camera=humans(human(5, parts=[part])))["people"]
    assert len(alone) == 1
    assert alone[0]["id"] > 1 << 30, "a further person"


def test_the_line_runs_from_surface_to_surface_of_the_pair_that_binds():
    message = humans(human(1), human(2, x=0.2, y=-2.0))
    pair = section(humans=message, motor_states=motors(), safety_state=permit(2))["pair"]
    judged = safety_wire.people(message, CELL.file.safety)
    starts, ends = capsules_at(CHAIN, np.array(Q))
    gap = capsule_distance(
        starts[-1], ends[-1], CHAIN.capsule_radius_m[-1],
        judged.start_m[1], judged.end_m[1], judged.radius_m[1],
    )  # fmt: skip
    line = np.array(pair["to"]) - pair["from"]
    assert np.isclose(np.linalg.norm(line), gap, atol=1e-3)
    assert np.allclose(line / np.linalg.norm(line), pair["way"], atol=1e-3)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "newest",
    [
        {"humans": humans(human(1)), "motor_states": motors()},
        {"humans": humans(human(1)), "safety_state": permit(1)},
        {"motor_states": motors(), "safety_state": permit(1)},
        {"humans": humans(human(1)), "motor_states": motors(), "safety_state": permit(0)},
        {"humans": humans(human(1)), "motor_states": motors(), "safety_state": permit(9)},
        {"humans": humans(human(1)), "motor_states": motors([float("nan")] * 6),
         "safety_state": permit(1)},
        {"humans": humans(human(1)), "motor_states": motors(), "safety_state": permit(1, "hand")},
        {"humans": humans(human(1)), "motor_states": motors(),
         "safety_state": MotionPermit(human_id=1, link="nothing")},
    ],
)  # fmt: skip
def test_without_both_of_the_pair_there_is_no_line(newest):
    assert section(**newest)["pair"] is None


def test_somebody_who_touches_the_arm_has_a_line_of_no_length():
    starts, ends = capsules_at(CHAIN, np.array(Q))
    x, y, _ = ((starts[-1] + ends[-1]) / 2.0).tolist()
    near = section(humans=humans(human(1, x, y)), motor_states=motors(), safety_state=permit(1))
    assert near["pair"]["from"] == near["pair"]["to"]


def test_angles_are_those_of_every_motor_and_unknown_ones_are_null():
    told = section(motor_states=motors([*Q[:5], float("nan")]))["angles"]
    assert (told["joint_1"], told["joint_6"], told["gripper"]) == (0.3, None, 0.2)
    assert section()["angles"] == {}
