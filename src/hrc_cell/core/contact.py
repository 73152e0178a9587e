"""How fast an arm may be where it may touch a person: power and force limiting.

    v = F / sqrt(mu k),   mu = 1 / (1 / m_H + 1 / m_R),   m_R = M / 2 + m_L,   E = F^2 / 2k

F is what the region bears: the force of Table A.2 or, where the area A of the contact is given, its
pressure p times A, whichever is less. Spring k and mass m_H of the region: Table A.3. v is the
speed of arm and person towards each other. Both p and F are those of contact that lasts
(quasi-static, somebody is clamped); contact that ends by itself (transient) is allowed twice both.
For skull, forehead and face a transient limit is not defined and contact is not permissible: no
speed, whatever the contact. Of a region that is not known the lowest of all others counts.

Source: ISO/TS 15066:2016, Annex A, by way of public secondary sources; check against a licensed
copy. The sources are at odds in two places, and this is what governs here:

- The energies of Table A.4 do not all follow from A.2 and A.3 (`TABLE_A4_J`: hand, neck and lower
  leg are less than (2 F)^2 / 2k, as if F were 135, 145 and 125 N). A.2 and A.3 govern.
- One source puts the radial bone with the upper arm (150 N). Here it is with the lower arm (160 N).

The pressures were taken with a probe of 1.4 cm edge; above an area of 1 cm2 p A says little, and
what names such an area is flagged. Quasi-static contact is judged with the same two masses; what
is clamped cannot recoil, so it has to be measured on the cell as well.

kg, N, N/m, m/s, J; areas cm2 and pressures N/cm2 as in the tables.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.settings.contact import HEAD, REGIONS

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike

UNKNOWN = -1
"""The code of a region that is not known."""
TRANSIENT_RATIO = 2.0
AREA_FLAGGED_CM2 = 1.0
LIGHTEST_KG = 1e-3
"""An arm that is said to be lighter is one whose mass is not known."""
BY_FORCE = "ISO/TS 15066 A.2 force, A.3 spring and mass"
BY_PRESSURE = "ISO/TS 15066 A.2 pressure, A.3 spring and mass"


class Location(NamedTuple):
    """A body location of Table A.2: what it bears in quasi-static contact. D: dominant hand."""

    name: str
    region: str
    pressure_npcm2: float
    force_n: float


class Tissue(NamedTuple):
    """A body region of Table A.3."""

    spring_npm: float
    mass_kg: float


LOCATIONS = (
    Location("middle_of_forehead", "skull_forehead", 130.0, 130.0),
    Location("temple", "skull_forehead", 110.0, 130.0),
    Location("masticatory_muscle", "face", 110.0, 65.0),
    Location("neck_muscle", "neck", 140.0, 150.0),
    Location("seventh_neck_muscle", "neck", 210.0, 150.0),
    Location("shoulder_joint", "back_shoulders", 160.0, 210.0),
    Location("fifth_lumbar_vertebra", "back_shoulders", 210.0, 210.0),
    Location("sternum", "chest", 120.0, 140.0),
    Location("pectoral_muscle", "chest", 170.0, 140.0),
    Location("abdominal_muscle", "abdomen", 140.0, 110.0),
    Location("pelvic_bone", "pelvis", 210.0, 180.0),
    Location("deltoid", "upper_arm", 190.0, 150.0),
    Location("humerus", "upper_arm", 220.0, 150.0),
    Location("radial_bone", "lower_arm", 190.0, 160.0),
    Location("forearm_muscle", "lower_arm", 180.0, 160.0),
    Location("arm_nerve", "lower_arm", 180.0, 160.0),
    Location("forefinger_pad_d", "hand", 300.0, 140.0),
    Location("forefinger_pad_nd", "hand", 270.0, 140.0),
    Location("forefinger_end_joint_d", "hand", 280.0, 140.0),
    Location("forefinger_end_joint_nd", "hand", 220.0, 140.0),
    Location("thenar_eminence", "hand", 200.0, 140.0),
    Location("palm_d", "hand", 260.0, 140.0),
    Location("palm_nd", "hand", 260.0, 140.0),
    Location("back_of_hand_d", "hand", 200.0, 140.0),
    Location("back_of_hand_nd", "hand", 190.0, 140.0),
    Location("thigh_muscle", "thigh_knee", 250.0, 220.0),
    Location("kneecap", "thigh_knee", 220.0, 220.0),
    Location("middle_of_shin", "lower_leg", 220.0, 130.0),
    Location("calf_muscle", "lower_leg", 210.0, 130.0),
)
"""Table A.2, its 29 body locations."""

TISSUES = {
    "skull_forehead": Tissue(150e3, 4.4),
    "face": Tissue(75e3, 4.4),
    "neck": Tissue(50e3, 1.2),
    "back_shoulders": Tissue(35e3, 40.0),
    "chest": Tissue(25e3, 40.0),
    "abdomen": Tissue(10e3, 40.0),
    "pelvis": Tissue(25e3, 40.0),
    "upper_arm": Tissue(30e3, 3.0),
    "lower_arm": Tissue(40e3, 2.0),
    "hand": Tissue(75e3, 0.6),
    "thigh_knee": Tissue(50e3, 75.0),
    "lower_leg": Tissue(60e3, 75.0),
}
"""Table A.3."""

TABLE_A4_J = {"hand": 0.49, "neck": 0.84, "lower_leg": 0.52}
"""Energies of Table A.4 that are less than what follows from A.2 and A.3. They do not govern."""

_OTHER_NAMES = {
    "skull_forehead": "head skull forehead scalp skull_and_forehead",
    "face": "eye eyes ear ears nose mouth cheek chin jaw",
    "back_shoulders": "back shoulder shoulders back_and_shoulders",
    "upper_arm": "upper_arms elbow upper_arm_elbow upper_arms_and_elbow_joints",
    "lower_arm": "lower_arms forearm wrist lower_arm_wrist lower_arms_and_wrist_joints",
    "hand": "hands finger fingers hand_fingers hands_and_fingers",
    "thigh_knee": "thigh thighs knee knees thighs_and_knees",
    "lower_leg": "lower_legs shin calf",
}
ALIASES = {other: region for region, names in _OTHER_NAMES.items() for other in names.split()}
"""Other names of regions."""

_BY_NAME = {location.name: location for location in LOCATIONS}
_SPRING_NPM = np.array([TISSUES[region].spring_npm for region in REGIONS])
_MASS_KG = np.array([TISSUES[region].mass_kg for region in REGIONS])
_FORCE_N = np.array([min(at.force_n for at in LOCATIONS if at.region == r) for r in REGIONS])
_PRESSURE_NPCM2 = np.array(
    [min(at.pressure_npcm2 for at in LOCATIONS if at.region == r) for r in REGIONS]
)
_TOUCHABLE = np.array([region not in HEAD for region in REGIONS])


class ContactLimit(NamedTuple):
    """A speed limit of one region, and the numbers behind it."""

    region: str
    location: str  # "" where the whole region is meant
    known: bool  # false: nobody knew the region asked for, and this is the lowest of all
    speed_mps: float
    force_n: float  # the force that governs
    table_force_n: float  # of Table A.2, doubled in transient contact
    pressure_force_n: float  # p A, inf where no area is given
    pressure_npcm2: float  # of Table A.2, doubled in transient contact
    spring_npm: float
    body_kg: float
    reduced_kg: float  # mu
    energy_j: float
    table: str  # which table governs
    area_flagged: bool


def plain_name(name: str) -> str:
    """Return a name as the tables here write it.

    >>> plain_name(" Upper arm/elbow ")
    'upper_arm_elbow'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def region_code(name: str) -> int:
    """Return the place of a region in REGIONS, UNKNOWN for a name that is none.

    Takes other names of regions and body locations, too.

    >>> REGIONS[region_code("kneecap")], region_code("") == UNKNOWN
    ('thigh_knee', True)
    """
    plain = plain_name(name)
    region = _BY_NAME[plain].region if plain in _BY_NAME else ALIASES.get(plain, plain)
    return REGIONS.index(region) if region in REGIONS else UNKNOWN


