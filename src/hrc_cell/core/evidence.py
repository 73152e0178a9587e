"""What tells a person from a chair or a flickering edge, and what was seen of it so far.

A track is confirmed once and for all when, seen for a while without a gap, it has moved as far as
no thing does, or has looked like the two legs of one person for long enough. It must not be larger
than a person. What is not confirmed counts for the safety of the cell all the same.

Units: metres, seconds; frame: the cell; time: monotonic.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from hrc_cell.settings.sensing import TrackerSettings


class Sight(NamedTuple):
    """What one scan shows of a track."""

    x_m: float  # middle of what is seen
    y_m: float
    reach_m: float  # from there to the farthest point seen
    legs: int  # things of the size of a leg; 0 if one of the things seen is none
    beams: int


class Evidence(NamedTuple):
    """What speaks for a person since the track was last out of sight."""

    since_s: float
    x_m: float  # where it was then
    y_m: float
    scans: int = 1
    legs_s: float = 0.0  # for how long it looked like two legs
    confirmed: bool = False


def first_evidence(sight: Sight, now_s: float, *, confirmed: bool = False) -> Evidence:
    """Return the evidence of one scan."""
    return Evidence(since_s=now_s, x_m=sight.x_m, y_m=sight.y_m, confirmed=confirmed)


def weigh(
    settings: TrackerSettings,
    before: Evidence,
    sight: Sight,
    now_s: float,
    *,
    gap_s: float,
    jumped: bool,
) -> Evidence:
    """Return the evidence after one more scan, `gap_s` after the last one that saw the track.

    A flickering edge seems to move as well: after a gap, or a jump that no person could make, all
    begins anew, and few beams move nothing.
    """
    if jumped or gap_s > settings.confirm_gap_s:
        return first_evidence(sight, now_s, confirmed=before.confirmed)
    legs_s = before.legs_s + (gap_s if sight.legs == 2 else 0.0)
    scans = before.scans + 1
    moved_m = math.dist((sight.x_m, sight.y_m), (before.x_m, before.y_m))
    moves = moved_m >= settings.confirm_moved_m and sight.beams >= settings.cluster_beams_min
    person = (
        scans >= settings.confirm_scans
        and now_s - before.since_s >= settings.confirm_s
        and sight.reach_m <= 2.0 * settings.person_radius_m
        and (moves or legs_s >= settings.confirm_legs_s)
    )
    return before._replace(scans=scans, legs_s=legs_s, confirmed=before.confirmed or person)
