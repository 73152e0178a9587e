"""`hrc-cell why`: the last stop of a cell, explained from its record, in words and as a picture."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.record.events import RECORDS, record_files
from hrc_cell.adapters.record.picture import draw
from hrc_cell.adapters.record.stops import Stop, last_stops
from hrc_cell.cli.arguments import count
from hrc_cell.cli.places import cell_folder, program, state_folder
from hrc_cell.cli.reasons import (
    TERMS,
    advice,
    clears,
    data_text,
    ending,
    headline,
    later,
    sentences,
    split,
)
from hrc_cell.cli.scene import plan_of
from hrc_cell.core.safety import State
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.schema import CellError

EXIT_WRONG_INPUT = 2
PICTURE = "why.svg"
NUMBERS = (
    "distance_m", "required_m", "oldest_sample_age_s", "human_speed_mps", "robot_speed_mps",
    "limit_mps", "stopping_time_s", "reaction_time_s",
)  # fmt: skip
NAMES = (
    "zone", "human_id", "body_part", "link", "oldest_source", "zone_set", "muted",
    "contact_region", "contact_table", "stop_category", "config_sha256",
)  # fmt: skip


def add_parser(subparsers: Any) -> None:
    """Add `why`."""
    parser = subparsers.add_parser(
        "why",
        help="explain the last stop of a cell, from its record",
        epilog=(
            "examples:\n  hrc-cell why\n  hrc-cell why my_cell --last 3\n"
            "  hrc-cell why --state-dir /var/lib/cell_2 --json --svg stop.svg"
        ),
    )
    parser.add_argument(
        "cell", nargs="?", help="folder, or name under config/ (default: that of the record)"
    )
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR",
        help="folder with records/ (default: the user's state folder of the cell)",
    )  # fmt: skip
    parser.add_argument("--last", type=count, default=1, metavar="N", help="so many stops")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--svg", type=Path, metavar="FILE",
        help=f"picture of the newest of them (default: {PICTURE} beside the records)",
    )  # fmt: skip
    parser.add_argument("--no-picture", action="store_true", help="write no picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain. Returns 0, 1 where there is no stop or no record to read, 2 for no such cell."""
    try:
        cell = _cell(args.cell) if args.cell or not args.state_dir else None
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    state = args.state_dir
    if cell is not None:
        state = cell.keep_folder(state or state_folder(cell.file.name))
    folder = state / RECORDS
    try:
        stops = last_stops(folder, args.last)
        found = len(record_files(folder))
    except OSError as error:
        print(f"the record cannot be read: {error}", file=sys.stderr)
        return 1
    if not stops:
        what = "holds no stop" if found else "is empty or does not exist"
        print(
            f"the record in {folder} {what}; start the cell with `{program()} up`, or name "
            "the folder that it keeps with --state-dir", file=sys.stderr,
        )  # fmt: skip
        return 1
    picture = None if args.no_picture else _picture(args.svg or state / PICTURE, stops[-1], cell)
    if args.json:
        told = [as_data(stop) for stop in stops]
        print(json.dumps({"stops": told, "picture": picture and str(picture)}, indent=2))
    else:
        print("\n\n".join("\n".join(explained(stop)) for stop in stops))
        if picture:
            print(f"\npicture: {picture}")
    return 0


def explained(stop: Stop) -> list[str]:
    """Return the explanation of a stop in English."""
    return sentences(stop, load_catalog("en").texts, datetime.now().astimezone().date())


def as_data(stop: Stop) -> dict[str, Any]:
    """Return a stop as JSON data; metres, seconds; null for what is not known."""
    data, texts = stop.first["data"], load_catalog("en").texts
    cause, culprit = split(stop.first)
    return {
        "stamp": stop.first.get("stamp"),
        "state": State(data["state"]).name,
        "cause": cause,
        "culprit": culprit,
        "clears": clears(stop.first),
        "terms": {key: data.get(key) for key in TERMS},
        **{key: data.get(key) for key in (*NUMBERS, *NAMES)},
        "moved_before": stop.before is not None,
        "later": [
            {"stamp": line.get("stamp"), "cause": line["data"].get("cause")} for line in later(stop)
        ],
        "lasted_s": round(stop.lasted_s, 3),
        "ended": stop.ended is not None,
        "advice": advice(stop.first, texts),
        "text": " ".join(explained(stop)),
    }


def _cell(named: str | None) -> Cell:
    return load_cell(cell_folder(named or "default"))


def _picture(path: Path, stop: Stop, cell: Cell | None) -> Path | None:
    """Write the picture and return its path; None where it cannot be written, which is told."""
    if cell is None:
        cell = _recorded(stop)
    texts, today = load_catalog("en").texts, datetime.now().astimezone().date()
    title = [headline(stop, texts, today, with_terms=False), data_text(stop.first), ending(stop)]
    chain = None if cell is None else load_description(cell).chain
    text = draw(plan_of(stop, cell, chain, title, texts))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"no picture: {error}", file=sys.stderr)
        return None
    return path


def _recorded(stop: Stop) -> Cell | None:
    """Return the cell that a record is of, where its files are still there."""
    for key in ("folder", "cell"):
        try:
            return _cell(str(stop.about[key]))
        except (KeyError, CellError, FileNotFoundError):
            continue
    return None