def contact_speed_mps(
    region: npt.ArrayLike,
    *,
    effective_mass_kg: Like,
    quasi_static: bool,
    area_cm2: Like | None = None,
) -> Array:
    """Return (...) the greatest speed of contact with regions (...), by their codes.

    A code that is none of REGIONS has the lowest speed of all regions that may be touched; head
    and face have 0. Everything has 0 where the mass m_R is not finite or below LIGHTEST_KG, or an
    area not finite or not above 0. Without an area only the force counts.

    >>> speed = contact_speed_mps(region_code("hand"), effective_mass_kg=10.0, quasi_static=False)
    >>> round(float(speed), 4)
    1.359
    """
    code = np.asarray(region)
    speeds = _speeds_mps(effective_mass_kg, quasi_static, area_cm2)
    lowest = np.where(_TOUCHABLE, speeds, np.inf).min(axis=-1)
    known = (code >= 0) & (code < len(REGIONS))
    whole = np.where(known, code, UNKNOWN).astype(np.int64)
    code, lowest = np.broadcast_arrays(whole, lowest)
    every = np.broadcast_to(speeds, (*code.shape, len(REGIONS)))
    own = np.take_along_axis(every, np.maximum(code, 0)[..., None], axis=-1)[..., 0]
    return np.where(code == UNKNOWN, lowest, own)


