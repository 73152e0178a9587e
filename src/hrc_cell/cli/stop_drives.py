"""Drives the arm and stops it: the moves of `hrc-cell measure stopping`.

Uses only what a real cell has: the action follow_path, the service request_stop, permits and joint
states. In a simulated cell it presses the buttons itself, at a real one a person does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hrc_cell_interfaces.action import FollowPath
from hrc_cell_interfaces.msg import MotionPermit
from hrc_cell_interfaces.srv import RequestStop
from rclpy.action import ActionClient

from hrc_cell.cli.witness import LOOK_EVERY_S, Late, Witness
from hrc_cell.core.campaign import Seen, measured
from hrc_cell.core.kinematics import Chain, capsule_velocities
from hrc_cell.core.path import plan
from hrc_cell.core.stopwatch import STILL_RADPS
from hrc_cell.settings.cell import Cell

Array = npt.NDArray[np.float64]

PATH = "measure_stopping"
CRUISING_RATIO, RISING_RATIO = 0.97, 0.6
"""Parts of a drive's speed at which the stop is asked for."""
REST_S = 0.25
"""So long nothing may move for a stop to be over."""
BEFORE_S = 0.2
ANSWER_S = 10.0
CRUISE_LEAST_S, CRUISE_S = 0.2, 0.4
"""So long a drive cruises before the planned braking begins: least, and where there is room. A
program that hears late must not order the stop of an arm that brakes already."""
MOVE_S = 60.0
PERSON_S = 3600.0
"""A person takes time to press a button."""
READY_S = 180.0
FREE_RATIO = 0.999
PRESSED_S = 0.5
"""A simulated button is held for 0.3 s."""
PRESS = {
    int(MotionPermit.LATCHED): "press reset once its lamp is lit, then start",
    int(MotionPermit.READY): "press start",
}
MARGIN_RAD = 0.05
"""To the limits of a joint."""
OWN_CAUSES = ("stop_request", "not_started", "")
"""Of the stop that is measured itself."""
TRIES = 6
CALM_S = 0.5
"""Waited after a drive that was missed, longer each time: a busy machine calms down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One stop to make."""

    joint: int
    name: str  # of the joint
    row: int  # of the joint's table, slowest first
    speed_radps: float
    direction: int
    rising: bool  # told to stop while it still gains speed

    @property
    def alike(self) -> str:
        """Return the word that drives of this kind share."""
        return f"{self.speed_radps} {self.direction} {self.rising}"

    @property
    def said(self) -> str:
        """Return in words what this drive is."""
        way, when = "there" if self.direction > 0 else "back", ", gaining speed" * self.rising
        return f"{self.name} {way} at {self.speed_radps:.3g} rad/s{when}"


class Missed(RuntimeError):
    """A drive that did not become what it was to be."""


def told_at_radps(drive: Drive) -> float:
    """Return the speed at which a drive is told to stop."""
    if drive.rising:
        return drive.speed_radps * RISING_RATIO
    bar = drive.speed_radps * CRUISING_RATIO
    return max(bar - STILL_RADPS, 0.5 * bar)


def least_radps(drive: Drive) -> float:
    """Return the greatest speed that a stop of this drive must show from the order on.

    With less the arm was braking already, at the end of its path or for somebody else.
    """
    if drive.rising:
        return max(told_at_radps(drive) - STILL_RADPS, 0.5 * told_at_radps(drive))
    return max(0.9 * drive.speed_radps - STILL_RADPS, 0.5 * drive.speed_radps)


