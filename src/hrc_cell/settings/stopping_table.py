"""stopping.yaml: how long and how far each joint runs on, as `hrc-cell measure stopping` saw it.

One row for each speed and load of a joint:

    speed_radps, load_kg    what it covers: every stop from this speed and slower, with this load
                            and lighter
    time_s, angle_rad       what is counted: the greatest seen, a margin of its spread, and what a
                            slower drive than `speed_radps` left open
    driven_radps            the slowest of the drives it rests on, of each its greatest speed
    *_greatest_*, *_std_*   what was seen: the greatest, and one standard deviation
    stops                   how many; 0 in a table of declared bounds (measured: false)

Time runs from the stamp of the first permit with speed ratio 0 to standstill of the whole arm, the
angle is that of the joint meanwhile. The rows of a joint are a grid: each load has each speed.
Numbers are rounded up to the next row and never extrapolated; so a row may cover no more than
`COVER_MAX_RATIO` of what was driven.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from hrc_cell.settings.schema import setting

COVER_MAX_RATIO = 1.15
"""A measured speed may lie this much above the planned one: coarse sensors, a joint that catches up
after late goals."""
MEASURED = "measured on the arm"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """Stops of one joint from up to one speed, with up to one load."""

    speed_radps: float = setting(
        "covers stops from this speed and slower", unit="rad/s", low=0.001, high=12.0,
        source=MEASURED,
    )  # fmt: skip
    load_kg: float = setting(
        "and with this load and lighter", unit="kg", low=0.0, high=50.0, source=MEASURED
    )
    time_s: float = setting(
        "T_s, from the order to stop to standstill", unit="s", low=0.001, high=5.0, source=MEASURED
    )
    angle_rad: float = setting(
        "way of the joint meanwhile", unit="rad", low=0.0, high=12.0, source=MEASURED
    )
    driven_radps: float = setting(
        "greatest speed of the slowest drive that it rests on", unit="rad/s", low=0.001, high=12.0,
        source=MEASURED,
    )  # fmt: skip
    time_greatest_s: float = setting(
        "longest stop seen", unit="s", low=0.0, high=5.0, source=MEASURED
    )
    time_std_s: float = setting(
        "standard deviation of the times", unit="s", low=0.0, high=5.0, source=MEASURED
    )
    angle_greatest_rad: float = setting(
        "farthest way seen", unit="rad", low=0.0, high=12.0, source=MEASURED
    )
    angle_std_rad: float = setting(
        "standard deviation of the ways", unit="rad", low=0.0, high=12.0, source=MEASURED
    )
    stops: int = setting("stops that it rests on", low=0, high=100_000, source=MEASURED)

    def __post_init__(self) -> None:
        if self.time_s < self.time_greatest_s:
            raise ValueError(
                f"time_s = {self.time_s:g} s is below time_greatest_s = {self.time_greatest_s:g} s"
            )
        if self.angle_rad < self.angle_greatest_rad:
            raise ValueError(
                f"angle_rad = {self.angle_rad:g} rad is below angle_greatest_rad = "
                f"{self.angle_greatest_rad:g} rad"
            )
        if self.angle_rad > self.speed_radps * self.time_s * (1.0 + 1e-9):
            raise ValueError(
                f"angle_rad = {self.angle_rad:g} rad is more than speed_radps = "
                f"{self.speed_radps:g} rad/s gives within time_s = {self.time_s:g} s"
            )
        if self.speed_radps > self.driven_radps * COVER_MAX_RATIO * (1.0 + 1e-9):
            raise ValueError(
                f"speed_radps = {self.speed_radps:g} rad/s is more than {COVER_MAX_RATIO:g} of "
                f"driven_radps = {self.driven_radps:g} rad/s: nothing is known of stops from there"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class JointStops:
    """The rows of one joint."""

    joint: str = setting("joint of the arm, as in robot.arm", source=MEASURED)
    rows: tuple[StopRow, ...] = setting("for each load each speed, in any order")

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"{self.joint} has no rows")
        grid = self.grid()
        if len(grid) < len(self.rows):
            raise ValueError(f"{self.joint}: two rows have the same speed_radps and load_kg")
        for speed, load in itertools.product(self.speeds_radps, self.loads_kg):
            if (speed, load) not in grid:
                raise ValueError(
                    f"{self.joint}: no row with speed_radps = {speed:g} rad/s and load_kg = "
                    f"{load:g} kg; each load needs each speed"
                )
        for less, more in self._neighbours():
            for key in ("time_s", "angle_rad"):
                if getattr(more, key) < getattr(less, key):
                    raise ValueError(
                        f"{self.joint}: {key} = {getattr(more, key):g} at {more.speed_radps:g} "
                        f"rad/s, {more.load_kg:g} kg is below the {getattr(less, key):g} at "
                        f"{less.speed_radps:g} rad/s, {less.load_kg:g} kg: it must rise with speed "
                        "and load; measure again"
                    )

    @property
    def speeds_radps(self) -> tuple[float, ...]:
        """Return the speeds, slowest first."""
        return tuple(sorted({row.speed_radps for row in self.rows}))

    @property
    def loads_kg(self) -> tuple[float, ...]:
        """Return the loads, lightest first."""
        return tuple(sorted({row.load_kg for row in self.rows}))

    def grid(self) -> dict[tuple[float, float], StopRow]:
        """Return the rows by speed and load."""
        return {(row.speed_radps, row.load_kg): row for row in self.rows}

    def _neighbours(self) -> Iterator[tuple[StopRow, StopRow]]:
        """Yield each pair of rows of which the second is one speed or one load more."""
        grid = self.grid()
        for load in self.loads_kg:
            for slow, fast in itertools.pairwise(self.speeds_radps):
                yield grid[slow, load], grid[fast, load]
        for speed in self.speeds_radps:
            for light, heavy in itertools.pairwise(self.loads_kg):
                yield grid[speed, light], grid[speed, heavy]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingTable:
    """stopping.yaml."""

    arm: str = setting("what was measured: name and motors of the arm", source=MEASURED)
    date: str = setting("day", pattern=r"\d{4}-\d{2}-\d{2}", source=MEASURED)
    software: str = setting("what drove and measured", source=MEASURED)
    simulated: bool = setting("true: measured on a simulated arm", source=MEASURED)
    measured: bool = setting(
        "false: the declared bounds stand in for it, so that the arm can be driven and measured",
        source=MEASURED,
    )
    joints: tuple[JointStops, ...] = setting("every joint of the arm")

    def __post_init__(self) -> None:
        names = [joint.joint for joint in self.joints]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ValueError(f"joint {', '.join(double)} stands more than once")
        loads = {joint.loads_kg for joint in self.joints}
        if len(loads) > 1:
            raise ValueError("joints differ in load_kg; measure every joint with the same loads")
        for joint in self.joints:
            for row in joint.rows:
                if (row.stops == 0) is self.measured:
                    raise ValueError(
                        f"{joint.joint}: stops = {row.stops} does not fit measured: "
                        f"{str(self.measured).lower()}"
                    )
