"""Distances between segments, capsules and polygons. Metres; array functions, batch axes first.

A capsule is all that lies within its radius of a segment. A polygon is an area of the floor with
corners in order; it need not be convex. A coordinate that is not finite makes the distance NaN;
what that means is for the caller to say, and it should be the worst.

Source of the segment distance: C. Ericson, Real-Time Collision Detection (2005), 5.1.9.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


class Nearest(NamedTuple):
    """Where two segments a and b come nearest. Leading axes are those of the question."""

    distance_m: Array  # (...)
    a_ratio: Array  # (...) 0 at the start of a, 1 at its end
    b_ratio: Array  # (...)
    a_m: Array  # (..., 3) the nearest point of a
    b_m: Array  # (..., 3)


def nearest_points(a_start: Like, a_end: Like, b_start: Like, b_end: Like) -> Nearest:
    """Return where segments (..., 3) come nearest; a segment may be a point.

    Minimises |a(s) - b(t)|^2 over the unit square: the unbounded minimum for s, then t, then s
    again if t had to be clamped. Parallel segments take s = 0 first, which is one of their minima.
    """
    p, q = np.asarray(a_start, dtype=np.float64), np.asarray(b_start, dtype=np.float64)
    u, v = np.asarray(a_end, dtype=np.float64) - p, np.asarray(b_end, dtype=np.float64) - q
    s, t, distance = _nearest(*_apart(p, u, q, v))
    at_a, at_b = p + s[..., None] * u, q + t[..., None] * v
    return Nearest(distance, s, t, at_a, at_b)


def nearest_ratios(
    a_start: Like, a_end: Like, b_start: Like, b_end: Like
) -> tuple[Array, Array, Array]:
    """Return `nearest_points` without the points: both ratios and the distance."""
    p, q = np.asarray(a_start, dtype=np.float64), np.asarray(b_start, dtype=np.float64)
    u, v = np.asarray(a_end, dtype=np.float64) - p, np.asarray(b_end, dtype=np.float64) - q
    return _nearest(*_apart(p, u, q, v))


def _nearest(p: Array, u: Array, q: Array, v: Array) -> tuple[Array, Array, Array]:
    """Return the ratios on both segments p + s u, q + t v (each (3, ...)) and the distance."""
    w = p - q
    uu, vv, uv = _product(u, u), _product(v, v), _product(u, v)
    uw, vw = _product(u, w), _product(v, w)
    det = uu * vv - uv * uv
    # Relative to the lengths, so that parallel is found whatever the scale.
    slant = det > 1e-12 * uu * vv
    s = _unit(uv * vw - vv * uw, np.where(slant, det, 0.0))
    t = _unit(uv * s + vw, vv)
    s = _unit(uv * t - uw, uu)
    gap = w + s * u - t * v
    return s, t, np.sqrt(_product(gap, gap))


def capsule_distance(
    a_start: Like, a_end: Like, a_radius_m: Like, b_start: Like, b_end: Like, b_radius_m: Like
) -> Array:
    """Return the distance (...) between the surfaces of two capsules; 0 where they overlap."""
    apart = nearest_points(a_start, a_end, b_start, b_end).distance_m
    gap: Array = np.maximum(apart - np.asarray(a_radius_m) - np.asarray(b_radius_m), 0.0)
    return gap


def in_polygon(point: Like, polygon: Like) -> npt.NDArray[np.bool_]:
    """Return whether points (..., 2) lie in the polygon (m, 2): even-odd rule.

    >>> bool(in_polygon((0.5, 0.5), [(0, 0), (1, 0), (0, 1.5)]))
    True
    """
    at = np.asarray(point, dtype=np.float64)[..., None, :]
    start = np.asarray(polygon, dtype=np.float64)
    end = _following(start)
    x, y = at[..., 0], at[..., 1]
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = end[:, 1] - start[:, 1]
    slope = (end[:, 0] - start[:, 0]) / np.where(rise == 0.0, 1.0, rise)
    left = x < start[:, 0] + (y - start[:, 1]) * slope
    inside: npt.NDArray[np.bool_] = np.count_nonzero(spans & left, axis=-1) % 2 == 1
    return inside


def polygon_distance(point: Like, polygon: Like) -> Array:
    """Return how far points (..., 2) are from the polygon (m, 2); 0 inside, NaN where unknown.

    >>> float(polygon_distance((2.0, 0.5), [(0, 0), (1, 0), (1, 1), (0, 1)]))
    1.0
    """
    at = np.asarray(point, dtype=np.float64)
    start = np.asarray(polygon, dtype=np.float64)
    side = _following(start) - start
    away = at[..., None, :] - start
    along = _unit(dot(away, side), dot(side, side))
    gap = away - along[..., None] * side
    edge = np.sqrt(dot(gap, gap).min(axis=-1))
    distance: Array = np.where(in_polygon(at, polygon) & np.isfinite(edge), 0.0, edge)
    return distance


def segment_distance(start: Like, end: Like, point: Like) -> Array:
    """Return how far points are from segments, all (..., d); a segment may be a point.

    >>> float(segment_distance((0.0, 0.0), (4.0, 0.0), (1.0, 2.0)))
    2.0
    """
    a = np.asarray(start, dtype=np.float64)
    side = np.asarray(end, dtype=np.float64) - a
    away = np.asarray(point, dtype=np.float64) - a
    gap = away - _unit(dot(away, side), dot(side, side))[..., None] * side
    return np.sqrt(dot(gap, gap))


def segment_polygon_distance(start: Like, end: Like, polygon: Like) -> Array:
    """Return how far segments (..., 2) are from the polygon (m, 2); 0 where they meet.

    Where they do not meet, they come nearest at a corner of the polygon or at an end of the
    segment. Where they do, an end lies inside or the segment crosses a side; touching counts.
    A coordinate that is not finite makes the distance NaN.

    >>> float(segment_polygon_distance((2.0, -1.0), (2.0, 3.0), [(0, 0), (1, 0), (1, 1), (0, 1)]))
    1.0
    """
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    if np.array_equal(a, b, equal_nan=True):  # whoever stands upright, seen from above
        return polygon_distance(a, polygon)
    corners = np.asarray(polygon, dtype=np.float64)
    p, q = a[..., None, :], b[..., None, :]
    nearest = np.minimum(polygon_distance(a, polygon), polygon_distance(b, polygon))
    nearest = np.minimum(nearest, segment_distance(p, q, corners).min(axis=-1))
    crosses = _cross(p, q, corners, _following(corners)).any(axis=-1)
    distance: Array = np.where(crosses & np.isfinite(nearest), 0.0, nearest)
    return distance


def _cross(a: Array, b: Array, c: Array, d: Array) -> npt.NDArray[np.bool_]:
    """Return whether segments from a to b and from c to d (..., 2) cross or touch."""
    apart = (np.maximum(a, b) < np.minimum(c, d)) | (np.maximum(c, d) < np.minimum(a, b))
    crossing: npt.NDArray[np.bool_] = (
        (_turn(a, b, c) * _turn(a, b, d) <= 0.0)
        & (_turn(c, d, a) * _turn(c, d, b) <= 0.0)
        & ~apart.any(axis=-1)
    )
    return crossing


def _turn(a: Array, b: Array, c: Array) -> Array:
    """Return (...) more than 0 where c is left of the line from a to b, less where it is right."""
    left: Array = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
    right: Array = (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    return left - right


def _following(corners: Array) -> Array:
    """Return of each corner (m, 2) of a polygon the next one."""
    return np.concatenate([corners[1:], corners[:1]])


def _unit(top: Array, bottom: Array) -> Array:
    """Return top / bottom within 0 to 1, and 0 where bottom is 0. NaN stays."""
    zero = bottom == 0.0
    if zero.any():
        top, bottom = np.where(zero, 0.0, top), np.where(zero, 1.0, bottom)
    part: Array = np.asarray(top / bottom)
    np.maximum(part, 0.0, out=part)
    return np.minimum(part, 1.0, out=part)


def _apart(*points: Array) -> list[Array]:
    """Return points (..., 3) as (3, ...), all with as many axes: x, y and z each on its own in
    memory, as sums over a last axis of three are slow in numpy."""
    most = max(point.ndim for point in points)
    first = (-1, *range(most - 1))
    return [
        point[(None,) * (most - point.ndim)].transpose(first).copy(order="C") for point in points
    ]


def _product(a: Array, b: Array) -> Array:
    product: Array = np.einsum("i...,i...->...", a, b)
    return product


def dot(a: Array, b: Array) -> Array:
    """Return the inner product (...) of vectors (..., d)."""
    product: Array = np.einsum("...i,...i->...", a, b)
    return product
