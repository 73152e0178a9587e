"""Flags of many cells: what numpy's own any and all say, for one cell as for many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hrc_cell.core.flags import anywhere, everywhere


@given(npst.arrays(np.bool_, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))
def test_many_cells_are_looked_at_all(flags):
    assert anywhere(flags) is bool(flags.any())
    assert everywhere(flags) is bool(flags.all())


@pytest.mark.parametrize("kind", [bool, np.bool_, np.array])
@given(st.booleans())
def test_of_one_cell_the_flag_is_the_answer(kind, flag):
    assert anywhere(kind(flag)) is everywhere(kind(flag)) is flag
