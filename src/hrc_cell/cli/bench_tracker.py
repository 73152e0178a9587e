"""hrc-cell bench tracker: a recording of laser scans through the tracker of the live cell.

Two passes: the background is learned over the whole recording first, because recordings seldom
begin with an empty room; then the scans go through the same functions as in human_tracker, with
the settings of the cell. The scanner's own frame takes the place of the cell frame, and what it
sees of the empty room takes the place of the cell's outline.

Labels are lines `scan_stamp_ns,x_m,y_m` after a heading: centres of legs in the scanner's frame.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.record.scans import RecordingError, read_scans, scan_topics
from hrc_cell.cli.arguments import json_file
from hrc_cell.cli.places import cell_folder
from hrc_cell.core.background import learn
from hrc_cell.core.crowd import Crowd, attend
from hrc_cell.core.floor import background_reach_m, make_floor
from hrc_cell.core.hidden import circles
from hrc_cell.core.scan import Scan, beams_of, echoes_m, same_beams
from hrc_cell.core.tracking import People
from hrc_cell.core.view import ScannerState, View, known_view, look, scanner_state
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.sensing import Scanner, TrackerSettings

WARM_UP_S = 2.0
NEAR_M = 0.5
SAME_SCAN_S = 1e-3
PERIODS_UNSEEN = 2.5
FLOOR_MAX_M = 8.0
HUMAN_MPS = 2.0
"""How fast a hidden person may walk, where no cell says it."""
FAILED = 2

Labels = Mapping[float, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The people after each scan."""

    stamps_s: tuple[float, ...]
    people: tuple[People, ...]
    hidden: tuple[tuple[int, ...], ...]  # ids of those who are hidden
    states: tuple[ScannerState, ...]
    median_ms: float  # for one scan

    @property
    def confirmed(self) -> list[int]:
        """Return how many confirmed people there were after each scan."""
        return [sum(track.confirmed for track in people.tracks) for people in self.people]


