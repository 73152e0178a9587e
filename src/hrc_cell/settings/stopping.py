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

This is more than v_tcp T_s / 2, which real arms overrun, and no more than v_tcp T_s. Metres,
radians, seconds.
"""

from collections.abc import Sequence

from hrc_cell.settings.robot import BusSettings, MotionSettings
from hrc_cell.settings.safety import SafetySettings


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
