"""How far from a danger a protective device must stand: ISO 13855, editions of 2010 and 2024.

    2010: S = K T + C          2024: S = K T + D_DS + Z

K is the speed of approach, T the time from detection to standstill, C or D_DS how far somebody gets
before being detected, Z a supplement for what the device may err (in 2010 the makers ask for one).

Across a detection zone (perpendicular), by the device's resolution d:

    d <= 40 mm          C = 8 (d - 14), not below 0
    40 < d <= 70 mm     C = 850 mm     an arm passes to the shoulder: a jump, nothing between
    d > 70 mm           C = 1200 mm    no arm is detected
    K = 2000 mm/s, hands and arms; where S comes out above 500 mm K = 1600 mm/s, walking, and S is
    not less than 500 mm. S is never less than 100 mm.

Along a detection zone (parallel) at height H, 15 (d - 50) <= H <= 1000 mm, K = 1600 mm/s:

    2010: C = 1200 mm - 0.4 H, not below 850 mm     2024: D_DS = 1200 mm

A zone with a height (3d, 2024 alone), detecting from H up, K = 1600 mm/s:

    H <= 1000 mm: 1200 mm     H >= 1400 mm: 850 mm     between: 1200 mm - 0.875 (H - 1000 mm)

Source: ISO 13855:2010 and ISO 13855:2024 by way of makers' manuals and public guides, the 3d rule
from the draft of 2024; check against a licensed copy. Known gaps, told with each result that they
touch: reach over and under a zone (2024: D_DO, D_DU), tables of the standard, is not computed, and
for 2024 the reach through it (D_DT) is that of 2010.

Seconds; millimetres, as the standard counts; speeds m/s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

EDITIONS = ("2010", "2024")
APPROACHES = ("perpendicular", "parallel", "3d")
HAND_MPS, WALK_MPS = 2.0, 1.6
STEP_MM = 500.0
LEAST_MM = 100.0
HAND_RESOLUTION_MM, ARM_RESOLUTION_MM = 40.0, 70.0
ARM_MM, WHOLE_MM = 850.0, 1200.0
HEIGHT_MAX_MM = 1000.0
CRAWL_MM = {"2010": 300.0, "2024": 200.0}
"""Above this height somebody may get in under a detection zone."""

REACH_OVER = (
    "reach over or under the zone is not computed: see the standard's tables, the greatest counts"
)
REACH_THROUGH = (
    "the reach through the zone (D_DT) is that of 2010; the edition of 2024 has one of its own "
    "from 40 to 55 mm"
)
DRAFT_3D = "the rule for 3d devices is that of the draft of the 2024 edition"
UNUSED_HEIGHT = "the height has no part in the result of a perpendicular approach"
UNUSED_RESOLUTION = "the resolution has no part in the rule for 3d devices"


class OutOfRangeError(ValueError):
    """A value with which the standard's formula says nothing. `key` is the argument's name."""

    def __init__(self, key: str, what: str) -> None:
        self.key, self.what = key, what
        super().__init__(f"{key}: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Positioning:
    """A separation distance and how it came about."""

    separation_mm: float
    speed_mps: float  # K
    intrusion_mm: float  # C, D_DS
    supplement_mm: float  # Z
    floor_mm: float  # not less than this; 0: no such rule
    formula: str
    rule: str  # why this K and this C
    edition: str
    warnings: tuple[str, ...]

    @property
    def separation_m(self) -> float:
        """Return S in metres."""
        return self.separation_mm / 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    """C or D_DS, and what is to be said about it."""

    intrusion_mm: float
    formula: str
    rule: str
    warnings: tuple[str, ...] = ()


def separation(
    total_time_s: float,
    *,
    approach: str = "perpendicular",
    edition: str | None = None,
    resolution_mm: float | None = None,
    height_mm: float | None = None,
    constant_mm: float | None = None,
    supplement_mm: float = 0.0,
    speed_mps: float | None = None,
) -> Positioning:
    """Return the separation distance S.

    `constant_mm` is C or D_DS where it is known; else it follows from the resolution d
    (perpendicular), the height H (3d) or both (parallel). `speed_mps` takes the place of the K that
    the rule gives. Without an edition that of 2010 counts, for 3d that of 2024. Raises
    OutOfRangeError for what is negative, not finite, missing, without meaning here or beyond the
    formula's range.

    >>> separation(0.6, constant_mm=850.0).separation_mm
    1810.0
    >>> separation(0.4, approach="3d", height_mm=1200.0).separation_mm
    1665.0
    """
    _choice("approach", approach, APPROACHES)
    edition = edition or ("2024" if approach == "3d" else "2010")
    _choice("edition", edition, EDITIONS)
    if approach == "3d" and edition != "2024":
        raise OutOfRangeError("edition", f"{edition} has no rule for 3d devices; use 2024")
    _number("total_time", total_time_s, "s", above_0=True)
    _number("supplement", supplement_mm, "mm")
    if resolution_mm is not None:
        _number("resolution", resolution_mm, "mm", above_0=True)
    for key, value, unit in (
        ("height", height_mm, "mm"), ("constant", constant_mm, "mm"), ("speed", speed_mps, "m/s")
    ):  # fmt: skip
        if value is not None:
            _number(key, value, unit, above_0=key == "speed")
    if constant_mm is not None:
        reach = _given(constant_mm, resolution_mm, height_mm)
    elif approach == "perpendicular":
        reach = _across(edition, resolution_mm, height_mm)
    elif approach == "parallel":
        reach = _along(edition, resolution_mm, height_mm)
    else:
        reach = _from_above(resolution_mm, height_mm)
    still_mm = reach.intrusion_mm + supplement_mm
    ruled_mm, ruled_mps, floor_mm, why = _judged(approach, total_time_s, still_mm)
    warnings = list(reach.warnings)
    if edition == "2024" and supplement_mm == 0.0:
        warnings.append("Z = 0: add the supplement that the device's maker states")
    distance_mm, k_mps = ruled_mm, ruled_mps
    if speed_mps is not None:
        k_mps, why = speed_mps, "K as given"
        floor_mm = LEAST_MM if approach == "perpendicular" else 0.0
        distance_mm = max(1000.0 * speed_mps * total_time_s + still_mm, floor_mm)
        if distance_mm < ruled_mm:
            warnings.append(
                f"with the K that the rule gives, {1000 * ruled_mps:g} mm/s, "
                f"S is {ruled_mm:.6g} mm: more than with the K given"
            )
    return Positioning(
        separation_mm=distance_mm,
        speed_mps=k_mps,
        intrusion_mm=reach.intrusion_mm,
        supplement_mm=supplement_mm,
        floor_mm=floor_mm,
        formula=f"S = K T + {reach.formula}{' + Z' if edition == '2024' or supplement_mm else ''}",
        rule=f"{why}; {reach.rule}",
        edition=edition,
        warnings=tuple(warnings),
    )


def _judged(approach: str, time_s: float, still_mm: float) -> tuple[float, float, float, str]:
    """Return S, K, the floor of S and why, by the rule of 500 mm where the approach is across."""
    walking_mm = 1000.0 * WALK_MPS * time_s + still_mm
    if approach != "perpendicular":
        return walking_mm, WALK_MPS, 0.0, "K of walking"
    reaching_mm = 1000.0 * HAND_MPS * time_s + still_mm
    if reaching_mm <= STEP_MM:
        why = f"K of hands and arms, as S is then at most {STEP_MM:g} mm"
        return max(reaching_mm, LEAST_MM), HAND_MPS, LEAST_MM, why
    why = f"K of walking, as S is above {STEP_MM:g} mm with that of hands and arms"
    return max(walking_mm, STEP_MM), WALK_MPS, STEP_MM, why


def _given(constant_mm: float, resolution_mm: float | None, height_mm: float | None) -> _Reach:
    for key, value in (("resolution", resolution_mm), ("height", height_mm)):
        if value is not None:
            raise OutOfRangeError(key, "has no part in the result beside a constant; leave one out")
    return _Reach(intrusion_mm=constant_mm, formula="C", rule="C as given")


def _across(edition: str, resolution_mm: float | None, height_mm: float | None) -> _Reach:
    if resolution_mm is None:
        raise OutOfRangeError("resolution", "is missing (mm, above 0); give it or a constant (mm)")
    warnings = (REACH_OVER,) if height_mm is None else (UNUSED_HEIGHT, REACH_OVER)
    if edition == "2024":
        warnings = (*warnings, REACH_THROUGH)
    if resolution_mm <= HAND_RESOLUTION_MM:
        constant_mm = max(8.0 * (resolution_mm - 14.0), 0.0)
        return _Reach(
            intrusion_mm=constant_mm, formula="8 (d - 14)",
            rule="C = 8 (d - 14), not below 0, for d <= 40 mm", warnings=warnings,
        )  # fmt: skip
    if resolution_mm <= ARM_RESOLUTION_MM:
        rule = "C = 850 mm for 40 < d <= 70 mm"
        return _Reach(intrusion_mm=ARM_MM, formula="C", rule=rule, warnings=warnings)
    rule = "C = 1200 mm for d > 70 mm: no arm is detected"
    return _Reach(intrusion_mm=WHOLE_MM, formula="C", rule=rule, warnings=warnings)


def _along(edition: str, resolution_mm: float | None, height_mm: float | None) -> _Reach:
    if height_mm is None:
        raise OutOfRangeError("height", "is missing (mm, 0 to 1000); give it or a constant (mm)")
    if height_mm > HEIGHT_MAX_MM:
        raise OutOfRangeError("height", f"{height_mm:g} mm is above {HEIGHT_MAX_MM:g} mm")
    warnings: tuple[str, ...] = ()
    if resolution_mm is None:
        finest_mm = height_mm / 15.0 + 50.0
        warnings = (f"without a resolution nobody checks d <= H / 15 + 50 mm = {finest_mm:.4g} mm",)
    elif height_mm < 15.0 * (resolution_mm - 50.0):
        raise OutOfRangeError(
            "height",
            f"{height_mm:g} mm is below 15 (d - 50 mm) = {15.0 * (resolution_mm - 50.0):g} mm for "
            f"a resolution of {resolution_mm:g} mm; raise the zone or take a finer device",
        )
    if height_mm > CRAWL_MM[edition]:
        low = f"at a height above {CRAWL_MM[edition]:g} mm somebody may get in under the zone: "
        warnings = (*warnings, low + "take that into the risk assessment")
    if edition == "2024":
        rule = "D_DS = 1200 mm"
        return _Reach(intrusion_mm=WHOLE_MM, formula="D_DS", rule=rule, warnings=warnings)
    return _Reach(
        intrusion_mm=max(WHOLE_MM - 0.4 * height_mm, ARM_MM), formula="(1200 - 0.4 H)",
        rule="C = 1200 mm - 0.4 H, not below 850 mm", warnings=warnings,
    )  # fmt: skip


def _from_above(resolution_mm: float | None, height_mm: float | None) -> _Reach:
    if height_mm is None:
        raise OutOfRangeError("height", "is missing (mm, 0 or more); give it or a constant (mm)")
    sloping_mm = WHOLE_MM - 0.875 * (height_mm - HEIGHT_MAX_MM)
    return _Reach(
        intrusion_mm=min(max(sloping_mm, ARM_MM), WHOLE_MM), formula="D_DS(H)",
        rule="D_DS = 1200 mm to H = 1000 mm, 850 mm from H = 1400 mm, linear between",
        warnings=(DRAFT_3D,) if resolution_mm is None else (DRAFT_3D, UNUSED_RESOLUTION),
    )  # fmt: skip


def _choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OutOfRangeError(key, f"{value!r} is not one of {', '.join(choices)}")


def _number(key: str, value: float, unit: str, *, above_0: bool = False) -> None:
    if not math.isfinite(value) or value < 0.0 or (above_0 and value == 0.0):
        bound = "above 0" if above_0 else "of at least 0"
        raise OutOfRangeError(key, f"{value:g} {unit} must be a number {bound}")
