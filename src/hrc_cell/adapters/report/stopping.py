"""Stopping: what was measured of each joint or declared, and what the monitor makes of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.report.markup import Markup, facts, joined, number, table, tag
from hrc_cell.adapters.report.numbers import numbers_table
from hrc_cell.adapters.report.plot import Marked, line, marked
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.schema import specs
from hrc_cell.settings.stopping_table import JointStops, StoppingTable, StopRow

Array = npt.NDArray[np.float64]

NOT_MEASURED = "declared, not measured"
POINTS = 241
"""So fine that no step of a table of a few rows is missed."""


def stop_model(cell: Cell) -> StopModel:
    """Return the model that the monitor judges by."""
    return StopModel.of(
        joints=tuple(motor.joint for motor in cell.file.robot.arm), motion=cell.file.motion,
        safety=cell.file.safety, table=cell.stopping,
    )  # fmt: skip


def stop_terms(cell: Cell, ratio: npt.ArrayLike) -> tuple[Array, Array]:
    """Return T_s [s] and S_s [m] at parts of full speed, heaviest load, as the monitor counts them.

    Every joint has that part of its planned speed, and the fastest point that of its own.
    """
    model, part = stop_model(cell), np.asarray(ratio, dtype=np.float64)
    speed = part[..., None] * np.array(cell.file.motion.velocity_max_radps)
    full = cell.file.motion.tcp_speed_max_mps
    return model.time_s(speed), model.distance_m(speed, point_speed_mps=part * full)


def standing_of(stops: StoppingTable | None) -> str:
    """Return in words whether what is counted was measured.

    >>> standing_of(None)
    'declared; no stopping.yaml'
    """
    if stops is None:
        return "declared; no stopping.yaml"
    where = " in simulation" if stops.simulated else ""
    return f"measured{where}, {stops.date}" if stops.measured else NOT_MEASURED


def stopping_part(cell: Cell) -> Markup:
    """Return the stop model, and the table behind it where there is one."""
    safety = cell.file.safety
    known = {name: spec for name, spec, _ in specs(type(safety))}
    declared = [
        (f"safety.{name}", getattr(safety, name), known[name])
        for name in ("stopping_time_s", "stopping_distance_m")
    ]
    by_table = (
        "Each joint counts with the next row of its table that is not less in speed and load; "
        "nothing is interpolated, and beyond the last row a stop takes for ever. The slowest joint "
        "counts for the whole arm. The two declared numbers are what the table may not exceed, and "
        "what the last gate goes by."
    )
    by_numbers = (
        "Both numbers are declared for full planned speed; below it the monitor counts what the "
        "curves show, which is never less than a stop limited by deceleration and jerk takes. No "
        "stop was measured."
    )
    return joined(
        tag("p", "Time and way from the order to standstill: ",
            tag("b", standing_of(cell.stopping)), ". ",
            by_numbers if cell.stopping is None else by_table, class_="lead-in"),
        numbers_table(declared),
        _counted(cell),
        "" if cell.stopping is None else _table(cell.stopping),
    )  # fmt: skip


def _counted(cell: Cell) -> Markup:
    """Return the curves that S_p is worked out with."""
    ratio = np.linspace(0.0, 1.0, POINTS)
    t_s, s_s = stop_terms(cell, ratio)
    speed = cell.file.motion.tcp_speed_max_mps * ratio
    x_text = "speed of the fastest point [m/s]"
    return tag("div",
        tag("figure", line(speed, t_s, name="T_s", x_text=x_text, y_text="T_s [s]",
                           title="Stopping time over speed"),
            tag("figcaption", "Stopping time that is counted, every joint at this part of its "
                "planned speed, heaviest load.")),
        tag("figure", line(speed, s_s, name="S_s", x_text=x_text, y_text="S_s [m]",
                           title="Stopping distance over speed"),
            tag("figcaption", "Stopping distance that is counted.")), class_="pair")  # fmt: skip


def _table(stops: StoppingTable) -> Markup:
    """Return what a table says of itself, and each joint with its plots and rows."""
    rows = [row for joint in stops.joints for row in joint.rows]
    about = [
        ("Arm", stops.arm),
        ("Stands as", tag("b", standing_of(stops))),
        ("Date", stops.date),
        ("Software", stops.software),
        ("Stops in all", sum(row.stops for row in rows)),
    ]
    warning = (
        "" if stops.measured
        else tag("p", tag("b", f"This table is {NOT_MEASURED}. "),
                 "It stands in so that the arm can be started and measured; measure it with "
                 "hrc-cell measure stopping before anybody works beside it.", class_="limit")
    )  # fmt: skip
    return joined(
        tag("h3", tag("code", "stopping.yaml"), " the stops of each joint"), facts(about), warning,
        *(_joint(joint, stops) for joint in stops.joints),
    )  # fmt: skip


def _joint(joint: JointStops, stops: StoppingTable) -> Markup:
    plots = [
        tag("figure", marked(
            [_curve(joint, load, key) for load in joint.loads_kg],
            x_text=f"speed of {joint.joint} [rad/s]", y_text=y_text, title=title),
            tag("figcaption", title, "."))
        for key, y_text, title in (
            ("time", "time [s]", f"{joint.joint}: time to standstill over speed"),
            ("angle", "angle [rad]", f"{joint.joint}: way to standstill over speed"),
        )
    ]  # fmt: skip
    seen = (
        "Steps: what is counted. Marks: the longest or farthest seen at the slowest drive behind "
        "the row, with one standard deviation either way."
        if stops.measured
        else "Steps: what is counted. No stop was seen."
    )
    return tag("div",
        tag("h3", joint.joint), tag("div", *plots, class_="pair"),
        tag("p", seen, class_="footnote"), _rows(joint), class_="joint")  # fmt: skip


def _curve(joint: JointStops, load_kg: float, key: str) -> Marked:
    """Return the steps of one load, and what was seen for each."""
    rows = [joint.grid()[speed, load_kg] for speed in joint.speeds_radps]
    unit = {"time": "s", "angle": "rad"}[key]

    def value(row: StopRow, name: str) -> float:
        return float(getattr(row, name))

    return Marked(
        name=f"{load_kg:g} kg",
        x=np.array([row.speed_radps for row in rows]),
        y=np.array([value(row, f"{key}_{unit}") for row in rows]),
        marks=tuple(
            (
                row.driven_radps,
                value(row, f"{key}_greatest_{unit}"),
                value(row, f"{key}_std_{unit}"),
            )
            for row in rows
            if row.stops
        ),
    )  # fmt: skip


def _rows(joint: JointStops) -> Markup:
    head = (
        "Speed up to rad/s", "Load up to kg", "Time s", "Angle rad", "Driven at rad/s",
        "Longest seen s", "\u00b1 s", "Farthest seen rad", "\u00b1 rad", "Stops",
    )  # fmt: skip
    lines = [
        (
            number(row.speed_radps), f"{row.load_kg:g}", tag("b", number(row.time_s)),
            tag("b", number(row.angle_rad)), number(row.driven_radps),
            *(
                (number(row.time_greatest_s), number(row.time_std_s, 4),
                 number(row.angle_greatest_rad, 4), number(row.angle_std_rad, 4), row.stops)
                if row.stops else ("", "", "", "", "none")
            ),
        )
        for row in sorted(joint.rows, key=lambda row: (row.load_kg, row.speed_radps))
    ]  # fmt: skip
    return table(head, lines, class_="worked")
