"""What `hrc-cell calc` computes: each function takes numbers and returns a result to show."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hrc_cell.core import contact, iso13855
from hrc_cell.core.separation import greatest_speed_mps, protective_distance
from hrc_cell.settings.contact import PFL, REGIONS, robot_mass_kg
from hrc_cell.settings.safety import SSM

SECONDARY = (
    "Figures of standards here come from public secondary sources: check them against a licensed "
    "copy. A result is no proof of conformity."
)
ISO13855 = "makers' manuals and public guides on ISO 13855"
TERMS = (
    ("S_h", "the person's way until the robot stands, v_h (T_r + T_s)"),
    ("S_r", "the robot's way in the reaction time, v_r T_r"),
    ("S_s", "the robot's way while stopping"),
    ("C", "reach past what the sensor sees"),
    ("Z_d", "uncertainty of the person's position"),
    ("Z_r", "uncertainty of the robot's position"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result, with all that is needed to check it by hand."""

    title: str
    key: str  # of the value in JSON
    value: float
    unit: str
    formula: str
    filled: str  # the formula's right side with numbers
    inputs: dict[str, tuple[object, str]]  # as given: value and unit
    source: str
    edition: str
    lines: tuple[str, ...] = ()  # more to read
    more: dict[str, object] = field(default_factory=dict)  # more for JSON
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return everything as JSON takes it."""
        inputs = {k: {"value": v, "unit": u} for k, (v, u) in self.inputs.items()}
        return {
            self.key: self.value,
            **self.more,
            "formula": self.formula,
            "filled_in": self.filled,
            "inputs": inputs,
            "source": self.source,
            "edition": self.edition,
            "warnings": list(self.warnings),
            "note": SECONDARY,
        }

    def as_text(self) -> str:
        """Return it as a person reads it."""
        left, _, right = self.formula.partition(" = ")
        gap = " " * len(left)
        rows = [(k.replace("_", " "), f"{number(v)} {u}".rstrip()) for k, (v, u) in self.given()]
        wide = max(len(name) for name, _ in rows)
        return "\n".join(
            (
                self.title,
                "",
                f"  {left} = {right}",
                f"  {gap} = {self.filled}",
                f"  {gap} = {number(self.value)} {self.unit}",
                "",
                *(f"  {name:<{wide}}  {value}" for name, value in rows),
                "",
                *(f"  {line}" for line in self.lines),
                "",
                *(f"  warning: {warning}" for warning in self.warnings),
                f"  source: {self.source}, edition {self.edition}",
                f"  {SECONDARY}",
            )
        )

    def given(self) -> list[tuple[str, tuple[object, str]]]:
        """Return the inputs that were given."""
        return [item for item in self.inputs.items() if item[1][0] is not None]


def number(value: object) -> str:
    """Return a value with six digits at most; a text as it is."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def iso13855_result(
    total_time_s: float,
    *,
    approach: str,
    edition: str | None,
    resolution_mm: float | None,
    height_mm: float | None,
    constant_mm: float | None,
    supplement_mm: float,
    speed_mps: float | None,
) -> Result:
    """Return the separation distance of a protective device. Raises OutOfRangeError."""
    found = iso13855.separation(
        total_time_s,
        approach=approach,
        edition=edition,
        resolution_mm=resolution_mm,
        height_mm=height_mm,
        constant_mm=constant_mm,
        supplement_mm=supplement_mm,
        speed_mps=speed_mps,
    )
    k_mmps = 1000.0 * found.speed_mps
    filled = f"{k_mmps:.6g} mm/s x {total_time_s:.6g} s + {found.intrusion_mm:.6g} mm"
    if found.formula.endswith("+ Z"):
        filled += f" + {supplement_mm:.6g} mm"
    unbound_mm = k_mmps * total_time_s + found.intrusion_mm + supplement_mm
    if unbound_mm < found.floor_mm:
        filled += f", not less than {found.floor_mm:g} mm"
    return Result(
        title=f"Separation distance, ISO 13855:{found.edition}, {approach} approach",
        key="separation_mm", value=found.separation_mm, unit="mm",
        formula=found.formula, filled=filled,
        inputs={
            "total_time": (total_time_s, "s"), "approach": (approach, ""),
            "resolution": (resolution_mm, "mm"), "height": (height_mm, "mm"),
            "constant": (constant_mm, "mm"), "supplement": (supplement_mm, "mm"),
            "speed": (speed_mps, "m/s"),
        },
        more={
            "speed_mps": found.speed_mps, "constant_mm": found.intrusion_mm,
            "supplement_mm": supplement_mm, "floor_mm": found.floor_mm, "rule": found.rule,
        },
        lines=(found.rule,), source=ISO13855, edition=found.edition, warnings=found.warnings,
    )  # fmt: skip