class Driver:
    """Moves one running cell."""

    def __init__(
        self, witness: Witness, cell: Cell, chain: Chain, *, centre_rad: Array,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._witness, self._cell, self._chain = witness, cell, chain
        self._centre, self._say = centre_rad, say
        self._order = {name: i for i, name in enumerate(chain.joints)}
        self._paths = ActionClient(witness.node, FollowPath, "follow_path")
        self._stops = witness.node.create_client(RequestStop, "request_stop")

    # Where a joint is driven.

    def window(self, joint: int) -> tuple[float, float]:
        """Return between which positions [rad] a joint is driven, the others at the centre.

        Raises ValueError where that leaves no room, or no point of the arm may be so fast there.
        """
        name = self._chain.joints[joint]
        fastest = self._cell.file.motion.velocity_max_radps[joint]
        half = 0.9 * self._need_rad(joint, fastest)
        low = float(self._chain.lower_rad[joint]) + MARGIN_RAD
        high = float(self._chain.upper_rad[joint]) - MARGIN_RAD
        if high - low < 2.0 * half:
            raise ValueError(f"{name} has less room than the {2.0 * half:.2f} rad that it takes")
        middle = min(max(float(self._centre[joint]), low + half), high - half)
        reached = self._line_radps(joint, middle - half, middle + half)
        if reached < fastest * 0.999:
            raise ValueError(
                f"{name} comes to {reached:.3g} rad/s there, not to motion.velocity_max_radps = "
                f"{fastest:g} rad/s: motion.tcp_speed_max_mps holds it back; name a pose with the "
                "arm folded with --pose, or lower motion.velocity_max_radps"
            )
        return middle - half, middle + half

    def _need_rad(self, joint: int, speed: float, cruise_s: float = CRUISE_LEAST_S) -> float:
        """Return the way to a speed, through the order to stop, and back to rest as planned."""
        motion = self._cell.file.motion
        a, j = motion.acceleration_max_radps2[joint], motion.jerk_max_radps3[joint]
        time = speed / a + a / j if speed >= a * a / j else 2.0 * (speed / j) ** 0.5
        return speed * (time + cruise_s)

    def _line_radps(self, joint: int, start: float, end: float) -> float:
        """Return how fast a joint may go on a line at speed ratio 1."""
        line = plan(
            PATH, self._at(joint, start), [self._at(joint, end)],
            motion=self._cell.file.motion, speed_ratio=1.0, lower_rad=self._chain.lower_rad,
            upper_rad=self._chain.upper_rad, velocity_max_radps=self._chain.velocity_max_radps,
            point_speed=self._point_speed,
        ).lines[0]  # fmt: skip
        return float(line.planned.speed_max_ratio_ps * abs(line.way_rad[joint]))

    def _point_speed(self, q: Array, qd: Array) -> Array:
        ends = capsule_velocities(self._chain, q, qd)
        fastest: Array = np.max([np.linalg.norm(v, axis=-1).max(axis=-1) for v in ends], axis=0)
        return fastest

    def _at(self, joint: int, value: float) -> Array:
        at = self._centre.copy()
        at[joint] = value
        return at

    # Buttons.

    def begin(self) -> None:
        """Let the cell be reset and started, again after each fault, until it may move freely.

        Raises Late with what the cell says where that takes too long.
        """
        simulated = self._cell.file.simulated
        end_s = self._witness.now_s() + (READY_S if simulated else PERSON_S)
        asked = -1
        while self._permit().speed_ratio < FREE_RATIO:
            state = int(self._permit().state)
            if self._witness.now_s() > end_s:
                raise Late(f"the arm may not move freely: {self._witness.situation()}")
            if state > MotionPermit.READY or not simulated:
                if state != asked and state in PRESS:
                    self._say(PRESS[state])
                asked = state
                self._witness.pause(LOOK_EVERY_S)
                continue
            with contextlib.suppress(Late):  # another fault came between reset and start
                if state == MotionPermit.LATCHED:
                    self._witness.go()
                else:
                    self._witness.press("start")
                    self._witness.pause(PRESSED_S)

    def _permit(self) -> MotionPermit:
        return self._witness.last("motion_permit") or MotionPermit()

    # Moves.

    def go_to(self, joint: int, value: float) -> None:
        """Move to the centre, with one joint elsewhere; again after each stop on the way.

        Raises Late where the arm does not arrive.
        """
        end_s = self._witness.now_s() + MOVE_S
        while True:
            goal = self._send(self._at(joint, value), 1.0, load_kg=float("nan"))
            ended = self._witness.do(goal.get_result_async)
            while not ended.done() and self._permit().state > MotionPermit.READY:
                self._witness.pause(LOOK_EVERY_S)
            if not ended.done():
                self._cancel(goal)
                self.begin()
            elif ended.result().result.reached:
                return
            if self._witness.now_s() > end_s:
                raise Late(f"the arm does not arrive: {self._witness.situation()}")

    def stop_once(self, drive: Drive, window: tuple[float, float], load_kg: float) -> Seen:
        """Return the stop of one drive. Tries again where it was disturbed.

        Raises Missed after some tries, Late where the cell does not answer.
        """
        missed = Missed("not driven")
        for number in range(TRIES):
            try:
                return self._stop_once(drive, window, load_kg, whole=number > 0)
            except Missed as error:
                missed = error
                self._witness.pause(CALM_S * (number + 1))
                self.begin()
        raise missed

    def _stop_once(
        self, drive: Drive, window: tuple[float, float], load_kg: float, *, whole: bool
    ) -> Seen:
        """Drive and stop once; `whole`: through the whole window, which leaves the most time."""
        self._witness.forget(self._witness.now_s() - 1.0)
        low, high = window
        need = high - low
        if not whole:
            need = min(need, self._need_rad(drive.joint, drive.speed_radps, CRUISE_S))
        at = float(self._position()[drive.joint])
        if not low + need <= at <= high if drive.direction < 0 else not low <= at <= high - need:
            self.go_to(drive.joint, high if drive.direction < 0 else low)
        end = low if drive.direction < 0 else high
        reached = self._line_radps(drive.joint, float(self._position()[drive.joint]), end)
        begun_s = self._witness.now_s()
        goal = self._send(self._at(drive.joint, end), drive.speed_radps / reached, load_kg)
        try:
            self._witness.wait(
                "speed", lambda: self._speed(drive.joint) >= told_at_radps(drive), ANSWER_S
            )
            if not drive.rising:
                self._witness.pause(0.05)
            ordered_s = self._stop()
            self._witness.wait("rest", lambda: self._rests(ordered_s), ANSWER_S)
            seen = self._seen(drive, ordered_s, load_kg)
        except (Late, Missed) as error:
            raise Missed(f"{error}{self._held_back(begun_s)}") from error
        finally:
            self._cancel(goal)
        self.begin()
        return seen

    def _held_back(self, since_s: float) -> str:
        """Return in words what the monitor held the arm back for, "" for nothing."""
        permits = [permit for _, permit in self._witness.since("motion_permit", since_s)]
        causes = dict.fromkeys(p.cause for p in permits if p.speed_ratio < FREE_RATIO)
        others = [cause for cause in causes if cause not in OWN_CAUSES]
        return f"; meanwhile the monitor said {', '.join(others)}" if others else ""

    def _stop(self) -> float:
        """Ask for a stop and return the instant [s] of the first permit with it."""
        request = RequestStop.Request(device=PATH)
        answer = self._answer(lambda: self._stops.call_async(request), "request_stop")
        first = int(answer.permit_seq)

        def permit() -> tuple[float, MotionPermit] | None:
            heard = self._witness.heard["motion_permit"]
            pairs = zip(heard.times_s, heard.messages, strict=False)
            return next(((t, p) for t, p in pairs if p.seq >= first), None)

        instant_s, heard = self._witness.wait("the permit with the stop", permit, ANSWER_S)
        if heard.speed_ratio > 0.0:
            raise Missed("the permit with the stop lets the arm move")
        # One that was not heard came a period earlier.
        return float(instant_s) - (heard.seq - first) / self._cell.file.safety.rate_hz

    def _rests(self, since_s: float) -> bool:
        """Return whether nothing moves in the newest REST_S that were heard, after an instant."""
        heard = self._witness.since("joint_states", since_s)
        if not heard or heard[-1][0] - since_s < REST_S:
            return False
        speeds = [self._arm(m)[1] for t, m in heard if t >= heard[-1][0] - REST_S]
        return len(speeds) > 2 and bool((np.abs(speeds) <= STILL_RADPS).all())

    def _seen(self, drive: Drive, ordered_s: float, load_kg: float) -> Seen:
        """Return the stop that was just made."""
        heard = self._witness.since("joint_states", ordered_s - BEFORE_S)
        times = np.array([t for t, _ in heard])
        arms = np.array([self._arm(message) for _, message in heard])
        found = measured(
            times, arms[:, 0], arms[:, 1], ordered_s=ordered_s, joint=drive.joint
        )  # fmt: skip
        if found is None:
            gap_s = float(np.diff(times).max()) if len(times) > 1 else float("inf")
            raise Missed(
                f"joint states are missing around the stop: {len(times)} heard, up to "
                f"{gap_s:.3f} s apart"
            )
        speed, time_s, angle_rad = found
        least = least_radps(drive)
        if speed < least:
            raise Missed(
                f"braked already when it was told to stop: {speed:.3f} rad/s, not {least:.3f}"
            )
        return Seen(
            joint=drive.name, load_kg=load_kg, alike=drive.alike,
            speed_radps=speed, time_s=time_s, angle_rad=angle_rad,
        )  # fmt: skip

    # Talking with the cell.

    def _send(self, target: Array, ratio: float, load_kg: float) -> Any:
        """Send a path of one line and return its goal handle."""
        goal = FollowPath.Goal(
            path_id=PATH, joints=len(target), waypoints=[float(v) for v in target],
            speed_ratio=min(ratio, 1.0), payload_kg=load_kg,
        )  # fmt: skip
        if not self._paths.wait_for_server(timeout_sec=ANSWER_S):
            raise Late("the action follow_path is not there: does the cell run?")
        handle = self._answer(lambda: self._paths.send_goal_async(goal), "follow_path")
        if not handle.accepted:
            raise Late("follow_path is busy: end what drives the arm, and set task.autorun: false")
        return handle

    def _cancel(self, handle: Any) -> None:
        self._answer(handle.cancel_goal_async, "canceling follow_path")
        self._answer(handle.get_result_async, "the end of follow_path")

    def _answer(self, ask: Callable[[], Any], what: str) -> Any:
        """Return the answer to a call. Raises Late without one."""
        future = self._witness.do(ask)
        self._witness.wait(f"answer of {what}", future.done, ANSWER_S)
        return future.result()

    def _arm(self, message: Any) -> tuple[list[float], list[float]]:
        """Return position and velocity of the arm's joints, base first."""
        place = [message.name.index(name) for name in self._chain.joints]
        return [message.position[i] for i in place], [message.velocity[i] for i in place]

    def _position(self) -> Array:
        message = self._witness.last("joint_states")
        if message is None:
            raise Late("no joint states: does the cell run?")
        return np.array(self._arm(message)[0])

    def _speed(self, joint: int) -> float:
        message = self._witness.last("joint_states")
        return 0.0 if message is None else abs(self._arm(message)[1][joint])
