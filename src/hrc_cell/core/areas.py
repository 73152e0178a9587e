"""How far people's bodies are from the area of a zone.

A person is one capsule or several: the points within a reach of an axis from start to end. The
reach holds the body's radius and all that its place is uncertain by. An upright envelope's axis
stands on the floor; a limb's may point anywhere. An area is a polygon, a box or a circle on the
floor, at all heights or in a band of heights.

The gap between the two is

    max(aside, above) - reach

aside: from the axis, seen from above, to the area; above: from the heights of the axis to those of
the band. No point of the axis is nearer to the area than either, so the gap is never more than the
distance, and a capsule that touches the area has a gap of 0 or less. It may be less than the
distance where a limb slants, or passes an edge of the band: then a zone counts it early.

Metres, cell frame, z up from the floor. Array functions, leading batch axes first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrc_cell.core.geometry import segment_distance, segment_polygon_distance
from hrc_cell.settings.zones import Zone

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def gap_m(zone: Zone, start_m: Like, end_m: Like, reach_m: Like) -> Array:
    """Return (..., p) how far capsules with an axis (..., p, 3) are from a zone.

    0 or less: they touch it. -inf where a coordinate or the reach (..., p) is not finite, or the
    reach negative: whoever may be anywhere touches everything.
    """
    start, end, reach = (np.asarray(a, dtype=np.float64) for a in (start_m, end_m, reach_m))
    known = np.isfinite(start).all(axis=-1) & np.isfinite(end).all(axis=-1)
    known &= np.isfinite(reach) & (reach >= 0.0)
    away = _aside_m(zone, start[..., :2], end[..., :2])
    if zone.band_m:
        low, high = zone.band_m
        z = start[..., 2], end[..., 2]
        away = np.maximum(away, np.maximum(low - np.maximum(*z), np.minimum(*z) - high))
    gap: Array = np.where(known, away - reach, -np.inf)
    return gap


def _aside_m(zone: Zone, start: Array, end: Array) -> Array:
    """Return (..., p) how far axes (..., p, 2) are from the area, seen from above."""
    if zone.circle is None:
        return segment_polygon_distance(start, end, zone.corners_m)
    apart = segment_distance(start, end, zone.circle.centre_m)
    outside: Array = np.maximum(apart - zone.circle.radius_m, 0.0)
    return outside
