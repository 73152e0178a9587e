"""People on the floor in batches: where they truly are, and what is reported of them.

A person is an upright envelope of radius R from the floor to the declared height, within which the
body is, and an arm that reaches at most C beyond it. Directions change at once, speeds too, up to
each person's v_h: whatever a real body does slower is less than that.

What is reported is the place in the newest scan, that scan being as old as drawn; a silent scanner
repeats its last one. Who is unseen is reported as the tracker does it: walking on from the last
place seen with the time unseen, or as the circle around that place that holds all that v_h allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.encounter import Act, Encounters, Timing

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEAR_ENOUGH_M = 0.02
HISTORY_S = 0.6


class Reports(NamedTuple):
    """What the monitor is told of people; (b, p) unless it says otherwise."""

    place_m: Array  # (b, p, 2)
    radius_m: Array
    velocity_mps: Array  # (b, p, 2)
    speed_mps: Array
    std_m: Array
    intrusion_m: Array  # C of what the sensor sees of them
    unseen_s: Array
    present: Flags
    age_s: Array  # (b,) of the newest scan
    seq: Ints  # (b,) another number for each new scan


@dataclass(slots=True, kw_only=True, eq=False)
class Crowd:
    """The people of b encounters, and what was last seen of them."""

    drawn: Encounters
    bounds: Bounds
    timing: Timing
    place_m: Array  # (b, p, 2)
    velocity_mps: Array  # (b, p, 2)
    aim_m: Array  # (b, p, 2) where the arm will come by
    history: list[tuple[Array, Array]]  # places and velocities, newest last
    scan_s: Array  # (b,) instant of the newest scan
    seq: Ints  # (b,)
    seen: Reports  # as last seen, ages aside
    seen_velocity_mps: Array  # (b, p, 2) reported
    seen_s: Array  # (b, p)

    @classmethod
    def of(cls, drawn: Encounters, bounds: Bounds, timing: Timing, aim_m: Array) -> Crowd:
        """Return the people at their start; they have stood there before."""
        still = np.zeros_like(drawn.start_m)
        b = len(drawn)
        seen = Reports(
            place_m=drawn.start_m,
            radius_m=drawn.radius_m + drawn.radius_more_m,
            velocity_mps=still,
            speed_mps=drawn.speed_max_mps,
            std_m=drawn.std_m,
            intrusion_m=drawn.intrusion_m,
            unseen_s=np.zeros_like(drawn.std_m),
            present=drawn.present,
            age_s=np.zeros(b),
            seq=np.zeros(b, np.int64),
        )
        return cls(
            drawn=drawn, bounds=bounds, timing=timing, place_m=drawn.start_m, velocity_mps=still,
            aim_m=aim_m, history=[(drawn.start_m, still)], scan_s=np.full(b, -HISTORY_S),
            seq=np.zeros(b, np.int64), seen=seen, seen_velocity_mps=still,
            seen_s=np.full(drawn.present.shape, -HISTORY_S),
        )  # fmt: skip

    @property
    def fast(self) -> Flags:
        """Return (b, p) who is faster than v_h far from the arm, and measured so."""
        fast: Flags = self.drawn.speed_max_mps > self.bounds.safety.human_speed_mps
        return fast

    def steer(self, now_s: float, link_m: Array) -> None:
        """Choose velocities: `link_m` (b, p, 2) is the nearest point of the arm."""
        drawn = self.drawn
        c = np.minimum((drawn.until_s <= now_s).sum(axis=-1), drawn.act.shape[-1] - 1)[..., None]
        act, pace, heading = (
            np.take_along_axis(each, c, axis=-1)[..., 0]
            for each in (drawn.act, drawn.pace, drawn.heading_rad)
        )
        goal = np.where((act == Act.AIM)[..., None], self.aim_m, link_m)
        way = goal - self.place_m
        way = np.where((act == Act.AWAY)[..., None], -way, way)
        length = np.sqrt((way * way).sum(axis=-1))
        turned = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
        there = (act >= Act.LINK) & (length < NEAR_ENOUGH_M)
        ahead = (act == Act.STRAIGHT) | there
        unit = np.where(
            ahead[..., None], turned, way / np.maximum(length, NEAR_ENOUGH_M)[..., None]
        )
        moves = (act != Act.STAND) & (~there | self.fast)
        self.velocity_mps = unit * (np.where(moves, pace, 0.0) * drawn.speed_max_mps)[..., None]

    def walk(self) -> None:
        """Go on for one step."""
        self.place_m = self.place_m + self.velocity_mps * self.timing.dt_s
        self.history.append((self.place_m, self.velocity_mps))
        if len(self.history) > HISTORY_S / self.timing.dt_s:
            del self.history[0]

    def report(self, tick: int, now_s: float) -> Reports:
        """Return what the monitor is told at this tick."""
        drawn, dt = self.drawn, self.timing.dt_s
        scan_s = np.maximum(self.scan_s, now_s - drawn.people_steps[:, tick] * dt)
        silent = (scan_s >= drawn.silent_s[:, 0]) & (scan_s < drawn.silent_s.sum(axis=-1))
        new = ~silent & (scan_s > self.scan_s + 1e-9)
        scan_s = np.where(new, scan_s, self.scan_s)
        seen = _at(scan_s[:, None], drawn.unseen_s) & new[:, None]
        place, velocity = self._taken(now_s, scan_s)
        noise = self._noise(tick, place)
        speed = np.sqrt((velocity * velocity).sum(axis=-1))
        less = np.where(self.fast, 0.0, drawn.speed_less[:, tick])
        both = seen[..., None]
        self.seen_velocity_mps = np.where(
            both, velocity * (1.0 - less)[..., None], self.seen_velocity_mps
        )
        told = np.where(self.fast, drawn.speed_max_mps, speed * (1.0 - less))
        self.seen_s = np.where(seen, scan_s[:, None], self.seen_s)
        self.seq = self.seq + new
        self.scan_s = scan_s
        self.seen = self.seen._replace(
            place_m=np.where(both, place + noise, self.seen.place_m),
            speed_mps=np.where(seen, told, self.seen.speed_mps),
        )
        return self._told(now_s)

    def _told(self, now_s: float) -> Reports:
        """Return the report with those who are unseen as the tracker has them."""
        seen, circle = self.seen, self.drawn.as_circle
        unseen = np.maximum(self.scan_s[:, None] - self.seen_s, 0.0)
        walked = np.where(circle, 0.0, unseen)[..., None] * self.seen_velocity_mps
        most = np.maximum(self.drawn.speed_max_mps, self.bounds.safety.human_speed_mps)
        return seen._replace(
            place_m=seen.place_m + walked,
            velocity_mps=self.seen_velocity_mps,
            radius_m=seen.radius_m + np.where(circle, most * unseen, 0.0),
            unseen_s=np.where(circle, 0.0, unseen),
            age_s=now_s - self.scan_s,
            seq=self.seq,
        )

    def _taken(self, now_s: float, scan_s: Array) -> tuple[Array, Array]:
        """Return places and velocities at the instants (b,) of scans; before the start: at it."""
        back = np.rint((now_s - scan_s) / self.timing.dt_s).astype(np.int64)
        place, velocity = self.place_m.copy(), self.velocity_mps.copy()
        last = len(self.history) - 1
        for steps in np.unique(back):
            rows = back == steps
            old_place, old_velocity = self.history[max(last - int(steps), 0)]
            place[rows], velocity[rows] = old_place[rows], old_velocity[rows]
        return place, velocity

    def _noise(self, tick: int, place: Array) -> Array:
        drawn = self.drawn
        size = drawn.noise[:, tick] * self.bounds.noise_m(drawn.std_m)
        away = np.arctan2(place[..., 1], place[..., 0])
        angle = drawn.noise_rad[:, tick]
        angle = np.where(np.isnan(angle), away, angle)
        return np.stack([size * np.cos(angle), size * np.sin(angle)], axis=-1)


def _at(scan_s: Array, unseen_s: Array) -> Flags:
    """Return whether people are seen at these instants."""
    hidden: Flags = (scan_s >= unseen_s[..., 0]) & (scan_s < unseen_s.sum(axis=-1))
    return ~hidden
