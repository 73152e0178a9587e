"""Whether a cell's T_s and S_s can be true: a bound of each from below, made of its other numbers.

safety.stopping_time_s and safety.stopping_distance_m are measured on the arm. What brakes is known
before that: the executor on its path, and the gate of the bus where no goals come. Numbers below
what these two take would let the arm come nearer to people than S_p.

The executor brakes one number s along a straight line in joint space, with the least deceleration
and jerk that each joint's share w_i of the line allows: A = min a_i / w_i, J = min j_i / w_i. From
full speed v_s <= min v_i / w_i rest takes v_s / A + A / J at most, and whatever the line

    T = max v_i / a_i + max a_i / j_i

is not less. A stop may begin while the arm still gains speed; that acceleration, at most a' of the
plan, is taken back first, within max a'_i / j_i. No more speed is gained by that than was planned
as long as the stop's jerk is not below the plan's. Hence

    T_s >= T + max a'_i / j_i

The gate brings each joint to rest without a bound on jerk: T_s >= v_bus / a_bus.

The speed falls from v_tcp, the greatest planned speed of any point, along a curve that is symmetric
about its middle, so braking covers v_tcp T / 2. Of what is left of T_s, the motors' lag and the
acceleration taken back, nothing is known but that no point is faster than v_tcp. Hence

    S_s >= v_tcp (T_s - T / 2)

This is more than v_tcp T_s / 2, which real arms overrun, and no more than v_tcp T_s.

Where a table of measured stops stands beside them (stopping.yaml), they stay what it may not
exceed: the last gate goes by them. A point that moves with v_tcp runs on for v_tcp E, with E the
greatest angle over speed of any row. Metres, radians, seconds.
"""

from collections.abc import Iterator, Sequence

from hrc_cell.settings.robot import BusSettings, MotionSettings, RobotSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

MEASURE = "run `hrc-cell measure stopping`"


def check_stopping(motion: MotionSettings, bus: BusSettings, safety: SafetySettings) -> None:
    """Raise ValueError that says what to change where T_s or S_s cannot be true."""
    _check_jerk(motion)
    slowing_s = _most(motion.velocity_max_radps, motion.stop_deceleration_radps2)
    turning_s = _most(motion.stop_deceleration_radps2, motion.stop_jerk_radps3)
    rising_s = _most(motion.acceleration_max_radps2, motion.stop_jerk_radps3)
    braking_s = slowing_s + turning_s
    t_s, s_s = safety.stopping_time_s, safety.stopping_distance_m
    if t_s < braking_s + rising_s:
        raise ValueError(
            f"safety.stopping_time_s = {t_s:g} s is less than the {braking_s + rising_s:.4g} s "
            f"that braking on the path takes: {slowing_s:.4g} s for motion.velocity_max_radps / "
            f"stop_deceleration_radps2, {turning_s:.4g} s for stop_deceleration_radps2 / "
            f"stop_jerk_radps3, {rising_s:.4g} s for acceleration_max_radps2 / stop_jerk_radps3; "
            "measure it again, lower motion.velocity_max_radps or let the arm brake harder"
        )
    check_gate(bus.velocity_max_radps, bus.stop_deceleration_radps2, t_s)
    least_m = motion.tcp_speed_max_mps * (t_s - braking_s / 2.0)
    if s_s < least_m:
        raise ValueError(
            f"safety.stopping_distance_m = {s_s:g} m is less than the {least_m:.4g} m that a point "
            f"with motion.tcp_speed_max_mps = {motion.tcp_speed_max_mps:g} m/s may cover within "
            f"safety.stopping_time_s = {t_s:g} s, the last {braking_s:.4g} s of it braking; "
            "measure it again or lower motion.tcp_speed_max_mps"
        )


def check_gate(velocity_radps: float, deceleration_radps2: float, stopping_time_s: float) -> None:
    """Raise ValueError where the gate cannot bring a joint to rest within T_s."""
    if velocity_radps > deceleration_radps2 * stopping_time_s:
        raise ValueError(
            f"from {velocity_radps:g} rad/s a joint does not come to rest with "
            f"bus.stop_deceleration_radps2 = {deceleration_radps2:g} rad/s2 within "
            f"safety.stopping_time_s = {stopping_time_s:g} s; "
            "lower bus.velocity_max_radps or raise one of the two"
        )


