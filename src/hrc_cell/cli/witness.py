"""Watches a running cell from outside: keeps what the topics said, waits for things to happen.

Used by the demo and the benches. It takes part in nothing: it subscribes, and calls the services of
the simulated cell that it is told to call.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import (
    CellEvent,
    Humans,
    JointGoals,
    MotionPermit,
    MotionProgress,
    MotorStates,
    PartSensors,
    SimTruth,
    TaskState,
)
from hrc_cell_interfaces.srv import DirectPerson, InjectFault, PressButton
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from hrc_cell.nodes.base import ALL, KEPT, NEWEST
from hrc_cell.nodes.middleware import stay_local

STREAMS: dict[str, tuple[Any, Any]] = {
    "motion_permit": (MotionPermit, NEWEST),
    "sim/truth": (SimTruth, NEWEST),
    "joint_states": (JointState, NEWEST),
    "joint_goals": (JointGoals, NEWEST),
    "motor_states": (MotorStates, NEWEST),
    "humans": (Humans, NEWEST),
    "task_state": (TaskState, KEPT),
    "part_sensors": (PartSensors, KEPT),
    "motion_progress": (MotionProgress, NEWEST),
    "events": (CellEvent, ALL),
}


CLOCK_LOOKS = 3
LOOK_EVERY_S = 0.2
STEADY_S = 0.5
"""So long a lamp must have been lit for a person to rely on it."""


class Late(RuntimeError):
    """What was waited for did not happen in time."""


@dataclass(slots=True)
class Heard:
    """Messages of one topic with the monotonic instants of their stamps, as they came."""

    times_s: list[float] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)

    @property
    def last(self) -> Any:
        """Return the newest message, or None."""
        return self.messages[-1] if self.messages else None

    def since(self, start_s: float) -> list[tuple[float, Any]]:
        """Return (instant, message) for everything of `start_s` or later."""
        pairs = zip(self.times_s, self.messages, strict=False)
        return [(t, m) for t, m in pairs if t >= start_s]


class Witness:
    """A node of its own in a thread of its own. Use as a context manager."""

    def __init__(
        self, topics: tuple[str, ...] = tuple(STREAMS), *, namespace: str = "", whole: bool = False
    ) -> None:
        """Listen to these topics; `whole`: miss no message, however late this program is."""
        stay_local()
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node("witness", context=self._context, namespace=namespace)
        self._news = threading.Condition()
        self._leaving = False
        self.heard = {name: Heard() for name in topics}
        for name in topics:
            kind, qos = STREAMS[name]
            self.node.create_subscription(kind, name, self._hear(name), ALL if whole else qos)
        self._clients = {
            "sim/press": self.node.create_client(PressButton, "sim/press"),
            "sim/inject": self.node.create_client(InjectFault, "sim/inject"),
            "sim/person": self.node.create_client(DirectPerson, "sim/person"),
        }
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name="witness", daemon=True)
        self._thread.start()

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the graph."""
        self._leaving = True
        self._executor.shutdown()
        self._thread.join(5.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def wait(self, what: str, check: Callable[[], Any], timeout_s: float) -> Any:
        """Return the first true value of `check`, tried after each message.

        Raises Late with `what` when the time is over.
        """
        end_s = time.monotonic() + timeout_s
        with self._news:
            while True:
                found = check()
                if found:
                    return found
                left_s = end_s - time.monotonic()
                if left_s <= 0.0:
                    raise Late(f"{what}: not seen within {timeout_s:g} s")
                self._news.wait(min(left_s, 0.1))

    @staticmethod
    def now_s() -> float:
        """Return the present instant on the clock of `since`."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Return after so many seconds of listening."""
        with self._news:
            self._news.wait_for(lambda: False, seconds)

    def last(self, topic: str) -> Any:
        """Return the newest message of a topic, or None."""
        return self.heard[topic].last

    def since(self, topic: str, start_s: float) -> list[tuple[float, Any]]:
        """Return (instant, message) of a topic since a monotonic instant."""
        with self._news:
            return self.heard[topic].since(start_s)

    def forget(self, before_s: float) -> None:
        """Let go of all messages that are older than a monotonic instant, but the newest."""
        with self._news:
            for kept in self.heard.values():
                old = sum(1 for _ in itertools.takewhile(lambda t: t < before_s, kept.times_s))
                old = min(old, len(kept.times_s) - 1)
                if old > 0:
                    del kept.times_s[:old], kept.messages[:old]

    def call(self, service: str, timeout_s: float = 5.0, **fields: Any) -> Any:
        """Call a service of the simulated cell and return its response.

        Raises Late when nobody answers, RuntimeError when the call is refused.
        """
        client = self._clients[service]
        if not client.wait_for_service(timeout_sec=timeout_s):
            raise Late(f"service {service} is not there")
        request = client.srv_type.Request(**fields)
        future = client.call_async(request)
        answered = threading.Event()
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(timeout_s):
            raise Late(f"service {service} did not answer within {timeout_s:g} s")
        response = future.result()
        if not response.accepted:
            raise RuntimeError(f"{service} refused {fields}: {response.reason}")
        return response

    def do(self, act: Callable[[], Any], timeout_s: float = 5.0) -> Any:
        """Return what `act` returns, called on the thread that listens.

        An action client must not be asked on another one: there it would miss a quick answer.
        Raises Late when it is not called in time.
        """
        task = self._executor.create_task(act)
        ended = threading.Event()
        task.add_done_callback(lambda _: ended.set())
        if not ended.wait(timeout_s):
            raise Late(f"the witness did not answer itself within {timeout_s:g} s")
        return task.result()

    def situation(self) -> str:
        """Return in words what the permit and the task said last, and the latest events."""
        permit, task = self._permit(), self.heard.get("task_state", Heard()).last
        events = self.heard.get("events", Heard()).messages[-5:]
        parts = [f"permit: state {permit.state}, cause {permit.cause!r}, seq {permit.seq}"]
        if task is not None:
            parts.append(f"task: phase {task.phase}, step {task.step_id!r}, {task.reason!r}")
        parts += [f"{event.source} {event.kind} {event.data}" for event in events]
        return "; ".join(parts)

    def press(self, control: str, value: str = "press") -> None:
        """Press a control of the simulated operator box."""
        self.call("sim/press", control=control, value=value)

    def go(self) -> None:
        """Reset once that has been possible for a while, then start. Needs motion_permit."""
        self.wait("reset possible", self._reset_stays_possible, 30.0)
        self.press("reset")
        self.wait("ready", lambda: self._permit().state == MotionPermit.READY, 5.0)
        self.press("start")
        self.wait("started", lambda: self._permit().state >= MotionPermit.STANDSTILL, 5.0)

    def attend(self, seconds: float) -> None:
        """Reset and start after each stop by a fault, as a person at the box would, for so long."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0.0:
            if self._permit().state <= MotionPermit.READY:
                self.go()
            self.pause(min(left_s, LOOK_EVERY_S))

    def _reset_stays_possible(self) -> bool:
        """Return whether no permit of the last STEADY_S says otherwise, as a person would look."""
        heard, begin_s = self.heard["motion_permit"], time.monotonic() - STEADY_S
        recent = itertools.takewhile(
            lambda pair: pair[0] >= begin_s,
            zip(reversed(heard.times_s), reversed(heard.messages), strict=True),
        )
        lasted = bool(heard.times_s) and heard.times_s[0] <= begin_s
        steady = [permit.reset_possible for _, permit in recent]
        return lasted and bool(steady) and all(steady)

    def _permit(self) -> MotionPermit:
        return self.last("motion_permit") or MotionPermit()

    def _hear(self, name: str) -> Callable[[Any], None]:
        kept = self.heard[name]

        def hear(message: Any) -> None:
            with self._news:
                kept.times_s.append(_instant_s(message.header.stamp))
                kept.messages.append(message)
                self._news.notify_all()

        return hear

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except Exception:
            if not self._leaving:  # while it leaves, what it waits on is taken away under it
                raise


def _instant_s(stamp: TimeMsg) -> float:
    """Return the monotonic instant of a stamp, of now where there is none.

    So that a busy machine, which hears late, takes nothing for having happened late.
    """
    ns = stamp.sec * 1_000_000_000 + stamp.nanosec
    return ns * 1e-9 + _clocks_apart_s() if ns else time.monotonic()


def _clocks_apart_s() -> float:
    """Return by how much the monotonic clock is ahead of that of stamps.

    Of a few looks at both the quickest counts: a program that is held up between the two would
    take what it heard for older by as long.
    """
    looks = []
    for _ in range(CLOCK_LOOKS):
        before_s, stamp_s, after_s = time.monotonic(), time.time_ns() * 1e-9, time.monotonic()
        looks.append((after_s - before_s, (before_s + after_s) / 2.0 - stamp_s))
    return min(looks)[1]
