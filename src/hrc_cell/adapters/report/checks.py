"""What the report looks at in a cell that loads without a fault, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hrc_cell.adapters.report.stopping import standing_of
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.description_files import UNREAD
from hrc_cell.settings.signature import Signed

ISO13855 = "ISO 13855:2010, parallel approach: C = 1200 mm - 0.4 H, not below 850 mm"
CRAWL_M = 0.3
"""Under a plane higher than this somebody may crawl (ISO 13855:2010)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    name: str
    state: str  # "ok", "note" (a person must judge it), "wrong"
    found: str


def findings(cell: Cell, signed: Signed) -> Iterator[Finding]:
    """Yield every finding; the files themselves were checked before, or there is no report."""
    yield Finding(
        name="Files of the cell", state="ok",
        found="cell.yaml, zones.yaml, recipes and robot description: nothing wrong "
        "(hrc-cell config check)",
    )  # fmt: skip
    yield _signature(cell, signed)
    unread = [name for name, sha256 in cell.description.items() if sha256 == UNREAD]
    yield Finding(
        name="Files of the description", state="note" if unread else "ok",
        found=f"not read, so not hashed: {', '.join(unread)}" if unread
        else f"{len(cell.description)} files hashed: {', '.join(cell.description)}",
    )  # fmt: skip
    yield Finding(
        name="T_s and S_s", state="ok",
        found="not below what braking on the path and the gate take from full speed "
        "(checked when the cell is loaded)",
    )  # fmt: skip
    yield _stops(cell)
    yield from _intrusion(cell)
    yield from _budget(cell)


def _stops(cell: Cell) -> Finding:
    stops = cell.stopping
    if stops is None or not stops.measured:
        state, found = "note", declared_note(cell)
    else:
        state = "ok"
        count = sum(row.stops for joint in stops.joints for row in joint.rows)
        found = f"stopping.yaml: {count} stops, {standing_of(stops)}, {stops.software}"
    return Finding(name="Measured stops", state=state, found=found)


def declared_note(cell: Cell) -> str:
    """Return the note on stops that are only declared, "" where they were measured.

    A simulated cell may do without a table; its stops are declared all the same.
    """
    if cell.stopping is None:
        return "no stopping.yaml: safety.stopping_time_s and stopping_distance_m are declared"
    if cell.stopping.measured:
        return ""
    return "stopping.yaml: declared, not measured; hrc-cell measure stopping measures it"


def _signature(cell: Cell, signed: Signed) -> Finding:
    if signed.state == "signed":
        return Finding(name="Signature", state="ok", found=str(signed))
    runs = "it runs so, because it is simulated" if cell.file.simulated else "it does not run so"
    return Finding(
        name="Signature", state="note" if cell.file.simulated else "wrong",
        found=f"{signed}; {runs}",
    )  # fmt: skip


def _intrusion(cell: Cell) -> Iterator[Finding]:
    c = cell.file.safety.intrusion_m
    for scanner in cell.file.scanners:
        least = max(1.2 - 0.4 * scanner.z_m, 0.85)
        enough = c >= least - 1e-9
        yield Finding(
            name=f"C for scanner {scanner.name}", state="ok" if enough else "note",
            found=f"safety.intrusion_m = {c:g} m is {'not ' if enough else ''}below the "
            f"{least:.3f} m of a scan plane at {scanner.z_m:g} m ({ISO13855})",
        )  # fmt: skip
        if scanner.z_m > CRAWL_M:
            yield Finding(
                name=f"Plane of scanner {scanner.name}", state="note",
                found=f"{scanner.z_m:g} m is above {CRAWL_M:g} m: somebody may crawl under it",
            )  # fmt: skip


def _budget(cell: Cell) -> Iterator[Finding]:
    """Yield how the time-outs stand to T_r, within which a sample must have become braking."""
    safety = cell.file.safety
    t_r, period = safety.reaction_time_s, 1.0 / safety.rate_hz
    timeouts = [(f"scanners[{s.name}].timeout_s", s.timeout_s) for s in cell.file.scanners]
    timeouts += [("safety.joints_timeout_s", safety.joints_timeout_s)]
    for key, limit in timeouts:
        fits = limit + period <= t_r
        yield Finding(
            name=key, state="ok" if fits else "note",
            found=f"{limit:g} s and one permit period, {limit + period:g} s, "
            + (f"are within T_r = {t_r:g} s" if fits
               else f"are more than T_r = {t_r:g} s: the age of the sample stops the arm first"),
        )  # fmt: skip
    fits = safety.lease_s <= t_r
    yield Finding(
        name="safety.lease_s", state="ok" if fits else "note",
        found=f"{safety.lease_s:g} s is {'within' if fits else 'more than'} T_r = {t_r:g} s and "
        f"{safety.lease_s / period:.1f} permit periods long",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """One part of the way from a sample to the start of braking."""

    name: str
    time_s: float
    source: str


def delays(cell: Cell) -> Iterator[Delay]:
    """Yield the delays that the settings plan for; transport and computing come on top.

    How long a real scanner takes for a scan is no setting: such a cell's list begins without it.
    """
    file = cell.file
    if file.simulated and file.sim is not None and file.sim.scanner is not None:
        rate = file.sim.scanner.rate_hz
        yield Delay(name="one scan", time_s=1.0 / rate, source=f"sim.scanner.rate_hz = {rate:g} Hz")
    for name, key, rate in (
        ("one permit period", "safety.rate_hz", file.safety.rate_hz),
        ("one period of the executor", "motion.rate_hz", file.motion.rate_hz),
        ("one bus cycle", "bus.rate_hz", file.bus.rate_hz),
    ):
        yield Delay(name=name, time_s=1.0 / rate, source=f"{key} = {rate:g} Hz")


TO_TRY = (
    ("The emergency stop cuts the motors' power, whatever hrc_cell does.", ""),
    ("A person walks into each stop zone, on each way in: the arm stops.", ""),
    ("A person walks into each zone that slows: the arm slows to what the zone says.", ""),
    ("A person walks up to the moving arm: it stands before the distance is S_p.", "least [m]"),
    ("Each scanner is covered, then unplugged: the arm stops and stays stopped.", ""),
    ("Reset alone moves nothing; only start, a second act, does.", ""),
    ("The time from a stop to standstill at full speed and full load is below T_s.", "T_s [s]"),
    ("The way from a stop to standstill at full speed and full load is below S_s.", "S_s [m]"),
    ("The power of the arm is cut while it holds a part: what falls or sinks hurts nobody.", ""),
)
"""What a person must see on the running cell, and what is measured with it."""
