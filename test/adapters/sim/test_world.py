"""The simulated arm is the arm of the URDF, moves like servos do, and keeps clear of the table."""

import xml.etree.ElementTree as ET

import mujoco
import numpy as np
import pinocchio
import pytest

URDF_OF_TOOL = "tool0"


def test_every_link_has_the_mass_and_inertia_of_the_urdf(make_world, urdf):
    model = make_world().scene.model
    for link in ET.fromstring(urdf).iter("link"):
        mass = link.find("inertial/mass")
        if mass is None:
            continue
        body = model.body(link.attrib["name"])
        assert body.mass[0] == pytest.approx(float(mass.attrib["value"]))
        tensor = link.find("inertial/inertia").attrib
        said = sorted(float(tensor[key]) for key in ("ixx", "iyy", "izz"))
        assert sorted(body.inertia) == pytest.approx(said)


def test_every_joint_has_the_limits_of_the_urdf(make_world, urdf):
    scene = make_world().scene
    for joint in ET.fromstring(urdf).iter("joint"):
        limit = joint.find("limit")
        if limit is None:
            continue
        name = joint.attrib["name"]
        lower, upper, effort, velocity = (
            float(limit.attrib[key]) for key in ("lower", "upper", "effort", "velocity")
        )
        made = scene.model.joint(name)
        assert list(made.range) == pytest.approx([lower, upper])
        assert list(scene.model.jnt_actfrcrange[made.id]) == pytest.approx([-effort, effort])
        if name in scene.joint_names:
            index = scene.joint_names.index(name)
            assert scene.effort_nm[index] == pytest.approx(effort)
            assert scene.velocity_max_radps[index] == pytest.approx(velocity)


def test_the_tool_is_where_pinocchio_computes_it(make_world, urdf, cell):
    world = make_world()
    model = pinocchio.buildModelFromXML(urdf)
    data = model.createData()
    for pose in cell.file.robot.poses.values():
        world.motors.set_pose([*pose, 0.3])
        pinocchio.framesForwardKinematics(model, data, np.array([*pose, 0.3, 0.3]))
        expected = data.oMf[model.getFrameId(URDF_OF_TOOL)]
        hand = world.hand()
        assert hand.position_m == pytest.approx(expected.translation, abs=1e-9)
        assert hand.turn == pytest.approx(expected.rotation, abs=1e-9)


def test_a_servo_follows_a_moving_goal_and_settles_on_it(world):
    world.move("home", 0.0, seconds=0.5)
    start = world.motors.position_rad(1)
    worst = 0.0
    for index in range(500):
        goal = start + min(0.8 * index * world.step_s, 0.5)
        world.motors.set_goal(1, goal)
        world.step()
        worst = max(worst, abs(goal - world.motors.position_rad(1)))
    assert worst < 0.05
    world.run(0.5)
    assert world.motors.position_rad(1) == pytest.approx(start + 0.5, abs=0.002)


@pytest.mark.parametrize(
    ("limit", "least_s"), [({"velocity_radps": 0.5}, 2.0), ({"acceleration_radps2": 2.0}, 1.41)]
)
def test_a_jump_of_the_goal_is_no_quicker_than_the_profile(world, limit, least_s):
    # 1 rad at 0.5 rad/s, or speeding up and braking with 2 rad/s2: 2 sqrt(1 / 2) s.
    world.motors.limit(0, **limit)
    world.motors.set_goal(0, 1.0)
    start = world.time_s
    world.until(lambda: world.motors.position_rad(0) > 0.98, 4.0)
    assert 0.85 * least_s < world.time_s - start < 1.3 * least_s
    world.run(1.0)
    assert world.motors.position_rad(0) == pytest.approx(1.0, abs=0.005)


def test_torque_never_exceeds_the_limit_in_force(world):
    world.motors.limit(2, torque_nm=1.0)
    world.motors.set_goal(2, 2.0)
    for _ in range(500):
        world.step()
        assert abs(world.motors.torque_nm[2]) <= 1.0


def test_torque_comes_back_without_a_jump(world):
    world.move("offer", 0.0)
    world.power(on=False)
    world.run(0.3)
    world.power()
    before = world.truth().position_rad
    world.run(0.3)
    assert world.truth().position_rad == pytest.approx(before, abs=0.05)
    assert np.abs(world.truth().velocity_radps).max() < 0.02


