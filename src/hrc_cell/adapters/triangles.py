"""Triangles that fill the outline of a zone, for those who draw areas by triangles."""

from __future__ import annotations

from hrc_cell.settings.zones import Corners


def triangles(corners: Corners) -> list[tuple[int, int, int]]:
    """Return triangles of corner indices that fill a polygon that does not cross itself.

    Ear clipping. Where none is left to clip, the polygon is not one, and the rest stays unfilled.
    """
    left = list(range(len(corners)))
    if _signed_area(corners) < 0.0:
        left.reverse()
    found: list[tuple[int, int, int]] = []
    while len(left) >= 3:
        for i in range(len(left)):
            ear = (left[i - 1], left[i], left[(i + 1) % len(left)])
            a, b, c = (corners[k] for k in ear)
            others = (corners[k] for k in left if k not in ear)
            if _turn(a, b, c) > 0.0 and not any(_inside(p, a, b, c) for p in others):
                found.append(ear)
                del left[i]
                break
        else:
            break
    return found


def _signed_area(corners: Corners) -> float:
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2.0


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    """Return twice the area of a triangle, positive where it turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])


def _inside(
    p: tuple[float, ...], a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]
) -> bool:
    return min(_turn(a, b, p), _turn(b, c, p), _turn(c, a, p)) >= 0.0
