"""Flags of many cells (...), looked at as one. Of one cell the flag itself is the answer: numpy's
own `any` and `all` of a single flag take longer than most of what they decide about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def anywhere(flag: npt.ArrayLike) -> bool:
    """Return whether a flag (...) holds in any cell."""
    return bool(np.any(flag)) if getattr(flag, "ndim", 0) else bool(flag)


def everywhere(flag: npt.ArrayLike) -> bool:
    """Return whether a flag (...) holds in every cell."""
    return bool(np.all(flag)) if getattr(flag, "ndim", 0) else bool(flag)