def test_a_limp_arm_rests_at_home_and_falls_when_stretched_out(world):
    world.power(on=False)
    world.run(3.0)
    home = world.truth().position_rad
    assert np.abs(world.truth().velocity_radps).max() < 0.01
    world.power()
    world.move("offer", 0.0)
    height = world.hand().position_m[2]
    world.power(on=False)
    world.run(3.0)
    assert world.hand().position_m[2] < height - 0.1
    assert home == pytest.approx([0.0, -0.4, 0.8, 0.0, 1.0, 0.0, 0.0], abs=0.02)


def test_a_goal_that_is_not_a_number_is_not_followed(world):
    world.motors.set_goal(0, float("nan"))
    world.run(0.1)
    assert world.truth().position_rad[0] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    "way",
    [("home", "above_tray"), ("above_tray", "at_tray"), ("above_tray", "offer"),
     ("offer", "home")],
)  # fmt: skip
def test_the_ways_between_poses_keep_clear_of_table_and_tray(world, cell, way):
    start, end = (np.array([*cell.file.robot.poses[name], 0.7]) for name in way)
    model, data = world.scene.model, world.data
    still = [model.geom(f"room/{name}").id for name in ("table", "tray", "fence_back")]
    for part in np.linspace(0.0, 1.0, 40):
        world.motors.set_pose(start + part * (end - start))
        # The shoulder turns over the table from its base; the rest has no business near it.
        for geom in world.scene.arm_geoms[1:]:
            least = min(mujoco.mj_geomDistance(model, data, int(geom), s, 1.0, None) for s in still)
            assert least > 0.005, (model.geom(int(geom)).name, part)


def test_the_same_seed_gives_the_same_world(make_world, make_person):
    def story(seed):
        world = make_world(seed=seed, people=(make_person(behaviour="random"),))
        world.power()
        scans = world.run(3.0)
        return world.truth().person_position_m[0], np.array([scan.ranges_m for scan in scans])

    first, again, other = story(7), story(7), story(8)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_separation_is_the_least_distance_between_arm_and_person(make_world, make_person):
    world = make_world(people=(make_person(path_m=((2.0, 0.0),)),))
    world.run(0.02)
    model, data = world.scene.model, world.data
    pairs = [(int(a), int(b)) for a in world.scene.arm_geoms for b in world.scene.people_geoms[1]]
    least = min(mujoco.mj_geomDistance(model, data, a, b, 50.0, None) for a, b in pairs)
    assert world.separation_m() == pytest.approx(least)
    assert 1.0 < least < 2.0


def test_nobody_there_is_infinitely_far(world):
    assert world.separation_m() == float("inf")


def test_a_person_pushes_the_arm_and_not_the_other_way(make_world, make_person):
    world = make_world(people=(make_person(path_m=((1.6, 0.0),)),))
    world.power()
    world.move("offer", 0.0)
    world.direct(1, "walk", [(0.40, 0.0)], 1.0)
    before = world.truth().position_rad
    world.run(3.0)
    truth = world.truth()
    assert truth.person_position_m[0] == pytest.approx([0.40, 0.0], abs=0.05)
    assert np.abs(truth.position_rad - before).max() > 0.01


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda w: w.direct(9, "take", [], 1.0), "person 9"),
        (lambda w: w.direct(1, "fly", [], 1.0), "walk, take, give, leave"),
        (lambda w: w.direct(1, "walk", [], 1.0), "waypoints"),
        (lambda w: w.direct(1, "walk", [(float("nan"), 0.0)], 1.0), "finite"),
        (lambda w: w.direct(1, "take", [], float("nan")), "speed"),
        (lambda w: w.inject("scanner_silent", "roof", active=True), "left, right"),
        (lambda w: w.inject("scanner_dirty", "left", active=True), "scanner_blind"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(make_world, make_person, act, said):
    with pytest.raises(ValueError, match=said):
        act(make_world(people=(make_person(),)))


def test_a_room_without_what_the_cell_needs_is_refused(cell, urdf):
    from hrc_cell.adapters.sim.world import SimWorld

    bare = '<mujoco><worldbody><geom name="table" type="box" size="1 1 1"/></worldbody></mujoco>'
    with pytest.raises(ValueError, match="handover, exit_1 and tray_1"):
        SimWorld(cell, urdf_text=urdf, room_xml=bare)
    with pytest.raises(ValueError, match="the room is not what MuJoCo reads"):
        SimWorld(cell, urdf_text=urdf, room_xml="<mujoco><oops/></mujoco>")
