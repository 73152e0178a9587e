"""Contact between arm and person that a step allows: power and force limiting.

The names of the body regions stand here, so that recipes can name them. What a region bears stands
in `hrc_cell.core.contact`. Contact with skull, forehead or face is never permissible, and no
setting can allow it.
"""

from dataclasses import dataclass

from hrc_cell.settings.schema import setting

PFL = "ISO/TS 15066:2016 Annex A (check against a licensed copy)"
REGIONS = (
    "skull_forehead", "face", "neck", "back_shoulders", "chest", "abdomen", "pelvis", "upper_arm",
    "lower_arm", "hand", "thigh_knee", "lower_leg",
)  # fmt: skip
"""The body regions of ISO/TS 15066, Annex A, from the head down."""
HEAD = ("skull_forehead", "face")
"""Regions that may never be touched."""
ANY = "any"
"""A step that may touch whatever but the head: the limit is the lowest of all regions."""
TOUCHABLE = (*(region for region in REGIONS if region not in HEAD), ANY)
"""What a step may name as its contact region."""


def robot_mass_kg(*, moving_mass_kg: float, payload_kg: float) -> float:
    """Return m_R = M / 2 + m_L, the mass with which the arm meets a person.

    >>> robot_mass_kg(moving_mass_kg=16.0, payload_kg=2.0)
    10.0
    """
    return moving_mass_kg / 2.0 + payload_kg


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSettings:
    """Power and force limiting in the steps that allow contact."""

    moving_mass_kg: float = setting(
        "M, mass of the moving parts of the arm; half of it counts", unit="kg", low=0.1,
        high=1000.0, source=PFL,
    )  # fmt: skip
    payload_kg: float = setting(
        "m_L, the heaviest tool and part together that the arm moves", unit="kg", low=0.0,
        high=1000.0, source=PFL,
    )  # fmt: skip
    head_low_m: float = setting(
        "a head may be above this height, so no link touches anybody there", unit="m", low=0.3,
        high=2.5,
    )  # fmt: skip
    kind: str = setting(
        "transient: whoever is touched can recoil, in every pose of the step; quasi_static: "
        "somebody may be clamped", choices=("transient", "quasi_static"), source=PFL,
    )  # fmt: skip
    area_cm2: float | None = setting(
        "smallest area that may touch, for the limit on pressure; left out: only the force counts, "
        "which is right where no edge, corner or tip can touch. The pressures hold up to 1 cm2: "
        "for a larger area write 1",
        unit="cm2", low=0.01, high=1.0, source=PFL, default=None,
    )  # fmt: skip

    @property
    def effective_mass_kg(self) -> float:
        """Return m_R."""
        return robot_mass_kg(moving_mass_kg=self.moving_mass_kg, payload_kg=self.payload_kg)