def contact_limit(
    name: str,
    *,
    effective_mass_kg: float,
    quasi_static: bool,
    area_cm2: float | None = None,
) -> ContactLimit:
    """Return the limit of one region or body location, with every number behind it.

    A body location is judged with its own force and pressure, a region with the least of its
    locations. Of a name that is neither, the region with the lowest speed is returned. Raises
    ValueError where contact is not permissible, and where the mass is not a number of at least
    LIGHTEST_KG or the area not a number above 0.
    """
    if not LIGHTEST_KG <= effective_mass_kg < math.inf:
        raise ValueError(f"m_R = {effective_mass_kg:g} kg must be at least {LIGHTEST_KG:g} kg")
    if area_cm2 is not None and not 0.0 < area_cm2 < math.inf:
        raise ValueError(f"A = {area_cm2:g} cm2 must be a number above 0")
    code = region_code(name)
    known = code != UNKNOWN
    if not known:
        speeds = _speeds_mps(effective_mass_kg, quasi_static, area_cm2)
        code = int(np.where(_TOUCHABLE, speeds, np.inf).argmin())
    region = REGIONS[code]
    if not _TOUCHABLE[code]:
        raise ValueError(
            f"{region}: contact with skull, forehead or face is not permissible, at no speed; "
            "exclude it by design or by separation"
        )
    location = _BY_NAME.get(plain_name(name))
    more = 1.0 if quasi_static else TRANSIENT_RATIO
    table_n = more * (location.force_n if location else float(_FORCE_N[code]))
    pressure = more * (location.pressure_npcm2 if location else float(_PRESSURE_NPCM2[code]))
    pressed_n = math.inf if area_cm2 is None else pressure * area_cm2
    force_n = min(table_n, pressed_n)
    spring, body_kg = TISSUES[region]
    reduced_kg = 1.0 / (1.0 / body_kg + 1.0 / effective_mass_kg)
    return ContactLimit(
        region=region,
        location=location.name if location else "",
        known=known,
        speed_mps=force_n / math.sqrt(reduced_kg * spring),
        force_n=force_n,
        table_force_n=table_n,
        pressure_force_n=pressed_n,
        pressure_npcm2=pressure,
        spring_npm=spring,
        body_kg=body_kg,
        reduced_kg=reduced_kg,
        energy_j=force_n**2 / (2.0 * spring),
        table=BY_PRESSURE if pressed_n < table_n else BY_FORCE,
        area_flagged=area_cm2 is not None and area_cm2 > AREA_FLAGGED_CM2,
    )


def _speeds_mps(mass_kg: Like, quasi_static: bool, area_cm2: Like | None) -> Array:
    """Return (..., 12) the speed of every region, 0 for the head and where anything is unknown."""
    mass = np.asarray(mass_kg, np.float64)[..., None]
    area = np.asarray(np.inf if area_cm2 is None else area_cm2, np.float64)[..., None]
    known = np.isfinite(mass) & (mass >= LIGHTEST_KG)
    if area_cm2 is not None:
        known = known & np.isfinite(area) & (area > 0.0)
    reduced = 1.0 / (1.0 / _MASS_KG + 1.0 / np.where(known, mass, 1.0))
    with np.errstate(over="ignore"):
        force = np.minimum(_FORCE_N, _PRESSURE_NPCM2 * np.where(known, area, 1.0))
    more = 1.0 if quasi_static else TRANSIENT_RATIO
    return np.where(known & _TOUCHABLE, more * force / np.sqrt(reduced * _SPRING_NPM), 0.0)
