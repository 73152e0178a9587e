"""zones.yaml: areas of the cell, when each counts, and when one may be muted.

There is no setting that hides an area from the monitor. What stands in the cell for good is told
from people by the learned background alone (see tracker.background_s), and muting is bound to two
signals and to a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

from hrc_cell.settings.schema import setting

KINDS = ("stop", "slow", "limit", "approach")
Corners = tuple[tuple[float, ...], ...]
CIRCLE_CORNERS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A round area."""

    centre_m: tuple[float, ...] = setting(
        "x, y, cell frame", unit="m", low=-50.0, high=50.0, length=2
    )
    radius_m: float = setting("radius", unit="m", low=0.01, high=50.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle, turned about its centre."""

    centre_m: tuple[float, ...] = setting(
        "x, y, cell frame", unit="m", low=-50.0, high=50.0, length=2
    )
    size_m: tuple[float, ...] = setting(
        "length along x and along y before it is turned", unit="m", low=0.01, high=100.0, length=2
    )
    yaw_rad: float = setting(
        "turned about its centre, from x to y", unit="rad", low=-3.15, high=3.15, default=0.0
    )

    @property
    def corners_m(self) -> Corners:
        """Return the four corners in order."""
        (x, y), (length, width) = self.centre_m, self.size_m
        cos, sin = math.cos(self.yaw_rad) / 2.0, math.sin(self.yaw_rad) / 2.0
        return tuple(
            (x + a * length * cos - b * width * sin, y + a * length * sin + b * width * cos)
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area, of all heights or of a band, in which people change what the arm may do."""

    name: str = setting("name, unique", pattern="[a-z][a-z0-9_]*")
    kind: str = setting(
        "what people in it do: stop the arm, slow it to a ratio, limit the speed of every point of "
        "it; approach: slow it the more, the sooner they may be in it",
        choices=KINDS,
    )
    polygon_m: Corners = setting(
        "corners x, y in order, cell frame; or circle, or box",
        unit="m", low=-50.0, high=50.0, default=(),
    )  # fmt: skip
    circle: Circle | None = setting("in place of polygon_m", default=None)
    box: Box | None = setting("in place of polygon_m", default=None)
    band_m: tuple[float, ...] = setting(
        "heights over the floor that it counts between, low and high; empty: all",
        unit="m", low=0.0, high=10.0, length=2, default=(),
    )  # fmt: skip
    speed_ratio: float = setting(
        "permitted while a person is in a slow zone, or in an approach zone; stop: 0",
        unit="1", low=0.0, high=1.0, default=0.0,
    )  # fmt: skip
    limit_mps: float = setting(
        "of a limit zone: while a person is in it no point of the arm is faster",
        unit="m/s", low=0.0, high=10.0, default=0.0,
    )  # fmt: skip
    time_to_reach_s: float = setting(
        "of an approach zone: who needs this long to be in it does not slow the arm; half of it, "
        "half the speed",
        unit="s", low=0.0, high=60.0, default=0.0,
    )  # fmt: skip
    restart: str = setting("after a person has left", choices=("automatic", "manual"))
    trigger_scans: int = setting("scans in a row with a person in it", low=1, high=10)
    release_scans: int = setting("scans in a row with nobody in it", low=1, high=100)
    margin_m: float = setting(
        "to leave it a person must be this far out", unit="m", low=0.0, high=2.0
    )

    def __post_init__(self) -> None:
        self._check_shape()
        if self.kind == "stop" and self.speed_ratio != 0.0:
            raise ValueError("a stop zone has speed_ratio 0")
        if self.kind == "slow" and self.speed_ratio == 0.0:
            raise ValueError(
                "a slow zone needs speed_ratio above 0; if the arm is to stop, kind is stop"
            )
        if self.kind == "limit" and self.speed_ratio != 0.0:
            raise ValueError("a limit zone has limit_mps and no speed_ratio; remove speed_ratio")
        for key, kind in (("limit_mps", "limit"), ("time_to_reach_s", "approach")):
            given = getattr(self, key) != 0.0
            if self.kind == kind and not given:
                raise ValueError(f"kind {kind} needs {key} above 0; add it")
            if self.kind != kind and given:
                raise ValueError(
                    f"{key} is of kind {kind} alone and this is {self.kind}; remove it"
                )
        if self.restart == "manual" and self.kind != "stop":
            raise ValueError("restart: manual needs kind: stop; a zone that slows stops nothing")

    def _check_shape(self) -> None:
        shapes = {"polygon_m": self.polygon_m, "circle": self.circle, "box": self.box}
        given = [key for key, value in shapes.items() if value]
        if len(given) != 1:
            raise ValueError(
                "needs exactly one of polygon_m, circle and box; "
                + (f"remove all but one of {', '.join(given)}" if given else "add one")
            )
        if self.polygon_m:
            check_corners("polygon_m", self.polygon_m)
            crossing = _crossing(self.polygon_m)
            if crossing:
                raise ValueError(
                    "polygon_m: the sides from corner {} and from corner {} cross or touch, which "
                    "could leave a hole; give each corner once and in order".format(*crossing)
                )
        if self.band_m and not self.band_m[0] < self.band_m[1]:
            raise ValueError(f"band_m = {list(self.band_m)} m: the first must be the lower height")

    @property
    def corners_m(self) -> Corners:
        """Return the corners of a polygon or box in order; none for a circle."""
        return self.polygon_m if self.box is None else self.box.corners_m

    @property
    def outline_m(self) -> Corners:
        """Return the corners in order, those of a circle near enough: to draw, not to judge by."""
        if self.circle is None:
            return self.corners_m
        (x, y), radius = self.circle.centre_m, self.circle.radius_m
        turns = (math.tau * i / CIRCLE_CORNERS for i in range(CIRCLE_CORNERS))
        return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSet:
    """The zones that count under some conditions. Of several sets the first that matches counts."""

    name: str = setting("name, unique", pattern="[a-z][a-z0-9_]*")
    zones: tuple[str, ...] = setting("names of the zones that count")
    steps: tuple[str, ...] = setting(
        "only while the task is at one of these steps; empty: at any", default=()
    )
    tools: tuple[str, ...] = setting("only with one of these tools; empty: any", default=())
    speed_max_ratio: float = setting(
        "only while the arm is permitted no more than this", unit="1", low=0.05, high=1.0,
        default=1.0,
    )  # fmt: skip

    @property
    def is_fallback(self) -> bool:
        """Return whether it has no condition."""
        return not self.steps and not self.tools and self.speed_max_ratio == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Muting:
    """When people may be in a zone without a consequence: two signals, for a bounded time."""

    zone: str = setting("name of the zone; the separation is never muted")
    sources: tuple[str, ...] = setting(
        "only people seen by these: scanners, or a body tracker; empty: all", default=()
    )
    signals: tuple[str, ...] = setting("the two signals of the cell that must be true", length=2)
    order: str = setting(
        "fixed: the first signal becomes true before the second", choices=("fixed", "free")
    )
    begin_within_s: float = setting(
        "the other signal must follow the first within this", unit="s", low=0.01, high=60.0
    )
    time_max_s: float = setting(
        "then it ends, and comes back only after both signals were false",
        unit="s", low=0.1, high=600.0,
    )  # fmt: skip
    signal_timeout_s: float = setting(
        "a signal older than this is unknown, which mutes nothing", unit="s", low=0.01, high=2.0
    )

    def __post_init__(self) -> None:
        if len(self.signals) == 2 and self.signals[0] == self.signals[1]:
            raise ValueError(
                f"signals = {list(self.signals)}: needs two different ones; one that is stuck "
                "must not mute"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSettings:
    """zones.yaml: the areas, and the outline that the page draws."""

    outline_m: Corners = setting(
        "floor of the cell, corners x, y in order", unit="m", low=-50.0, high=50.0
    )
    handover_m: tuple[float, ...] = setting(
        "place on the floor where a person stands to take a part", unit="m",
        low=-50.0, high=50.0, length=2,
    )  # fmt: skip
    zones: tuple[Zone, ...] = setting("areas; the most restrictive counts")
    sets: tuple[ZoneSet, ...] = setting(
        "which zones count when: the first that matches; none: all zones always count", default=()
    )
    muting: tuple[Muting, ...] = setting("what may be muted, and by what", default=())

    def __post_init__(self) -> None:
        check_corners("outline_m", self.outline_m)
        zones = [zone.name for zone in self.zones]
        for what, names in (("zone", zones), ("set", [one.name for one in self.sets])):
            double = sorted({name for name in names if names.count(name) > 1})
            if double:
                raise ValueError(f"{what} {', '.join(double)} stands more than once")
        if self.sets:
            self._check_sets(zones)
        self._check_muting(zones)

    def _check_sets(self, zones: list[str]) -> None:
        for one in self.sets:
            lost = [name for name in one.zones if name not in zones]
            if lost:
                raise ValueError(f"set {one.name}: no zone is called {', '.join(lost)}")
        *others, last = self.sets
        if not last.is_fallback:
            raise ValueError(
                f"the last of sets, {last.name}, has conditions; add one without any after it, "
                "for when no other matches"
            )
        for one in others:
            if one.is_fallback:
                raise ValueError(
                    f"set {one.name} has no conditions, so none of those after it would ever "
                    "count; put it last or give it conditions"
                )
        missing = [name for name in zones if name not in last.zones]
        if missing:
            raise ValueError(
                f"set {last.name}, the last one, leaves out zone {', '.join(missing)}: where step "
                "or tool is unknown every zone must count; add it"
            )

    def _check_muting(self, zones: list[str]) -> None:
        for index, rule in enumerate(self.muting):
            if rule.zone not in zones:
                raise ValueError(f"muting[{index}]: no zone is called {rule.zone}")
            zone = self.zones[zones.index(rule.zone)]
            if zone.restart == "manual":
                raise ValueError(
                    f"muting[{index}]: zone {zone.name} has restart: manual and cannot be muted"
                )
        for a, b in combinations(self.muting, 2):
            shared = not a.sources or not b.sources or set(a.sources) & set(b.sources)
            if a.zone == b.zone and shared:
                raise ValueError(
                    f"muting of zone {a.zone} stands twice for the same source: one after the "
                    "other would outlast time_max_s; keep one"
                )


def check_corners(key: str, corners: Corners) -> None:
    """Raise ValueError where corners are too few, or no pairs."""
    if len(corners) < 3 or any(len(corner) != 2 for corner in corners):
        raise ValueError(f"{key} needs at least 3 corners of 2 numbers (x, y) each")


def _crossing(corners: Corners) -> tuple[int, int] | None:
    """Return the first two sides of a polygon that cross or touch, by their first corners.

    Sides that follow one another share a corner and do not count.
    """
    count = len(corners)
    for i, j in combinations(range(count), 2):
        if j - i in (1, count - 1):
            continue
        a, b = corners[i], corners[(i + 1) % count]
        c, d = corners[j], corners[(j + 1) % count]
        apart = any(
            max(a[k], b[k]) < min(c[k], d[k]) or max(c[k], d[k]) < min(a[k], b[k]) for k in (0, 1)
        )
        one_side = _turn(a, b, c) * _turn(a, b, d) > 0.0 or _turn(c, d, a) * _turn(c, d, b) > 0.0
        if not apart and not one_side:
            return i, j
    return None


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    """Return more than 0 where c is left of the line from a to b, less where it is right."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
