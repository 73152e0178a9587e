"""The numbers of the safety judgement. None has a default."""

from dataclasses import dataclass

from hrc_cell.settings.schema import setting

SSM = "ISO/TS 15066:2016 5.5.4.2.3 (check against a licensed copy)"
POSITION = "ISO 13855 (check against a licensed copy)"
MANUAL = "ISO 10218-1, manual mode at reduced speed (check against a licensed copy)"
MANUAL_SPEED_MPS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySettings:
    """Speed and separation monitoring."""

    rate_hz: float = setting("judgements per second", unit="Hz", low=10.0, high=1000.0)
    lease_s: float = setting("a permit is void after this", unit="s", low=0.01, high=0.2)
    reaction_time_s: float = setting(
        "T_r, from the sensor's sample to the start of braking", unit="s", low=0.01, high=2.0,
        source=SSM,
    )  # fmt: skip
    stopping_time_s: float = setting(
        "T_s, from the start of braking at full speed to standstill", unit="s", low=0.01, high=5.0,
        source="measured on the arm",
    )  # fmt: skip
    stopping_distance_m: float = setting(
        "S_s, the farthest that any point moves while stopping from full speed", unit="m",
        low=0.001, high=5.0, source="measured on the arm",
    )  # fmt: skip
    human_speed_mps: float = setting(
        "v_h, assumed even when slower is seen", unit="m/s", low=1.6, high=4.0, source=POSITION
    )
    human_speed_near_mps: float = setting(
        "v_h within near_distance_m", unit="m/s", low=2.0, high=4.0, source=POSITION
    )
    near_distance_m: float = setting(
        "people nearer than this count as reaching", unit="m", low=0.5, high=5.0, source=POSITION
    )
    intrusion_m: float = setting(
        "C, reach past what the scanner sees", unit="m", low=0.0, high=2.0, source=POSITION
    )
    body_intrusion_m: float = setting(
        "C of a body that a body tracker sees in parts",
        unit="m",
        low=0.0,
        high=2.0,
        source=POSITION,
    )
    foresight_s: float = setting(
        "the arm gives way to where people will be in this time if they walk on; 0: it does not",
        unit="s", low=0.0, high=1.0,
    )  # fmt: skip
    human_uncertainty_m: float = setting(
        "Z_d, added to what the tracker states", unit="m", low=0.0, high=1.0,
        source="scanner data sheet",
    )  # fmt: skip
    human_sigmas: float = setting(
        "standard deviations of the tracked position that Z_d counts", unit="1", low=1.0, high=5.0
    )
    robot_uncertainty_m: float = setting(
        "Z_r", unit="m", low=0.0, high=1.0, source="arm and motor data sheet"
    )
    person_height_m: float = setting(
        "height of the envelope around a person seen by the legs", unit="m", low=1.5, high=2.5
    )
    resume_margin_m: float = setting(
        "after a standstill the room must be this much more than required", unit="m",
        low=0.0, high=2.0,
    )  # fmt: skip
    resume_after_s: float = setting("and stay so for this long", unit="s", low=0.0, high=10.0)
    ratio_rise_per_s: float = setting(
        "the permitted speed ratio rises no faster", unit="1/s", low=0.05, high=20.0
    )
    ratio_min: float = setting(
        "a permitted ratio below this is taken as 0", unit="1", low=0.0, high=0.5
    )
    inputs_timeout_s: float = setting(
        "operator box silent for longer: fault", unit="s", low=0.02, high=2.0
    )
    node_timeout_s: float = setting(
        "a node of the cell without a heartbeat for longer: fault", unit="s", low=0.2, high=5.0
    )
    joints_timeout_s: float = setting(
        "joint states older than this: fault", unit="s", low=0.005, high=0.5
    )
    inputs_discrepancy_s: float = setting(
        "the two channels of an input differ for longer: fault", unit="s", low=0.02, high=2.0
    )
    manual_speed_max_mps: float = setting(
        "no point of the arm faster in manual mode", unit="m/s", low=0.01, high=MANUAL_SPEED_MPS,
        source=MANUAL,
    )  # fmt: skip
    manual_speed_tolerance_mps: float = setting(
        "measured faster than manual_speed_max_mps by more than this: stop; both together at most "
        f"{MANUAL_SPEED_MPS:g} m/s", unit="m/s", low=0.0, high=0.1, source=MANUAL,
    )  # fmt: skip

    def __post_init__(self) -> None:
        greatest_mps = self.manual_speed_max_mps + self.manual_speed_tolerance_mps
        if greatest_mps > MANUAL_SPEED_MPS + 1e-9:
            raise ValueError(
                "manual_speed_max_mps and manual_speed_tolerance_mps together are "
                f"{greatest_mps:g} m/s, above {MANUAL_SPEED_MPS:g} m/s: lower one of them"
            )
