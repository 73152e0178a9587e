"""One cell and a few paths for all tests of the falsifier."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import ROOT

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.encounter import Timing
from hrc_cell.adapters.falsify.paths import make_pool
from hrc_cell.core.rules import Rules
from hrc_cell.settings.cell import load_cell


@pytest.fixture(scope="session")
def cell():
    return load_cell(ROOT / "config" / "default")


@pytest.fixture(scope="session")
def rules(cell):
    whole = Rules.of(cell, load_description(cell).chain, ("watched",))
    return replace(whole, zones=replace(whole.zones, zones=(), sets=(), muting=()))


@pytest.fixture(scope="session")
def bounds(cell):
    return Bounds.of(cell)


@pytest.fixture(scope="session")
def pool(rules):
    return make_pool(rules.chain, rules.motion, rules.stops, np.random.default_rng(3), 20)


@pytest.fixture(scope="session")
def timing():
    return Timing()
