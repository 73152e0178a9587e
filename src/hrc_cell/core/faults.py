"""What of an observation is missing, late, of the future or not a number.

Every fault there can be is yielded with where it is one (...), the most telling first. Seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hrc_cell.core.observed import NEVER, Eye, Observation
from hrc_cell.core.rules import Rules

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Like = npt.ArrayLike
Faults = list[tuple[str, Flags]]
_BLIND = tuple(f"scanner_{eye.name.lower()}" for eye in Eye if eye is not Eye.OK)
_BLIND_EYES = np.array([eye for eye in Eye if eye is not Eye.OK])


def blind_spots(rules: Rules, seen: Observation) -> Faults:
    """Return why people may stand in the cell and not be in the list."""
    never = np.equal(seen.people_age_s, NEVER)
    found: Faults = [("tracker_silent", never)]
    for name, timeout_s in rules.scanners:
        sight = seen.scanners.get(name)
        if sight is None:
            found.append((f"scanner_missing:{name}", ~never))
            continue
        is_so = np.asarray(sight.eye)[..., None] == _BLIND_EYES
        found += [(f"{why}:{name}", is_so[..., at]) for at, why in enumerate(_BLIND)]
        found.append(("tracker_silent", ~in_time(seen.people_age_s, timeout_s)))
        found.append((f"scanner_silent:{name}", ~in_time(sight.age_s, timeout_s)))
    return found


def faults(
    rules: Rules, before_s: Like, seen: Observation, blind: Faults, oldest_s: Array
) -> Iterator[tuple[str, Flags]]:
    """Yield every fault; `before_s` (...) is the instant of the last tick, NaN before the first.

    `blind` is what `blind_spots` found, `oldest_s` (...) what `oldest_sample_s` did.
    """
    first = np.isnan(before_s)
    yield "clock", ~(np.isfinite(seen.now_s) & (first | np.greater(seen.now_s, before_s)))
    yield from blind
    fresh = in_time(seen.joints_age_s, rules.safety.joints_timeout_s)
    yield "joints_stale", ~fresh
    yield "joints_unknown", fresh & ~joints_known(rules, seen)
    for name in rules.nodes:
        age_s = seen.nodes.get(name, NEVER)
        yield f"node_silent:{name}", ~in_time(age_s, rules.safety.node_timeout_s)
    yield "sample_too_old", ~(oldest_s <= rules.safety.reaction_time_s)
    if seen.stop_fault:
        yield seen.stop_fault, np.ones(np.shape(seen.now_s), dtype=np.bool_)


def in_time(age_s: Like, limit_s: float) -> Flags:
    """Return whether an age is known, not of the future, and within its limit."""
    age = np.asarray(age_s)[()]  # of one cell a number: compared many times faster
    in_time: Flags = (age >= 0.0) & (age <= limit_s)
    return in_time


def oldest_sample_s(rules: Rules, seen: Observation) -> Array:
    """Return the age (...) of the oldest sample judged on; inf if one is missing or unknown."""
    ages = [seen.joints_age_s, seen.people_age_s]
    ages += [seen.scanners[n].age_s if n in seen.scanners else NEVER for n, _ in rules.scanners]
    if seen.ahead is not None:
        ages.append(np.where(seen.ahead.followed, seen.ahead.age_s, 0.0))
    all_s = np.empty((*np.shape(seen.now_s), len(ages)))
    for place, age in enumerate(ages):
        all_s[..., place] = age
    return np.where((all_s >= 0.0).all(axis=-1), all_s.max(axis=-1), np.inf)


def joints_known(rules: Rules, seen: Observation) -> Flags:
    """Return where (...) every joint has a finite position and velocity."""
    position, velocity = np.asarray(seen.position_rad), np.asarray(seen.velocity_radps)
    if {position.shape[-1], velocity.shape[-1]} != {len(rules.chain.joints)}:
        return np.zeros(np.shape(seen.now_s), dtype=np.bool_)
    known: Flags = (np.isfinite(position) & np.isfinite(velocity)).all(axis=-1)
    return known
