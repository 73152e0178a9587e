"""What came of a campaign, and the file that `hrc-cell measure stopping` writes.

What was measured of an arm so far stands in stopping.part.yaml until every joint has its rows; only
then stopping.yaml is written, so a cell never starts with half a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from hrc_cell.settings.cell import read_table
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.stopping_table import StoppingTable

if TYPE_CHECKING:
    from hrc_cell.cli.stop_drives import Drive
    from hrc_cell.core.campaign import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A drive that could not be made, and why."""

    load_kg: float
    drive: Drive
    why: str


@dataclass(slots=True)
class Made:
    """What came of a campaign so far."""

    seen: list[Seen] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


def part_of(file: Path) -> Path:
    """Return where the rows of some joints wait for those of the others.

    >>> part_of(Path("cell/stopping.yaml")).as_posix()
    'cell/stopping.part.yaml'
    """
    return file.with_name(f"{file.stem}.part{file.suffix}")


def keep(
    file: Path, new: StoppingTable, joints: Sequence[str], *, add: bool
) -> tuple[StoppingTable, Path, list[str]]:
    """Write a table; `add`: to what was measured before. Returns all, where, and joints missing.

    What was measured before stands in the part of a table, or else in a whole one. What cannot be
    read is not added to.
    """
    from hrc_cell.core.campaign import merged

    part, old = part_of(file), None
    if add:
        old = _read(part) or _read(file)
    table = merged(new, old, joints)
    missing = [name for name in joints if name not in {joint.joint for joint in table.joints}]
    where = part if missing else file
    write_table(where, table)
    if not missing:
        part.unlink(missing_ok=True)
    return table, where, missing


def _read(file: Path) -> StoppingTable | None:
    try:
        return read_table(file) if file.exists() else None
    except CellError:
        return None


def write_table(file: Path, table: StoppingTable) -> None:
    """Write the table as YAML, one line for each row."""
    data = asdict(table)
    joints = data.pop("joints")
    lines = ["# Made by `hrc-cell measure stopping`. Meaning and units: docs/settings.md."]
    lines += yaml.safe_dump(data, sort_keys=False, width=1000).splitlines()
    lines.append("joints:")
    for joint in joints:
        lines += [f"  - joint: {joint['joint']}", "    rows:"]
        for row in joint["rows"]:
            text = yaml.safe_dump(row, sort_keys=False, default_flow_style=True, width=1000)
            lines.append(f"      - {text.strip()}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def print_table(table: StoppingTable) -> None:
    print("joint          rad/s     kg   T_s s  way rad | seen s  +- s   rad   +- rad  stops")
    for joint in table.joints:
        for row in joint.rows:
            print(
                f"{joint.joint:<12} {row.speed_radps:7.3f} {row.load_kg:6.3f} {row.time_s:7.3f} "
                f"{row.angle_rad:8.4f} | {row.time_greatest_s:.3f} {row.time_std_s:.4f} "
                f"{row.angle_greatest_rad:.4f} {row.angle_std_rad:.4f} {row.stops:5d}"
            )


def print_seen(seen: Sequence[Seen]) -> None:
    for stop in seen:
        print(
            f"{stop.joint} {stop.load_kg:g} kg ({stop.alike}): {stop.speed_radps:.3f} rad/s, "
            f"{stop.time_s:.3f} s, {stop.angle_rad:.4f} rad"
        )


def missed_rows(made: Made, speeds: Mapping[str, Sequence[float]]) -> set[tuple[str, float]]:
    """Return joint and speed of rows of which some kind of drive was never made with some load."""
    seen = {(stop.joint, stop.load_kg, stop.alike) for stop in made.seen}
    return {
        (lost.drive.name, speeds[lost.drive.name][lost.drive.row])
        for lost in made.lost
        if (lost.drive.name, lost.load_kg, lost.drive.alike) not in seen
    }