def ssm_result(
    *,
    human_speed_mps: float,
    robot_speed_mps: float,
    reaction_time_s: float,
    stopping_time_s: float,
    stopping_distance_m: float | None,
    intrusion_m: float,
    human_uncertainty_m: float,
    robot_uncertainty_m: float,
) -> Result:
    """Return the protective separation distance, term by term."""
    warnings = list(_slow(human_speed_mps))
    assumed_m = robot_speed_mps * stopping_time_s
    if stopping_distance_m is None:
        warnings.append("no stopping distance given: v_r T_s is counted, the most it can be")
    elif assumed_m > 0.0 and stopping_distance_m <= assumed_m / 2.0:
        warnings.append(
            f"the stopping distance is not above v_r T_s / 2 = {assumed_m / 2.0:.6g} m, the way of "
            "an even deceleration; real arms take more: measure it, or leave it out"
        )
    if reaction_time_s == 0.0:
        warnings.append("nothing reacts in 0 s: the reaction time begins at the sensor's sample")
    terms = protective_distance(
        human_speed_mps=human_speed_mps,
        robot_speed_mps=robot_speed_mps,
        reaction_s=reaction_time_s,
        stopping_s=stopping_time_s,
        stopping_m=assumed_m if stopping_distance_m is None else stopping_distance_m,
        intrusion_m=intrusion_m,
        human_uncertainty_m=human_uncertainty_m,
        robot_uncertainty_m=robot_uncertainty_m,
    )
    values = {name: float(value) for name, value in terms._asdict().items()}
    total_m = values.pop("required_m")
    named = list(zip(TERMS, values.values(), strict=True))
    return Result(
        title="Protective separation distance, speed and separation monitoring",
        key="protective_distance_m", value=total_m, unit="m",
        formula="S_p = S_h + S_r + S_s + C + Z_d + Z_r",
        filled=" + ".join(f"{value:.6g}" for value in values.values()) + " m",
        inputs={
            "human_speed": (human_speed_mps, "m/s"), "robot_speed": (robot_speed_mps, "m/s"),
            "reaction_time": (reaction_time_s, "s"), "stopping_time": (stopping_time_s, "s"),
            "stopping_distance": (stopping_distance_m, "m"), "intrusion": (intrusion_m, "m"),
            "human_uncertainty": (human_uncertainty_m, "m"),
            "robot_uncertainty": (robot_uncertainty_m, "m"),
        },
        more={
            **values,
            "terms": {n: {"value_m": v, "meaning": meaning} for (n, meaning), v in named},
        },
        lines=tuple(f"{n:<3} {v:.6g} m  {meaning}" for (n, meaning), v in named),
        source=SSM, edition="2016", warnings=tuple(warnings),
    )  # fmt: skip


def ssm_speed_result(
    *,
    distance_m: float,
    deceleration_mps2: float,
    reaction_time_s: float,
    human_speed_mps: float,
    constant_m: float,
) -> Result:
    """Return the greatest speed at which a robot with constant deceleration keeps S_p <= d."""
    speed = float(
        greatest_speed_mps(
            distance_m,
            human_speed_mps=human_speed_mps,
            reaction_s=reaction_time_s,
            deceleration_mps2=deceleration_mps2,
            still_m=constant_m,
        )
    )
    least_m = human_speed_mps * reaction_time_s + constant_m
    warnings = list(_slow(human_speed_mps))
    if speed == 0.0:
        warnings.append(f"no speed: d is not more than v_h T_r + C' = {least_m:.6g} m")
    a, t, v = (f"{x:.6g}" for x in (deceleration_mps2, reaction_time_s, human_speed_mps))
    root = f"sqrt({v}^2 + ({a} x {t})^2 - 2 x {a} ({constant_m:.6g} - {distance_m:.6g}))"
    stop_s, stop_m = speed / deceleration_mps2, speed**2 / (2.0 * deceleration_mps2)
    return Result(
        title="Greatest speed towards a person, speed and separation monitoring",
        key="max_speed_mps", value=speed, unit="m/s",
        formula="v = sqrt(v_h^2 + (a T_r)^2 - 2 a (C' - d)) - a T_r - v_h",
        filled=f"{root} - {a} x {t} - {v}" if speed else f"0, as d <= v_h T_r + C' = {least_m:.6g}",
        inputs={
            "distance": (distance_m, "m"), "deceleration": (deceleration_mps2, "m/s2"),
            "reaction_time": (reaction_time_s, "s"), "human_speed": (human_speed_mps, "m/s"),
            "constant": (constant_m, "m"),
        },
        more={
            "least_distance_m": least_m, "stopping_time_s": stop_s, "stopping_distance_m": stop_m,
        },
        lines=(
            "C' = C + Z_d + Z_r, T_s = v / a, S_s = v^2 / 2a; at that speed S_p = d",
            f"stops in {stop_s:.6g} s and {stop_m:.6g} m",
        ),
        source=f"solved from {SSM}", edition="2016", warnings=tuple(warnings),
    )  # fmt: skip


