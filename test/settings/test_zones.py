"""Outlines of zones, whatever their shape."""

import math

import pytest

from hrc_cell.settings.zones import Box, Circle, Zone

LEVER = ((0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0))


def outline(**shape):
    return Zone(
        name="lever", kind="stop", restart="automatic", trigger_scans=1, release_scans=1,
        margin_m=0.0, **shape
    ).outline_m  # fmt: skip


def test_a_zone_is_outlined_by_its_polygon_or_its_box():
    assert outline(polygon_m=LEVER) == LEVER
    box = Box(centre_m=(1.0, 2.0), size_m=(4.0, 2.0), yaw_rad=0.0)
    assert set(outline(box=box)) == {(-1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (-1.0, 3.0)}


def test_a_circle_is_outlined_by_corners_that_lie_evenly_on_it():
    around = outline(circle=Circle(centre_m=(1.0, 2.0), radius_m=0.5))
    assert [math.dist(corner, (1.0, 2.0)) for corner in around] == pytest.approx(
        [0.5] * len(around)
    )
    sides = [math.dist(a, b) for a, b in zip(around, around[1:] + around[:1], strict=True)]
    assert sides == pytest.approx([sides[0]] * len(sides))
    assert sum(sides) == pytest.approx(math.pi, rel=0.01)
