"""Encounters in closed loop: people and arm move, the monitor judges, the truth is checked.

each tick    the monitor is told what the sensors have of the past, and judges
each step    permits reach the gate, arm and people go on
then         the law of `truth` is checked: the way to rest under the permit in hand
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify import arm as arms
from hrc_cell.adapters.falsify import paths
from hrc_cell.adapters.falsify.arm import Arm, Body, Permit
from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.contact import Contact
from hrc_cell.adapters.falsify.encounter import Encounters, Timing
from hrc_cell.adapters.falsify.monitors import Judged, Monitor, Seen
from hrc_cell.adapters.falsify.paths import Pool
from hrc_cell.adapters.falsify.people import Crowd
from hrc_cell.adapters.falsify.truth import TOLERANCE_M, Nearest, left_m, nearest, touches

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MOVES_RATIO = 1e-3
FAR_M = 1e3
"""So much farther off counts a link that needs no distance."""
LOOKS = (0.5, 0.8, 1.0)
"""Parts of the time to rest at which the way ahead is looked at."""


class Tick(NamedTuple):
    """One tick of one encounter, for the replay."""

    now_s: float
    permitted_ratio: float
    ratio: float
    oldest_s: float
    cause: str
    at: float
    person: int
    distance_m: float
    rest_s: float
    margin_m: float


@dataclass(slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of b encounters."""

    margin_m: Array  # (b,) least while the arm moved; inf if it never moved
    margin_s: Array  # (b,) when
    hit: Flags  # (b,) a person touched the moving arm
    touched: Flags  # (b,) a person touched the standing arm
    moved_s: Array  # (b,) time in motion
    rounds: Array  # (b,) of the path, in parts
    stops: Ints  # (b,) times that the arm was brought to rest
    near_m: Array  # (b,) least distance of anybody's envelope
    ticks: list[Tick] = field(default_factory=list)

    @property
    def violated(self) -> Flags:
        """Return which encounters break the law."""
        return (self.margin_m < -TOLERANCE_M) | self.hit


def run(
    drawn: Encounters,
    pool: Pool,
    monitor: Monitor,
    bounds: Bounds,
    timing: Timing,
    *,
    trace: bool = False,
    contact: Contact | None = None,
) -> Outcome:
    """Return what comes of the encounters. `trace` keeps the ticks of the first one.

    `contact`: the step allows contact, and this is what it leaves to the arm.
    """
    return _Run(drawn, pool, monitor, bounds, timing, contact).all_ticks(trace=trace)


