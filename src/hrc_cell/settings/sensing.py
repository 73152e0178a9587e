"""The scanners, the tracker of people, and body trackers beside them."""

from dataclasses import dataclass

from hrc_cell.settings.contact import REGIONS
from hrc_cell.settings.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One laser scanner, upright, its scan plane parallel to the floor."""

    name: str = setting("its topic is scanners/<name>/scan", pattern="[a-z][a-z0-9_]*")
    frame: str = setting(
        "frame_id of its scans, another is no scan of this scanner; empty: its name", default=""
    )
    x_m: float = setting("position in the cell frame", unit="m", low=-50.0, high=50.0)
    y_m: float = setting("position in the cell frame", unit="m", low=-50.0, high=50.0)
    z_m: float = setting("height of the scan plane", unit="m", low=0.0, high=1.0)
    yaw_rad: float = setting("heading of its zero beam", unit="rad", low=-3.15, high=3.15)
    timeout_s: float = setting(
        "silent for longer: the scanner counts as lost", unit="s", low=0.01, high=0.5
    )
    beams_valid_min_ratio: float = setting(
        "fewer beams with an echo: the scanner counts as blind", unit="1", low=0.0, high=1.0
    )

    @property
    def frame_id(self) -> str:
        """Return what its scans say they are of."""
        return self.frame or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """From beams to people."""

    background_s: float = setting(
        "time of looking at the empty cell after start", unit="s", low=0.2, high=600.0
    )
    background_margin_m: float = setting(
        "an echo this far from the background is something new", unit="m", low=0.02, high=1.0
    )
    background_present_ratio: float = setting(
        "a range seen in more than this part of the time is background", unit="1",
        low=0.0, high=0.99,
    )  # fmt: skip
    background_window_s: float = setting(
        "one glimpse within this time counts as seen all the time", unit="s", low=0.1, high=10.0
    )
    background_unlearn_s: float = setting(
        "background seen through for this long was none", unit="s", low=0.5, high=600.0
    )
    background_file: str = setting(
        "learned background, a file in the state folder (delete it to learn anew); empty: learn at "
        "each start",
        default="",
    )
    cluster_gap_m: float = setting(
        "beams farther apart belong to different things", unit="m", low=0.02, high=1.0
    )
    cluster_beams_min: int = setting("fewer beams are noise, unless far away", low=1, high=50)
    leg_radius_m: float = setting("radius of a leg at the scan plane", unit="m", low=0.02, high=0.2)
    leg_width_max_m: float = setting("what is wider is not one leg", unit="m", low=0.1, high=0.5)
    person_radius_m: float = setting(
        "legs within this of a person's centre are that person's", unit="m", low=0.1, high=1.5
    )
    confirm_scans: int = setting("seen less often: perhaps noise", low=1, high=50)
    confirm_s: float = setting("seen for less time: perhaps noise", unit="s", low=0.0, high=5.0)
    confirm_gap_s: float = setting(
        "unseen for longer: the evidence is gathered anew", unit="s", low=0.02, high=2.0
    )
    confirm_moved_m: float = setting(
        "who has moved this far is a person", unit="m", low=0.05, high=5.0
    )
    confirm_legs_s: float = setting(
        "what looks like two legs for this long is a person", unit="s", low=0.1, high=60.0
    )
    forget_s: float = setting(
        "not seen for this long: no longer followed where the person would have walked, but kept "
        "as hidden wherever the person may be, until that place is seen empty", unit="s",
        low=0.1, high=60.0,
    )  # fmt: skip
    hide_s: float = setting(
        "not seen for this long: from now on it counts where the person may be hidden", unit="s",
        low=0.05, high=1.0,
    )  # fmt: skip
    hidden_cell_m: float = setting(
        "side of the squares of floor in which a hidden person may be", unit="m",
        low=0.05, high=0.25,
    )  # fmt: skip
    hidden_margin_m: float = setting(
        "who is hidden farther outside of the outline than this has left the cell", unit="m",
        low=0.0, high=5.0,
    )  # fmt: skip
    hidden_unconfirmed_s: float = setting(
        "what was never confirmed as a person and is not seen for longer was noise", unit="s",
        low=1.0, high=3600.0,
    )  # fmt: skip
    filled_m: tuple[tuple[float, ...], ...] = setting(
        "boxes of the floor (x and y of one corner, x and y of the opposite one) so filled that "
        "nobody can be there unseen", unit="m", low=-50.0, high=50.0, default=(),
    )  # fmt: skip
    background_lost_s: float = setting(
        "a beam that neither sees its background nor is hidden by a person for longer has lost it",
        unit="s", low=0.2, high=10.0,
    )  # fmt: skip
    background_min_ratio: float = setting(
        "fewer of the beams that can tell see their background: the scanner counts as blocked",
        unit="1", low=0.0, high=1.0,
    )  # fmt: skip
    background_gap_rad: float = setting(
        "a wider sector has lost its background: the scanner counts as blocked", unit="rad",
        low=0.02, high=6.3,
    )  # fmt: skip
    moved_gain_ratio: float = setting(
        "turned by some angle the background explains so many more beams: the scanner counts as "
        "moved", unit="1", low=0.02, high=1.0,
    )  # fmt: skip
    window_near_m: float = setting(
        "an echo nearer than this comes from the scanner's own window, not from a person",
        unit="m", low=0.0, high=0.5,
    )  # fmt: skip
    acceleration_std_mps2: float = setting(
        "how suddenly people change speed", unit="m/s2", low=0.1, high=20.0
    )
    acceleration_held_s: float = setting("for how long they do so", unit="s", low=0.01, high=2.0)
    range_std_m: float = setting(
        "noise of a leg's position", unit="m", low=0.001, high=0.5, source="scanner data sheet"
    )
    stride_std_m: float = setting(
        "from one leg to the middle of the person", unit="m", low=0.01, high=0.5
    )
    speed_std_mps: float = setting(
        "speed of a person just seen for the first time", unit="m/s", low=0.1, high=5.0
    )
    gate_sigmas: float = setting(
        "what lies this many standard deviations from where a person is foreseen may be that "
        "person's, beyond person_radius_m and up to twice it; farther is a jump", unit="1",
        low=1.0, high=6.0,
    )  # fmt: skip
    radius_fall_mps: float = setting(
        "the radius around a person grows at once and shrinks no faster: a leg hidden for a step "
        "counts", unit="m/s", low=0.0, high=2.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for corners in self.filled_m:
            if len(corners) != 4:
                raise ValueError(
                    f"filled_m: {list(corners)} m is no box; it needs 4 numbers, x and y of one "
                    "corner and x and y of the opposite one"
                )
        if self.hide_s > self.forget_s:
            raise ValueError(
                f"hide_s = {self.hide_s} s is longer than forget_s = {self.forget_s} s: a person "
                "would be forgotten before it counts where the person may be hidden"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySource:
    """One body tracker: sees limbs of people whom the scanners see by the legs alone."""

    name: str = setting("its topic is bodies/<name>", pattern="[a-z][a-z0-9_]*")
    timeout_s: float = setting(
        "a body seen longer ago does not stand for a person", unit="s", low=0.01, high=0.5
    )
    forget_s: float = setting(
        "a body seen longer ago is gone, where no scanner sees anybody", unit="s",
        low=0.1, high=60.0,
    )  # fmt: skip
    match_m: float = setting(
        "a body farther than this from where the scanners see a person, centre to centre, is "
        "another's", unit="m", low=0.05, high=1.0,
    )  # fmt: skip
    regions: tuple[str, ...] = setting(
        "parts without which a body is not whole; one that stands twice must be seen twice",
        choices=REGIONS,
    )

    def __post_init__(self) -> None:
        if not self.regions:
            raise ValueError(
                "regions is empty: any part would stand for the whole person; name every region "
                "that must be seen, those with a left and a right twice"
            )
        if self.forget_s < self.timeout_s:
            raise ValueError(
                f"forget_s = {self.forget_s:g} s is less than timeout_s = {self.timeout_s:g} s: "
                "a body that still counts cannot be gone"
            )