def check_table(
    table: StoppingTable | None,
    *,
    simulated: bool,
    robot: RobotSettings,
    motion: MotionSettings,
    safety: SafetySettings,
) -> Iterator[tuple[str, object, str]]:
    """Yield key, value and what is wrong, for all in a table that does not fit the cell.

    A real cell needs one that was not measured in simulation; a simulated cell may do without.
    """
    if table is None:
        if not simulated:
            yield "(file)", None, f"does not exist, and a real cell needs it: {MEASURE}"
        return
    if table.simulated and not simulated:
        yield "simulated", True, f"measured in simulation, this is a real cell: {MEASURE}"
    if not table.measured and table.simulated:
        yield "measured", False, f"a simulated arm can be measured at once: {MEASURE} --simulate"
    known = [motor.joint for motor in robot.arm]
    found = {joint.joint: (index, joint) for index, joint in enumerate(table.joints)}
    for name, fastest_radps in zip(known, motion.velocity_max_radps, strict=True):
        if name not in found:
            yield "joints", None, f"{name} is missing: {MEASURE}"
            continue
        index, joint = found.pop(name)
        yield from _check_joint(f"joints[{index}]", joint, fastest_radps, robot, motion, safety)
    for name, (index, _) in found.items():
        yield f"joints[{index}].joint", name, "is no joint of robot.arm; remove it"


def _check_joint(
    key: str,
    joint: JointStops,
    fastest_radps: float,
    robot: RobotSettings,
    motion: MotionSettings,
    safety: SafetySettings,
) -> Iterator[tuple[str, object, str]]:
    """Yield what is wrong with the rows of one joint."""
    speed, load = joint.speeds_radps[-1], joint.loads_kg[-1]
    if speed < fastest_radps:
        yield f"{key}.rows", speed, (
            f"rad/s is the fastest row of {joint.joint}, motion.velocity_max_radps = "
            f"{fastest_radps:g} rad/s; {MEASURE} again, or lower motion.velocity_max_radps"
        )  # fmt: skip
    if load < robot.payload_max_kg:
        yield f"{key}.rows", load, (
            f"kg is the heaviest load of {joint.joint}, robot.payload_max_kg = "
            f"{robot.payload_max_kg:g} kg; {MEASURE} again, or lower robot.payload_max_kg"
        )  # fmt: skip
    most_s = safety.stopping_distance_m / motion.tcp_speed_max_mps
    for index, row in enumerate(joint.rows):
        if row.time_s > safety.stopping_time_s:
            yield f"{key}.rows[{index}].time_s", row.time_s, (
                f"s is more than safety.stopping_time_s = {safety.stopping_time_s:g} s, which the "
                "last gate goes by: raise that, or lower motion.velocity_max_radps"
            )  # fmt: skip
        most_rad = row.speed_radps * most_s
        if row.angle_rad > most_rad * (1.0 + 1e-9):
            yield f"{key}.rows[{index}].angle_rad", row.angle_rad, (
                f"rad from {row.speed_radps:g} rad/s is more than the {most_rad:.4g} rad that "
                f"safety.stopping_distance_m = {safety.stopping_distance_m:g} m at "
                f"motion.tcp_speed_max_mps = {motion.tcp_speed_max_mps:g} m/s allows: raise the "
                "first, or lower motion.velocity_max_radps"
            )  # fmt: skip


def _check_jerk(motion: MotionSettings) -> None:
    for i, (stop, planned) in enumerate(
        zip(motion.stop_jerk_radps3, motion.jerk_max_radps3, strict=True)
    ):
        if stop < planned:
            raise ValueError(
                f"motion.stop_jerk_radps3[{i}] = {stop:g} rad/s3 is below "
                f"motion.jerk_max_radps3[{i}] = {planned:g} rad/s3: an arm told to stop would gain "
                "more speed than was planned; raise it or lower the other"
            )


def _most(top: Sequence[float], bottom: Sequence[float]) -> float:
    """Return the greatest top / bottom of any joint."""
    return max(a / b for a, b in zip(top, bottom, strict=True))
