"""Hears people, joints, operator inputs and heartbeats; publishes the motion permit.

Decides nothing; see hrc_cell.core.cell. The permit is a lease: when this node stops, it runs out.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import (
    CellSignals,
    Heartbeat,
    Humans,
    MotionPermit,
    MotionProgress,
    OperatorInputs,
    PlannedPath,
)
from hrc_cell_interfaces.srv import RequestStop
from rcl_interfaces.msg import ParameterDescriptor
from sensor_msgs.msg import JointState

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.record.events import finite
from hrc_cell.core.bodies import Bodies, Sighting, fuse
from hrc_cell.core.cell import Memory, judge
from hrc_cell.core.interlock import Reading
from hrc_cell.core.muting import Signal
from hrc_cell.core.observed import Eye, Observation, Sight, nobody
from hrc_cell.core.people import People
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import State
from hrc_cell.core.standstill import stay
from hrc_cell.core.stopwatch import Tick, Watch, watch
from hrc_cell.nodes import safety_wire as wire
from hrc_cell.nodes.base import ALL, KEPT, NEWEST, CellNode, run
from hrc_cell.nodes.parameters import declare_settings
from hrc_cell.nodes.processes import processes_of
from hrc_cell.settings.signature import standing

NAME = "safety_monitor"
STATE_HZ = 10.0
"""So often the newest permit is repeated on safety_state, for those who only show or note it."""


class SafetyMonitor(CellNode):
    """A timer around one pure function; the subscriptions only keep the newest message."""

    urgent = True

    def __init__(self) -> None:
        super().__init__(NAME)
        self._seq = 0
        self._memory = Memory()
        self._stop_requested = False
        self._watch = Watch()
        self._rest: np.ndarray[Any, Any] | None = None
        self._stop_fault = ""
        self._readings: list[Reading] = []  # of the operator box, since the last tick
        self._people: People | None = None
        self._hidden = np.zeros(0, dtype=np.bool_)
        self._people_seq = 0  # counts scans, not messages: the tracker also repeats itself
        self._bodies: dict[str, tuple[Bodies, TimeMsg, float, float]] = {}
        self._body_trackers: dict[str, str] = {}  # what was told of each
        self._scans: list[TimeMsg] = []  # stamps behind the newest list of people
        # Instants of the monotonic clock at which samples were taken; -inf: never heard.
        self._eyes: dict[str, tuple[Eye, float]] = {}
        self._people_s = self._joints_s = self._inputs_s = self._progress_s = -math.inf
        self._position: tuple[float, ...] = ()
        self._velocity: tuple[float, ...] = ()
        self._progress = MotionProgress()
        self._path: PlannedPath | None = None
        self._beats: dict[str, float] = {}
        self._signals: dict[str, tuple[bool, float]] = {}
        self._shown: tuple[object, ...] = ()

    def setup(self) -> None:
        """Read the settings and the arm, and listen."""
        declare_settings(self, "safety", self.cell.file.safety)
        everyone = [p.name for p in processes_of(self.cell) if p.name != NAME]
        if not self.has_parameter("watched_nodes"):
            about = ParameterDescriptor(
                description="nodes whose silence stops the arm", read_only=True
            )
            self.declare_parameter("watched_nodes", everyone, about)
        watched = tuple(self.get_parameter("watched_nodes").value)
        if left_out := sorted(set(everyone) - set(watched)):
            if not self.cell.file.simulated:
                raise ValueError(
                    f"watched_nodes leaves out {', '.join(left_out)}: a real cell watches all its "
                    "nodes; leave the parameter out"
                )
            self.get_logger().warning(f"not watched: {', '.join(left_out)}")
        chain = load_description(self.cell).chain
        self._rules = Rules.of(self.cell, chain, watched)
        self._sha256 = self.cell.safety_sha256
        simulated = " (simulation)" if self.cell.file.simulated else ""
        self.get_logger().info(
            f"safety settings sha256 {self._sha256}: {standing(self.cell)}{simulated}"
        )

        self._permits = self.create_publisher(MotionPermit, "motion_permit", NEWEST)
        self._states = self.create_publisher(MotionPermit, "safety_state", ALL)
        self.create_subscription(Humans, "humans", self._hear_people, NEWEST)
        for source in self.cell.file.bodies:
            hear = partial(self._hear_bodies, source.name)
            self.create_subscription(Humans, f"bodies/{source.name}", hear, NEWEST)
        self.create_subscription(JointState, "joint_states", self._hear_joints, NEWEST)
        self.create_subscription(OperatorInputs, "operator_inputs", self._hear_inputs, ALL)
        self.create_subscription(MotionProgress, "motion_progress", self._hear_progress, NEWEST)
        self.create_subscription(CellSignals, "cell_signals", self._hear_signals, ALL)
        self.create_subscription(PlannedPath, "planned_path", self._hear_path, KEPT)
        self.create_subscription(Heartbeat, "heartbeats", self._hear_beat, ALL)
        self.create_service(RequestStop, "request_stop", self._request_stop)
        self._state_every = max(1, round(self._rules.safety.rate_hz / STATE_HZ))
        self._timer = self.create_timer(
            1.0 / self._rules.safety.rate_hz, self._tick, autostart=False
        )

    def start(self) -> None:
        """Begin to judge, latched."""
        self._memory = Memory()
        self._watch = Watch()
        self._readings.clear()  # what was pressed meanwhile is no press
        self._shown = ()
        self._timer.reset()

    def stop(self) -> None:
        """Cease to judge. The last permit then runs out by itself."""
        self._timer.cancel()

    # What is heard.

    def _hear_people(self, message: Humans) -> None:
        if not self._of_this_frame(message, "humans"):
            return
        self._people = wire.people(message, self._rules.safety)
        self._hidden = wire.hidden(message)
        self._eyes = {n: (eye, self._instant(at)) for n, (eye, at) in wire.eyes(message).items()}
        self._people_s = self._instant(message.header.stamp)
        scans = [message.header.stamp, *(scanner.stamp for scanner in message.scanners)]
        self._people_seq += scans != self._scans
        self._scans = scans

    def _hear_bodies(self, name: str, message: Humans) -> None:
        if not self._of_this_frame(message, f"bodies/{name}"):
            return
        stamp = message.header.stamp
        self._bodies[name] = (
            wire.bodies(message), stamp, self._instant(stamp), time.monotonic()
        )  # fmt: skip

    def _of_this_frame(self, message: Humans, topic: str) -> bool:
        """Return whether people are told in the cell frame; log it if not."""
        frame = self.cell.file.frame
        if message.header.frame_id != frame:
            self.get_logger().error(
                f"{topic} in frame {message.header.frame_id!r} instead of {frame!r}: not heard",
                throttle_duration_sec=5.0,
            )
        return bool(message.header.frame_id == frame)

    def _hear_joints(self, message: JointState) -> None:
        self._position, self._velocity = wire.arm_joints(message, self._rules.chain.joints)
        self._joints_s = self._instant(message.header.stamp)

    def _hear_inputs(self, message: OperatorInputs) -> None:
        if message.simulated and not self.cell.file.simulated:
            self.get_logger().error(
                "a simulated operator box speaks in a real cell: not heard; end what sends it",
                throttle_duration_sec=5.0,
            )
            return
        self._inputs_s = self._instant(message.header.stamp)
        self._readings.append(wire.reading(message))

    def _hear_progress(self, message: MotionProgress) -> None:
        self._progress, self._progress_s = message, self._instant(message.header.stamp)

    def _hear_path(self, message: PlannedPath) -> None:
        self._path = message

    def _hear_signals(self, message: CellSignals) -> None:
        at_s = self._instant(message.header.stamp)
        heard = zip(message.name, message.state, strict=False)
        self._signals.update((name, (state, at_s)) for name, state in heard)

    def _hear_beat(self, message: Heartbeat) -> None:
        self._beats[message.node] = self._instant(message.header.stamp)

    def _instant(self, stamp: TimeMsg) -> float:
        """Return when a stamp was, in monotonic seconds; NaN for the future, -inf for no stamp.

        Taken on arrival, so that a later step of the wall clock makes nothing younger.
        """
        instant_s = self.instant_s(stamp)
        return instant_s if instant_s <= time.monotonic() else math.nan

    def _request_stop(
        self, request: RequestStop.Request, response: RequestStop.Response
    ) -> RequestStop.Response:
        """Stop with the very next permit."""
        self._stop_requested = True
        response.accepted, response.permit_seq = True, self._seq + 1
        told = {
            "device": request.device,
            "operator_alias": request.operator_alias,
            "permit_seq": response.permit_seq,
        }
        self.tell("stop_requested", told)
        return response

    # The tick.

    def _tick(self) -> None:
        stamp = self.stamp()
        seen = self._observe()
        self._memory, verdict = judge(self._rules, self._memory, seen)
        self._stop_requested, self._stop_fault = False, ""
        self._readings.clear()
        self._seq += 1
        permit = wire.permit(self._rules, verdict, seen, self._progress.path_id)
        permit.header.stamp, permit.header.frame_id = stamp, self.cell.file.frame
        permit.seq = self._seq
        permit.lease_s = self._rules.safety.lease_s
        permit.reaction_time_s = self._rules.safety.reaction_time_s
        permit.config_sha256 = self._sha256
        self._permits.publish(permit)  # what follows is not needed for it
        self._watch_stop(seen, float(verdict.speed_ratio), float(verdict.oldest_sample_age_s))
        shown = (permit.state, permit.cause, permit.zone, permit.stop_category)
        if shown != self._shown or self._seq % self._state_every == 0:
            self._states.publish(permit)
        if shown != self._shown:
            self._shown = shown
            self.get_logger().info(f"{State(permit.state).name}: {permit.cause or 'free'}")

    def _watch_stop(self, seen: Observation, speed_ratio: float, oldest_s: float) -> None:
        """Hold each stop against the stop model; one that is too long is a fault of the next tick.

        Without all joints nothing is seen of the arm, so it counts as moving.
        """
        joints = self._rules.chain.joints
        unknown = np.full(len(joints), math.nan)
        whole = len(self._position) == len(self._velocity) == len(joints)
        tick = Tick(
            now_s=float(np.asarray(seen.now_s)), speed_ratio=speed_ratio,
            oldest_sample_age_s=oldest_s, joints_age_s=float(np.asarray(seen.joints_age_s)),
            position_rad=np.array(self._position) if whole else unknown,
            velocity_radps=np.array(self._velocity) if whole else unknown,
            load_kg=float(np.asarray(seen.load_kg)),
        )  # fmt: skip
        self._watch, stop = watch(
            self._watch, tick, joints=joints, model=self._rules.stops, safety=self._rules.safety
        )
        self._rest, joint = stay(
            self._rest, must_stand=speed_ratio == 0.0 and self._watch.stop is None,
            position_rad=tick.position_rad, velocity_radps=tick.velocity_radps,
        )  # fmt: skip
        if joint is not None:
            self._stop_fault = f"moved_at_standstill:{joints[joint]}"
        if stop is not None:
            self._stop_fault = stop.fault or self._stop_fault
            self.tell("stop_measured", finite(asdict(stop)))

    def _observe(self) -> Observation:
        """Return what was heard, with the ages that it has now."""
        now_s = time.monotonic()
        people_age_s = now_s - self._people_s
        ahead = wire.ahead(
            self._path, self._progress, now_s - self._progress_s, len(self._rules.chain.joints)
        )
        return Observation(
            now_s=now_s,
            people=self._everybody(now_s, people_age_s),
            people_age_s=people_age_s,
            people_seq=self._people_seq,
            scanners={name: Sight(eye, now_s - at_s) for name, (eye, at_s) in self._eyes.items()},
            position_rad=self._position,
            velocity_radps=self._velocity,
            joints_age_s=now_s - self._joints_s,
            ahead=ahead,
            **wire.context(self._path if ahead is not None else None),
            nodes={name: now_s - at_s for name, at_s in self._beats.items()},
            inputs_age_s=now_s - self._inputs_s,
            readings=tuple(self._readings),
            signals={
                name: Signal(state, now_s - at_s) for name, (state, at_s) in self._signals.items()
            },
            stop_requested=self._stop_requested,
            stop_fault=self._stop_fault,
        )

    def _everybody(self, now_s: float, people_age_s: float) -> People | None:
        """Return the people of the scanners and of all body trackers; tell who of these is silent.

        One that is silent is no fault: the envelopes of the scanners' people count.
        """
        sightings = []
        for source in self.cell.file.bodies:
            state = "silent"
            if source.name in self._bodies:
                bodies, _, at_s, heard_s = self._bodies[source.name]
                sightings.append(Sighting(source, now_s - at_s, now_s - heard_s, bodies))
                state = "ok" if 0.0 <= now_s - at_s <= source.timeout_s else "silent"
            if self._body_trackers.get(source.name) != state:
                self._body_trackers[source.name] = state
                self.tell("body_tracker", {"name": source.name, "state": state})
        if not sightings:
            return self._people
        safety = self._rules.safety
        return fuse(
            nobody(safety) if self._people is None else self._people, self._hidden, sightings,
            people_age_s=people_age_s, sources=self._rules.sources, safety=safety,
        )  # fmt: skip


def main() -> None:
    """Run the node until it is told to stop."""
    run(SafetyMonitor)


if __name__ == "__main__":
    main()