def add_parser(subparsers: Any) -> None:
    """Add `bench tracker`."""
    parser = subparsers.add_parser(
        "tracker",
        help="play a recording of laser scans through the tracker of people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench tracker --scans my_recording --labels labels.csv",
    )
    parser.add_argument(
        "--scans", type=Path, required=True, metavar="FOLDER", help="bag folder or .mcap file"
    )
    parser.add_argument("--labels", type=Path, metavar="CSV", help="where legs really were")
    parser.add_argument(
        "--topic", metavar="NAME", help="LaserScan topic (default: the labels', else the busiest)"
    )
    parser.add_argument(
        "--cell", default="default", help="whose tracker: folder, or name under config/"
    )
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play, count and print. Returns 0, or 2 if something could not be read."""
    try:
        cell = load_cell(cell_folder(args.cell))
        labels = read_labels(args.labels) if args.labels else None
        topic = args.topic or choose_topic(args.scans, labels)
        recorded = sorted(read_scans(args.scans, topic), key=lambda scan: scan.stamp_s)
        scans = alike(recorded)
        settings = for_period(cell.file.tracker, period_s(scans))
        safety = cell.file.safety
        speed_mps = max(safety.human_speed_mps, safety.human_speed_near_mps)
        played = play(settings, scans, speed_mps=speed_mps)
        result = figures(settings, scans, played, labels)
        result |= {"topic": topic, "scans_skipped": len(recorded) - len(scans)}
    except (CellError, RecordingError, OSError) as error:
        print(f"hrc-cell bench tracker: {error}", file=sys.stderr)
        return FAILED
    print(_table(args, result, played))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def read_labels(path: Path) -> Labels:
    """Return the labelled legs by stamp [s]. Raises RecordingError naming the line."""
    legs: dict[float, list[tuple[float, float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                place = float(row["x_m"]), float(row["y_m"])
                legs.setdefault(int(row["scan_stamp_ns"]) * 1e-9, []).append(place)
            except (KeyError, TypeError, ValueError) as error:
                raise RecordingError(
                    f"{path}: {row} is not a label; expected the columns scan_stamp_ns,x_m,y_m"
                ) from error
    return legs


def choose_topic(recording: Path, labels: Labels | None) -> str:
    """Return the topic whose scans the labels belong to; without labels the one with most scans."""
    topics = list(scan_topics(recording))
    if labels is None or len(topics) == 1:
        return topics[0]
    stamps = np.array(sorted(labels))

    def labelled(topic: str) -> int:
        return sum(_nearest_s(stamps, s.stamp_s) is not None for s in read_scans(recording, topic))

    return max(topics, key=labelled)


def period_s(scans: Sequence[Scan]) -> float:
    """Return the median time [s] between scans, 0 for less than two."""
    steps_s = [later.stamp_s - scan.stamp_s for scan, later in pairwise(scans)]
    return statistics.median(steps_s) if steps_s else 0.0


def for_period(settings: TrackerSettings, scan_period_s: float) -> TrackerSettings:
    """Return the settings for so slow a scanner: a lost scan or two are no gap in what is seen."""
    gap_s = max(settings.confirm_gap_s, PERIODS_UNSEEN * scan_period_s)
    return replace(settings, confirm_gap_s=gap_s)


def _nearest_s(stamps: npt.NDArray[np.float64], stamp_s: float) -> float | None:
    """Return the label's stamp that is this scan's, None if none is."""
    nearest = float(stamps[np.abs(stamps - stamp_s).argmin()]) if len(stamps) else math.inf
    return nearest if abs(nearest - stamp_s) <= SAME_SCAN_S else None


def alike(scans: Sequence[Scan]) -> list[Scan]:
    """Return the scans that have the beams of most. Raises RecordingError if none has any."""
    beams = [beams_of(scan) for scan in scans]
    known = Counter(each for each in beams if each is not None)
    if not known:
        raise RecordingError("no scan with beams in the recording")
    usual = known.most_common(1)[0][0]
    return [
        scan
        for scan, each in zip(scans, beams, strict=True)
        if each is not None and same_beams(usual, each)
    ]


def learned_view(settings: TrackerSettings, scans: Sequence[Scan]) -> View:
    """Return the view of a scanner that has learned the background over all of these scans.

    They all have the same beams.
    """
    beams = beams_of(scans[0])
    assert beams is not None  # noqa: S101 see alike
    background = learn(
        np.stack([echoes_m(scan) for scan in scans]),
        np.array([scan.stamp_s for scan in scans]),
        range_max_m=max(scan.range_max_m for scan in scans),
        margin_m=settings.background_margin_m,
        window_s=settings.background_window_s,
        present_ratio=settings.background_present_ratio,
    )
    return known_view(background, beams)


def seen_outline_m(view: View, range_max_m: float) -> list[tuple[float, float]]:
    """Return the corners of what a scanner at the origin sees of its background."""
    assert view.watch is not None and view.beams is not None  # noqa: S101, PT018 see learned_view
    reach = background_reach_m(view.watch.background, min(range_max_m, FLOOR_MAX_M))
    bearing = view.beams.angle_min_rad + view.beams.angle_increment_rad * np.arange(len(reach))
    corners = np.column_stack((reach * np.cos(bearing), reach * np.sin(bearing)))
    return [(0.0, 0.0), *((float(x), float(y)) for x, y in corners)]


def play(
    settings: TrackerSettings, scans: Sequence[Scan], *, speed_mps: float = HUMAN_MPS
) -> Played:
    """Return the people after each of the scans, which all have the same beams.

    The background is learned over all of them first.
    """
    view, crowd = learned_view(settings, scans), Crowd()
    range_max_m = max(scan.range_max_m for scan in scans)
    floor = make_floor(seen_outline_m(view, range_max_m), cell_m=settings.hidden_cell_m)
    settings = replace(settings, background_unlearn_s=math.inf)  # nothing in it is preliminary
    scanner = Scanner(
        name="scanner", x_m=0.0, y_m=0.0, z_m=0.0, yaw_rad=0.0,
        timeout_s=0.5, beams_valid_min_ratio=0.0,
    )  # fmt: skip
    after, hidden, states, spent_ms = [], [], [], []
    for scan in scans:
        start_s = time.perf_counter()
        before = view.scans
        view, things = look(settings, scanner, view, scan, scan.stamp_s)
        if view.scans > before:
            crowd = attend(settings, floor, scanner, crowd, view, things, speed_mps=speed_mps)
        spent_ms.append((time.perf_counter() - start_s) * 1e3)
        after.append(crowd.people)
        found = circles(floor, crowd.hidden, crowd.people, leg_radius_m=settings.leg_radius_m)
        hidden.append(tuple(circle.id for circle in found))
        states.append(scanner_state(scanner, view, scan.stamp_s))
    return Played(
        stamps_s=tuple(scan.stamp_s for scan in scans),
        people=tuple(after),
        hidden=tuple(hidden),
        states=tuple(states),
        median_ms=statistics.median(spent_ms),
    )


def figures(
    settings: TrackerSettings, scans: Sequence[Scan], played: Played, labels: Labels | None
) -> dict[str, Any]:
    """Return what the bench reports."""
    begin_s = scans[0].stamp_s
    counts = played.confirmed
    found = false = labelled = None
    if labels is not None:
        found, false, labelled = _compare(played, labels, begin_s + WARM_UP_S)
    return {
        "scans": len(scans),
        "duration_s": round(scans[-1].stamp_s - begin_s, 3),
        "passes": 2,
        "people_over_time": [
            [round(stamp_s - begin_s, 3), count]
            for stamp_s, count in zip(played.stamps_s, counts, strict=True)
        ],
        "people_max": max(counts),
        "people_ids": len({t.id for p in played.people for t in p.tracks if t.confirmed}),
        "hidden_ratio": round(sum(map(bool, played.hidden)) / len(scans), 4),
        "hidden_ids": len({id_ for ids in played.hidden for id_ in ids}),
        "hidden_longest_s": round(_longest_s(played), 3),
        "scanner_states": dict(Counter(state.name for state in played.states)),
        "labelled_scans": labelled,
        "found_ratio": found,
        "false_per_scan": false,
        "settings": asdict(settings),
    }


def _longest_s(played: Played) -> float:
    """Return for how long the same person was hidden without a break, at most."""
    since_s: dict[int, float] = {}
    longest_s = 0.0
    for stamp_s, ids in zip(played.stamps_s, played.hidden, strict=True):
        since_s = {id_: since_s.get(id_, stamp_s) for id_ in ids}
        longest_s = max([longest_s, *(stamp_s - begin_s for begin_s in since_s.values())])
    return longest_s


def _compare(
    played: Played, labels: Labels, from_s: float
) -> tuple[float | None, float | None, int]:
    """Return found_ratio, false_per_scan and the labelled scans after warm-up.

    Raises RecordingError if no label belongs to a scan.
    """
    stamps = np.array(sorted(labels))
    found = false = total = matched = 0
    for stamp_s, people in zip(played.stamps_s, played.people, strict=True):
        nearest = _nearest_s(stamps, stamp_s)
        if nearest is None:
            continue
        matched += 1
        if stamp_s < from_s:
            continue
        total += 1
        near = [
            min(math.dist((t.x_m, t.y_m), leg) for leg in labels[nearest]) <= NEAR_M
            for t in people.tracks
            if t.confirmed
        ]
        found += any(near)
        false += near.count(False)
    if not matched:
        raise RecordingError("no label has the stamp of a scan: labels of another recording?")
    if not total:
        return None, None, 0
    return round(found / total, 4), round(false / total, 4), total


def _table(args: argparse.Namespace, result: Mapping[str, Any], played: Played) -> str:
    """Return the figures for people to read."""
    rows = [
        ("recording", f"{args.scans}, topic {result['topic']}"),
        (
            "scans",
            f"{result['scans']} in {result['duration_s']:.1f} s, {result['scans_skipped']} skipped",
        ),
        ("background", "learned over the whole recording (first of two passes)"),
        ("people at most", f"{result['people_max']} at a time, {result['people_ids']} tracks"),
        (
            "hidden",
            f"in {100.0 * result['hidden_ratio']:.1f} % of scans, {result['hidden_ids']} tracks",
        ),
        ("hidden longest", f"{result['hidden_longest_s']:.1f} s"),
        ("scanner", ", ".join(f"{n} {c}" for n, c in result["scanner_states"].items())),
        ("time per scan", f"{played.median_ms:.2f} ms median"),
    ]
    if result["labelled_scans"] is not None:
        rows += [
            ("labelled scans", f"{result['labelled_scans']} after {WARM_UP_S:g} s of warm-up"),
            ("found_ratio", str(result["found_ratio"])),
            ("false_per_scan", str(result["false_per_scan"])),
        ]
    lines = [f"{name:16s} {value}" for name, value in rows]
    spans = []
    for count, group in groupby(result["people_over_time"], key=lambda entry: entry[1]):
        spans.append(f"{next(group)[0]:.1f}s:{count}")
    return "\n".join([*lines, f"{'people':16s} {' '.join(spans)}"])
