"""An observation of which nothing was heard, and a cell in which nobody is."""

import math
from dataclasses import fields

import pytest
from strategies import SAFETY

from hrc_cell.core.observed import NEVER, Observation, nobody


def test_by_default_nothing_was_seen_asked_or_ever_heard():
    seen = Observation(now_s=1.0)
    told = {field.name: getattr(seen, field.name) for field in fields(seen)}
    assert told.pop("now_s") == 1.0
    ages = {name: told.pop(name) for name in list(told) if name.endswith("_age_s")}
    assert set(ages.values()) == {NEVER}
    assert math.isnan(told.pop("load_kg"))
    assert not any(told.values())


@pytest.mark.parametrize("cells", [(), (3,), (2, 1)])
def test_nobody_is_a_list_without_anybody_in_each_cell(cells):
    people = nobody(SAFETY, cells)
    assert people.present.shape == (*cells, 0)
    assert people.start_m.shape == people.end_m.shape == people.velocity_mps.shape == (*cells, 0, 3)
    assert people.radius_m.shape == people.speed_mps.shape == (*cells, 0)
