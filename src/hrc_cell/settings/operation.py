"""The task, the page, the record and the simulated cell."""

import ipaddress
from dataclasses import dataclass

from hrc_cell.settings.schema import setting

LANGUAGES = ("en", "vi", "ja", "id", "ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """What the cell works on."""

    recipe: str = setting("recipe run after start, a file name in recipes/", pattern="[a-z0-9_]+")
    repeat: bool = setting("again and again")
    autorun: bool = setting("begin it with each start of the cell while no run is under way")
    step_retry_max: int = setting("failed robot steps tried again before asking", low=0, high=10)
    sensors_timeout_s: float = setting(
        "part sensors silent for longer count as unknown", unit="s", low=0.1, high=10.0
    )
    pull_current_a: float = setting(
        "a motor's current that changes by so much at an offer may be a person's pull", unit="A",
        low=0.02, high=5.0, default=0.15,
    )  # fmt: skip
    pull_sigmas: float = setting(
        "and by so many standard deviations of its rest", unit="1", low=3.0, high=20.0, default=6.0
    )
    pull_drift_a: float = setting(
        "and its rest may change by so much from sample to sample of motor_states (10 Hz)",
        unit="A", low=0.0, high=0.1, default=0.01,
    )  # fmt: skip
    pull_rest_samples: int = setting(
        "of motor_states (10 Hz) from which the rest is learned when the arm has come",
        low=5, high=100, default=10,
    )  # fmt: skip
    pull_samples: int = setting("in a row that make a pull", low=1, high=20, default=2)


def is_loopback(host: str) -> bool:
    """Return whether an address or name is this machine's own; a name that is not known is not.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSettings:
    """The operator page."""

    host: str = setting("address to listen on; loopback unless you decide otherwise")
    port: int = setting("port; 0 takes a free one", low=0, high=65535)
    language: str = setting("first language of the page", choices=LANGUAGES)
    rate_hz: float = setting("updates of the page", unit="Hz", low=1.0, high=30.0)
    hold_s: float = setting("how long to hold for a confirmation", unit="s", low=0.8, high=2.0)
    challenge_s: float = setting(
        "an armed confirmation is void after this", unit="s", low=2.0, high=60.0
    )
    stale_s: float = setting("data older than this are marked", unit="s", low=0.2, high=5.0)
    lost_s: float = setting(
        "and after this the connection counts as lost", unit="s", low=1.0, high=30.0
    )
    idle_lock_s: float = setting(
        "nobody touches the page for so long: a confirmation needs the PIN again", unit="s",
        low=10.0, high=3600.0, source="IEC 62443-3-3 SR 2.5 (check against a licensed copy)",
        default=120.0,
    )  # fmt: skip
    andon_acknowledge_s: float = setting(
        "a call for a person that nobody took for so long escalates", unit="s", low=10.0,
        high=3600.0, default=60.0,
    )  # fmt: skip
    andon_second_s: float = setting(
        "and one that is not resolved so long after it was called", unit="s", low=30.0,
        high=14400.0, default=300.0,
    )  # fmt: skip
    andon_third_s: float = setting("and once more", unit="s", low=60.0, high=86400.0, default=900.0)
    names: tuple[str, ...] = setting(
        "further names under which tablets open the page", pattern="[a-z0-9][a-z0-9.-]*",
        default=(),
    )  # fmt: skip
    tls_certificate: str = setting(
        "PEM file of the page's certificate, from the state folder; empty: no TLS "
        "(hrc-cell tls make)", default="",
    )  # fmt: skip
    tls_key: str = setting("and of its key", default="")
    plain_http: bool = setting(
        "listen beyond this machine without TLS: PINs and cookies can be read on the network",
        default=False,
    )

    def __post_init__(self) -> None:
        if not self.andon_acknowledge_s <= self.andon_second_s <= self.andon_third_s:
            raise ValueError(
                f"andon_acknowledge_s = {self.andon_acknowledge_s:g} s, andon_second_s = "
                f"{self.andon_second_s:g} s and andon_third_s = {self.andon_third_s:g} s must not "
                "fall: a call escalates step by step"
            )
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError(
                "tls_certificate and tls_key belong together: name both, or neither for no TLS"
            )
        if not is_loopback(self.host) and not self.tls_certificate and not self.plain_http:
            raise ValueError(
                f"host = {self.host!r} is reached from other machines, but there is no TLS: PINs "
                "and the tablets' cookies could be read and used by anybody on that network. Set "
                "tls_certificate: tls/page.crt and tls_key: tls/page.key and run "
                "`hrc-cell tls make`, or say plain_http: true if that network is the cell's own"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """The record."""

    folder: str = setting(
        "where records and the journal go; empty: the user's state folder", default=""
    )
    size_max_mb: float = setting(
        "of one event file before the next is begun", unit="MB", low=1.0, high=10000.0
    )
    files_max: int = setting("oldest event files beyond this are deleted", low=2, high=100000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimPerson:
    """A simulated person."""

    behaviour: str = setting(
        "scripted: loops its path; random: wanders; waiting: stands until directed",
        choices=("scripted", "random", "waiting"),
    )
    path_m: tuple[tuple[float, ...], ...] = setting(
        "waypoints x, y; the first is where it starts", unit="m", low=-50.0, high=50.0
    )
    speed_mps: float = setting("walking speed", unit="m/s", low=0.1, high=2.5)
    pause_s: float = setting("rest at each waypoint", unit="s", low=0.0, high=600.0)
    height_m: float = setting("body height", unit="m", low=1.0, high=2.2)
    takes_parts: bool = setting(
        "comes by itself and takes a part that is offered, until directed", default=False
    )
    gives_parts: bool = setting(
        "brings the part that it carries to the open gripper that waits for it, until directed",
        default=False,
    )

    pull_n: float = setting(
        "pulls so hard at the offered part that its hand is at", unit="N", low=0.0, high=50.0,
        default=0.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if not self.path_m or any(len(point) != 2 for point in self.path_m):
            raise ValueError(
                f"path_m = {[list(point) for point in self.path_m]} m needs at least one point, "
                "where the person starts, and 2 numbers (x, y) for each"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimScanner:
    """How the simulated scanners see."""

    rate_hz: float = setting("scans per second", unit="Hz", low=1.0, high=100.0)
    beams: int = setting("beams per scan", low=16, high=4096)
    angle_rad: float = setting("field of view", unit="rad", low=0.1, high=6.2832)
    range_max_m: float = setting("range", unit="m", low=1.0, high=100.0)
    noise_std_m: float = setting("noise of a range", unit="m", low=0.0, high=0.2)
    dropout_ratio: float = setting("beams without an echo by chance", unit="1", low=0.0, high=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSettings:
    """The simulated cell."""

    seed: int = setting("of everything random", low=0, high=2**31 - 1)
    room: str = setting("MJCF file of floor, walls, table and tray, in sim/ or beside cell.yaml")
    physics_hz: float = setting("physics steps per second", unit="Hz", low=500.0, high=5000.0)
    scanner: SimScanner | None = setting(
        "the scanners' eyes; their places stand under scanners; null: the scans come from elsewhere"
    )
    people: tuple[SimPerson, ...] = setting("people in the cell; their ids count from 1")
    parts: int = setting("parts in the tray", low=1, high=12)
    feed_s: float = setting(
        "the first tray place empty for so long: the feeder moves the next part up",
        unit="s", low=0.0, high=60.0,
    )  # fmt: skip
    refill_s: float = setting(
        "no part left in tray and gripper for so long: somebody fills the tray again",
        unit="s", low=0.0, high=3600.0,
    )  # fmt: skip
    training: bool = setting(
        "a browser on the same machine is signed in by itself, as an operator called training; "
        "false: people sign in as at a real cell",
        default=False,
    )
