"""The numbers of the safety judgement. None has a default."""

from dataclasses import dataclass

from hrc_cell.settings.schema import setting

SSM = "ISO/TS 15066:2016 5.5.4.2.3 (check against a licensed copy)"
POSITION = "ISO 13855 (check against a licensed copy)"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area of the floor in which people change what the arm may do."""

    name: str = setting("name, unique", pattern="[a-z][a-z0-9_]*")
    kind: str = setting("what it does while a person is in it", choices=("stop", "slow"))
    polygon_m: tuple[tuple[float, ...], ...] = setting(
        "corners x, y in order, cell frame", unit="m", low=-50.0, high=50.0
    )
    speed_ratio: float = setting(
        "permitted in a slow zone; 0 in a stop zone", unit="1", low=0.0, high=1.0
    )
    restart: str = setting("after a person has left", choices=("automatic", "manual"))
    trigger_scans: int = setting("scans in a row with a person in it", low=1, high=10)
    release_scans: int = setting("scans in a row with nobody in it", low=1, high=100)
    margin_m: float = setting(
        "to leave it a person must be this far out", unit="m", low=0.0, high=2.0
    )

    def __post_init__(self) -> None:
        if len(self.polygon_m) < 3 or any(len(corner) != 2 for corner in self.polygon_m):
            raise ValueError("polygon_m needs at least 3 corners of 2 numbers (x, y) each")
        if self.kind == "stop" and self.speed_ratio != 0.0:
            raise ValueError("a stop zone has speed_ratio 0")
        if self.restart == "manual" and self.speed_ratio != 0.0:
            raise ValueError("restart: manual needs speed_ratio 0; a zone that slows stops nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSettings:
    """zones.yaml: the areas, and the outline that the page draws."""

    outline_m: tuple[tuple[float, ...], ...] = setting(
        "floor of the cell, corners x, y in order", unit="m", low=-50.0, high=50.0
    )
    handover_m: tuple[float, ...] = setting(
        "place on the floor where a person stands to take a part", unit="m",
        low=-50.0, high=50.0, length=2,
    )  # fmt: skip
    zones: tuple[Zone, ...] = setting("areas; the most restrictive counts")

    def __post_init__(self) -> None:
        names = [zone.name for zone in self.zones]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ValueError(f"zone {', '.join(double)} stands more than once")
        if len(self.outline_m) < 3 or any(len(corner) != 2 for corner in self.outline_m):
            raise ValueError("outline_m needs at least 3 corners of 2 numbers (x, y) each")
