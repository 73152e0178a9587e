"""The protective separation distance, worked out from the cell's numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.report.markup import Markup, joined, number, table, tag
from hrc_cell.adapters.report.numbers import numbers_table
from hrc_cell.adapters.report.plot import stacked
from hrc_cell.adapters.report.stopping import POINTS, standing_of, stop_terms
from hrc_cell.core.separation import Terms, protective_distance
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.schema import specs

Array = npt.NDArray[np.float64]

RATIOS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
FORMULA = "S_p = v_h (T_r + T_s) + v_r T_r + S_s + C + Z_d + Z_r"
INPUTS = (
    "reaction_time_s", "stopping_time_s", "stopping_distance_m", "human_speed_mps",
    "human_speed_near_mps", "near_distance_m", "intrusion_m", "human_uncertainty_m",
    "human_sigmas", "robot_uncertainty_m", "lease_s",
)  # fmt: skip
TERMS = (
    ("S_h", "the person's way until the robot stands, v_h (T_r + T_s)"),
    ("S_r", "the robot's way until it begins to brake, v_r T_r"),
    ("S_s", "the robot's way while braking"),
    ("C", "reach past what the scanner sees"),
    ("Z_d", "uncertainty of the person's position"),
    ("Z_r", "uncertainty of the robot's position"),
)


def required(
    cell: Cell, ratio: npt.ArrayLike, *, near: bool = False, reaction_s: float | None = None
) -> Terms:
    """Return the terms of S_p for a point that comes straight at a person at parts of full speed.

    Z_d is counted without what the tracker states of the person's place; that comes on top.
    """
    safety = cell.file.safety
    t_s, s_s = stop_terms(cell, ratio)
    return protective_distance(
        human_speed_mps=safety.human_speed_near_mps if near else safety.human_speed_mps,
        robot_speed_mps=np.asarray(ratio) * cell.file.motion.tcp_speed_max_mps,
        reaction_s=safety.reaction_time_s if reaction_s is None else reaction_s,
        stopping_s=t_s,
        stopping_m=s_s,
        intrusion_m=safety.intrusion_m,
        human_uncertainty_m=safety.human_uncertainty_m,
        robot_uncertainty_m=safety.robot_uncertainty_m,
    )


def separation_part(cell: Cell) -> Markup:
    """Return formula, inputs, worked values and plot."""
    safety, motion = cell.file.safety, cell.file.motion
    known = {name: spec for name, spec, _ in specs(type(safety))}
    inputs = [(f"safety.{name}", getattr(safety, name), known[name]) for name in INPUTS]
    speeds = {name: spec for name, spec, _ in specs(type(motion))}
    inputs.append(
        ("motion.tcp_speed_max_mps", motion.tcp_speed_max_mps, speeds["tcp_speed_max_mps"])
    )
    full = motion.tcp_speed_max_mps
    granted = safety.reaction_time_s + safety.lease_s
    rest, near = required(cell, 0.0), required(cell, 1.0, near=True)
    ratio = np.linspace(0.0, 1.0, POINTS)
    terms = required(cell, ratio)
    layers = [
        (name, np.asarray(height, dtype=np.float64))
        for (name, _), height in zip(TERMS, terms[:6], strict=True)
    ]
    # What does not change with speed lies below.
    order = [3, 4, 5, 0, 1, 2]
    drawn = stacked(
        ratio * full, [layers[k] for k in order],
        x_text="speed v_r of the robot's point towards the person [m/s]", y_text="S_p [m]",
        title="Protective separation distance over speed, term by term",
    )  # fmt: skip
    return joined(
        tag("p", tag("b", FORMULA), " (ISO/TS 15066:2016 5.5.4.2.3, in the constant-speed form; "
            "from secondary sources, check against a licensed copy)"),
        table(("Term", "Meaning"), [(tag("b", name), text) for name, text in TERMS],
              class_="terms"),
        tag("h3", "Inputs"), numbers_table(inputs),
        tag("h3", "Worked out for a point that comes straight at a person"), _worked(cell),
        tag("figure", drawn, tag("figcaption",
            f"S_p over speed, v_h = {safety.human_speed_mps:g} m/s. The arm stops where a person "
            "is not farther than the top line.")),
        tag("ul",
            tag("li", f"T_s and S_s are {standing_of(cell.stopping)}; see Stopping."),
            tag("li", "This is the worst case: a point that comes straight at the person at full "
                "speed. It is what counts where no path is known or the arm is off it. On an "
                "announced path the monitor looks at the poses that the arm can take until it "
                "stands, and S_r + S_s is how much nearer they lead to the person, which is not "
                "more. The permit then holds for that stretch of path alone, and the last gate "
                "takes no goal beside it."),
            tag("li", f"The monitor stops the arm where the distance of any person to any link is "
                f"not more than S_p: {number(float(rest.required_m))} m for an arm at rest."),
            tag("li", "Before it grants a speed it counts one lease more, T_r + lease = "
                f"{number(granted)} s, because a permit may be used until it ends: last column. "
                "Ratios are granted in steps of 1/20."),
            tag("li", f"A person nearer than {safety.near_distance_m:g} m counts with "
                f"{safety.human_speed_near_mps:g} m/s: S_p = {number(float(near.required_m))} m at "
                "full speed. Who is seen to move faster counts with the speed seen."),
            tag("li", "Z_d stands here without the tracker's own statement; "
                f"{safety.human_sigmas:g} standard deviations of the tracked place come on top.")),
    )  # fmt: skip


def _worked(cell: Cell) -> Markup:
    granted_s = cell.file.safety.reaction_time_s + cell.file.safety.lease_s
    lines = []
    for ratio in RATIOS:
        t_s, _ = stop_terms(cell, ratio)
        terms, granted = required(cell, ratio), required(cell, ratio, reaction_s=granted_s)
        v_r = ratio * cell.file.motion.tcp_speed_max_mps
        lines.append(
            (
                f"{100 * ratio:.0f} %", number(v_r), number(float(t_s)),
                *(number(float(term)) for term in terms[:6]),
                tag("b", number(float(terms.required_m))), number(float(granted.required_m)),
            )
        )  # fmt: skip
    head = (
        "Of full speed", "v_r m/s", "T_s s", "S_h m", "S_r m", "S_s m", "C m", "Z_d m", "Z_r m",
        "S_p m", "to grant m",
    )  # fmt: skip
    return table(head, lines, class_="worked")