class _Run:
    def __init__(
        self,
        drawn: Encounters,
        pool: Pool,
        monitor: Monitor,
        bounds: Bounds,
        timing: Timing,
        contact: Contact | None,
    ) -> None:
        b = len(drawn)
        self.contact = contact
        self.drawn, self.pool, self.monitor = drawn, pool, monitor
        self.bounds, self.timing = bounds, timing
        self.body = Body(
            pool=pool, path=drawn.path, time_share=drawn.time_share, way_share=drawn.way_share
        )
        self.top_m = np.maximum(bounds.safety.person_height_m - drawn.radius_m, 0.0)
        aim = [
            paths.capsules_m(pool, drawn.path, drawn.aim[:, p])[:, 1, :2, -1]
            for p in range(drawn.aim.shape[1])
        ]
        self.crowd = Crowd.of(drawn, bounds, timing, np.stack(aim, axis=1))
        self.arm = arms.at_rest(drawn.at)
        self.history = [self.arm]
        self.permit = Permit(np.zeros(b), np.full(b, -np.inf), np.zeros(b), np.zeros(b, np.int64))
        self.coming = self.permit
        self.comes = np.full(b, -1)  # step within the tick at which it reaches the gate
        self.joints_s = np.full(b, -1.0)
        self.found = Outcome(
            margin_m=np.full(b, np.inf), margin_s=np.zeros(b), hit=np.zeros(b, bool),
            touched=np.zeros(b, bool), moved_s=np.zeros(b), rounds=np.zeros(b),
            stops=np.zeros(b, np.int64), near_m=np.full(b, np.inf),
        )  # fmt: skip

    def all_ticks(self, *, trace: bool) -> Outcome:
        timing = self.timing
        for tick in range(timing.ticks):
            now_s = tick * timing.tick_s
            near = self._near(self.arm.at)
            self.crowd.steer(now_s, near.point_m[..., :2])
            seen = self._seen(tick, now_s)
            judged = self.monitor.judge(seen)
            self._send(tick, now_s, judged)
            for step in range(timing.tick_steps):
                self._step(now_s + step * timing.dt_s, step)
                if step == min(1, timing.tick_steps - 1):
                    self._check(now_s + (step + 1) * timing.dt_s, judged, trace)
        final = self.arm
        self.found.rounds = final.round + final.at / paths.LINES - self.drawn.at / paths.LINES
        return self.found

    def _near(self, at: Array, before: Array | None = None) -> Nearest:
        """Return the nearest links at (b,), without those that the law lets off.

        `before` (b,) is where the arms were a step earlier; None: no link is let off.
        """
        drawn, radius = self.drawn, self.pool.radius_m
        capsules = paths.capsules_m(self.pool, drawn.path, at)
        if self.contact is not None and before is not None:
            earlier = paths.capsules_m(self.pool, drawn.path, before)
            off = self.contact.lets_off(earlier, capsules, radius, self.timing.dt_s)
            radius = np.where(off, -FAR_M, radius)[:, None]
        return nearest(self.crowd.place_m, drawn.radius_m, self.top_m, capsules, radius)

    def _seen(self, tick: int, now_s: float) -> Seen:
        drawn, dt = self.drawn, self.timing.dt_s
        self.joints_s = np.maximum(self.joints_s, now_s - drawn.joints_steps[:, tick] * dt)
        back = np.rint((now_s - self.joints_s) / dt).astype(np.int64)
        past = self._past(np.minimum(back, len(self.history) - 1))
        exact = paths.joints_rad(self.pool, drawn.path, past.at)
        # All joints off by this much move no point by more than Z_r, the arm being within 1.5 m.
        off = self.bounds.safety.robot_uncertainty_m / (1.5 * exact.shape[-1])
        return Seen(
            now_s=now_s,
            people=self.crowd.report(tick, now_s),
            joints_rad=exact + off * drawn.joint_noise[:, tick],
            joints_radps=paths.joints_radps(self.pool, drawn.path, past.at, past.ratio),
            joints_age_s=now_s - self.joints_s,
            waypoints_rad=self.pool.waypoints_rad[drawn.path],
            cruise_ratio_ps=self.pool.cruise_ratio_ps[drawn.path],
            at=past.at,
            round=past.round,
            path_known=drawn.path_known,
            capsules_m=paths.capsules_m(self.pool, drawn.path, past.at),
        )

    def _past(self, back: Ints) -> Arm:
        """Return the arms as they were so many steps ago."""
        columns = [np.stack([getattr(arm, name) for arm in self.history]) for name in Arm._fields]
        rows, index = np.arange(len(back)), len(self.history) - 1 - back
        return Arm(*(column[index, rows] for column in columns))

    def _send(self, tick: int, now_s: float, judged: Judged) -> None:
        lost = self.drawn.permit_lost[:, tick]
        self.coming = Permit(judged.ratio, np.full(len(lost), now_s), judged.oldest_s, judged.round)
        steps = np.minimum(self.drawn.permit_steps[:, tick], self.timing.tick_steps - 1)
        self.comes = np.where(lost, -1, steps)

    def _step(self, now_s: float, step: int) -> None:
        dt_s = self.timing.dt_s
        come = self.comes == step
        self.permit = Permit(
            *(np.where(come, new, old) for new, old in zip(self.coming, self.permit, strict=True))
        )
        target = arms.permitted(self.arm, self.permit, self.bounds, now_s + dt_s)
        before = self.arm
        self.arm = arms.advance(self.body, before, target, dt_s)
        self.crowd.walk()
        self.history.append(self.arm)
        if len(self.history) > self.bounds.safety.reaction_time_s / dt_s + 2:
            del self.history[0]
        self.found.moved_s += dt_s * (self.arm.ratio > MOVES_RATIO)
        brought = (before.ratio > 0.0) & (self.arm.ratio == 0.0) & (target == 0.0)
        self.found.stops += brought & (self.arm.at % 1.0 > 0.0)  # not one at a waypoint

    def _check(self, now_s: float, judged: Judged, trace: bool) -> None:
        """Look at the way to rest under the permit in hand, and at who touches whom."""
        found, drawn = self.found, self.drawn
        looks, rest_s = self._to_rest(now_s)
        moves, safety = rest_s > 0.0, self.bounds.safety
        far_mps = np.maximum(drawn.speed_max_mps, safety.human_speed_mps)
        near_mps = np.maximum(far_mps, safety.human_speed_near_mps)
        now = self._near(self.arm.at, self._before())
        least = np.where(drawn.present, now.distance_m - drawn.intrusion_m, np.inf)
        for part, (before, at) in zip(LOOKS, looks, strict=True):
            left = left_m(
                self._near(at, before).distance_m, (part * rest_s)[:, None],
                far_mps=far_mps, near_mps=near_mps, near_m=safety.near_distance_m,
            )  # fmt: skip
            least = np.minimum(least, np.where(drawn.present, left - drawn.intrusion_m, np.inf))
        margin = np.where(moves, least.min(axis=-1), np.inf)
        lower = margin < found.margin_m
        found.margin_m = np.where(lower, margin, found.margin_m)
        found.margin_s = np.where(lower, now_s, found.margin_s)
        near = now if self.contact is None else self._near(self.arm.at)
        gap = np.where(drawn.present, near.distance_m, np.inf)
        found.near_m = np.minimum(found.near_m, gap.min(axis=-1))
        moving = self.arm.ratio > MOVES_RATIO
        found.hit |= moving & self._touched(now_s, now)
        found.touched |= ~moving & self._touched(now_s, near)
        if trace:
            who = int(least[0].argmin())
            found.ticks.append(
                Tick(
                    now_s, float(judged.ratio[0]), float(self.arm.ratio[0]),
                    float(judged.oldest_s[0]), self.monitor.causes[int(judged.cause[0])],
                    float(self.arm.at[0] + paths.LINES * self.arm.round[0]), who + 1,
                    float(gap[0, who]), float(rest_s[0]), float(margin[0]),
                )
            )  # fmt: skip

    def _before(self) -> Array:
        """Return where the arms (b,) were one step ago; of those in a new round, where they are."""
        last = self.history[-2]
        return np.where(last.round == self.arm.round, last.at, self.arm.at)

    def _touched(self, now_s: float, near: Nearest) -> Flags:
        """Return in which encounters (b,) somebody touches one of the links that are near."""
        drawn = self.drawn
        found = np.zeros(len(drawn), bool)
        within = np.flatnonzero(
            ((near.distance_m <= self.bounds.safety.intrusion_m) & drawn.present).any(axis=-1)
        )
        if within.size:
            touch = touches(
                Nearest(near.distance_m[within], near.link[within], near.point_m[within]),
                self.crowd.place_m[within], drawn.radius_m[within], self.top_m[within],
                np.where(now_s >= drawn.reach_s[within], drawn.reach_m[within], 0.0),
            )  # fmt: skip
            found[within] = (touch & drawn.present[within]).any(axis=-1)
        return found

    def _to_rest(self, now_s: float) -> tuple[list[tuple[Array, Array]], Array]:
        """Return where the arms are one step before LOOKS of their time to rest and there, and
        that time (b,) [s].

        Nothing more reaches the gate from now on. The last step has some motion in it still.
        """
        dt_s, safety = self.timing.dt_s, self.bounds.safety
        steps = round((safety.lease_s + safety.stopping_time_s) / dt_s) + 1
        arm, places, rest = self.arm, [self.arm.at + 0.0], np.zeros(len(self.arm.at))
        first = arm.round
        for step in range(steps):
            target = arms.permitted(arm, self.permit, self.bounds, now_s + (step + 1) * dt_s)
            before, arm = arm, arms.advance(self.body, arm, target, dt_s)
            at = np.where(arm.round > first, float(paths.LINES), arm.at)
            places.append(at)
            moved = (before.ratio > MOVES_RATIO) | (arm.ratio > MOVES_RATIO)
            rest = np.where(moved, (step + 1) * dt_s, rest)
        way = np.stack(places)
        rows = np.arange(len(rest))
        looks = []
        for part in LOOKS:
            index = np.ceil(part * rest / dt_s - 1e-9).astype(np.int64)
            looks.append((way[np.maximum(index - 1, 0), rows], way[index, rows]))
        return looks, rest