def pfl_result(
    *, region: str, mass_kg: float, payload_kg: float, contact_kind: str, area_cm2: float | None
) -> Result:
    """Return the greatest speed of contact. Raises ValueError where contact is not permissible."""
    m_r = robot_mass_kg(moving_mass_kg=mass_kg, payload_kg=payload_kg)
    quasi_static = contact_kind == "quasi-static"
    limit = contact.contact_limit(
        region, effective_mass_kg=m_r, quasi_static=quasi_static, area_cm2=area_cm2
    )
    pressed_n = limit.pressure_force_n
    where = limit.location or limit.region
    borne = f"F = {limit.table_force_n:g} N, p = {limit.pressure_npcm2:g} N/cm2"
    if area_cm2 is not None:
        borne += f", p A = {pressed_n:.6g} N"
    return Result(
        title=f"Greatest speed of {contact_kind} contact with {where}, power and force limiting",
        key="max_speed_mps", value=limit.speed_mps, unit="m/s",
        formula="v = F / sqrt(mu k)",
        filled=f"{limit.force_n:.6g} N / "
        f"sqrt({limit.reduced_kg:.6g} kg x {limit.spring_npm:g} N/m)",
        inputs={
            "region": (region, ""), "mass": (mass_kg, "kg"), "payload": (payload_kg, "kg"),
            "contact": (contact_kind, ""), "area": (area_cm2, "cm2"),
        },
        more={
            "region": limit.region, "location": limit.location, "region_known": limit.known,
            "governing_table": limit.table, "force_n": limit.force_n,
            "table_force_n": limit.table_force_n, "pressure_npcm2": limit.pressure_npcm2,
            "pressure_force_n": pressed_n if math.isfinite(pressed_n) else None,
            "robot_mass_kg": m_r, "body_mass_kg": limit.body_kg,
            "reduced_mass_kg": limit.reduced_kg, "spring_npm": limit.spring_npm,
            "energy_j": limit.energy_j,
        },
        lines=(
            f"governs: {limit.table}",
            borne,
            f"m_R = M / 2 + m_L = {m_r:.6g} kg, m_H = {limit.body_kg:g} kg",
            f"mu = 1 / (1 / m_H + 1 / m_R) = {limit.reduced_kg:.6g} kg",
            f"E = F^2 / 2k = {limit.energy_j:.6g} J; v is the speed of both towards each other",
        ),
        source=PFL, edition="2016", warnings=tuple(_pfl_warnings(region, limit, quasi_static)),
    )  # fmt: skip


def _pfl_warnings(asked: str, limit: contact.ContactLimit, quasi_static: bool) -> list[str]:
    warnings = []
    if not limit.known:
        warnings.append(
            f"{asked!r} is no body region known here: the lowest of all counts, {limit.region}; "
            f"known: {', '.join(REGIONS)}"
        )
    if limit.pressure_force_n == math.inf:
        warnings.append("no area given: the pressure is not judged, so nothing pointed may touch")
    if limit.area_flagged:
        warnings.append("the area is larger than 1 cm2, beyond which the pressures say little")
    if limit.region in contact.TABLE_A4_J:
        least_j = contact.TABLE_A4_J[limit.region]
        warnings.append(
            f"Table A.4 states {least_j:g} J for {limit.region}, less than A.2 and A.3 give; "
            "A.2 and A.3 govern here"
        )
    if limit.location == "radial_bone":
        warnings.append("one source counts the radial bone to the upper arm, with 150 N")
    if quasi_static:
        warnings.append("who is clamped cannot recoil: measure force and pressure on the cell too")
    return warnings


def _slow(human_speed_mps: float) -> list[str]:
    """Return a warning where a person is taken for slower than the standard assumes."""
    if human_speed_mps >= iso13855.WALK_MPS:
        return []
    return ["v_h below 1.6 m/s holds only where the person's speed is monitored"]
