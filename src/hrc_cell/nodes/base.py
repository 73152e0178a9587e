"""What every node of the cell has: its cell folder, a lifecycle, a clean end.

Each node is a lifecycle node that configures and activates itself when `autostart` is true, so it
comes up the same way under `hrc-cell up`, under `ros2 launch` and after a respawn. A node that
cannot be configured says why in one message and ends with exit code 3. That is also how a cell that
is not in simulation refuses to run unsigned or changed, whoever starts its nodes.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rclpy
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import CellEvent, Heartbeat
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time

from hrc_cell.nodes.notify import notify_ready
from hrc_cell.nodes.processes import EXIT_NOT_CONFIGURED
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.signature import refusal

HEARTBEAT_PERIOD_S = 0.1
URGENT_PRIORITY = 20
"""Real-time, below the bus process and the stand-in for its hardware."""
TOLD_WITHIN_S = 0.3
LAST_WORDS_S = 0.5
"""How long a node that ends waits for its events to arrive, where somebody hears them."""
WAIT_S = 0.2
"""The longest wait for something to do; a signal is noticed after it."""

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
"""Streams: only the newest counts."""
KEPT = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""States: who comes late gets the last one."""
INPUTS = QoSProfile(
    depth=20, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""A state of which no short visit may be missed: a button pressed and let go at once."""
ALL = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)
"""What comes in a row: none may be lost while one listens."""
EVENTS = QoSProfile(
    depth=200,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
    lifespan=Duration(seconds=60.0),
)
"""Events: a recorder that is started again gets what was told meanwhile, once more what it had."""
SENSOR = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Sensor data, as drivers publish it."""


class CellNode(LifecycleNode):
    """A node of the cell. Subclasses implement `setup`, `start`, `stop` and `close`."""

    urgent = False  # part of the chain from scan to motor: goes before page, task and record

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.text_parameter("cell", "folder with cell.yaml, zones.yaml and recipes/")
        self.text_parameter("state_dir", "folder for journal, records and sockets")
        self.declare_parameter(
            "autostart",
            True,
            ParameterDescriptor(
                description="configure and activate without being told", read_only=True
            ),
        )
        self.cell: Cell
        self._events = self.create_publisher(CellEvent, "events", EVENTS)
        self._heartbeats = self.create_publisher(Heartbeat, "heartbeats", ALL)
        self._heart = self.create_timer(HEARTBEAT_PERIOD_S, self._beat, autostart=False)

    def destroy_node(self) -> None:
        """Give everything back now.

        rclpy leaves the state machine to the garbage collector, and with it the DDS participant and
        its threads, which then go on hearing who comes and goes, until whatever thread collects.
        """
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    # Each event handler costs the executor a place in every wait; the default ones only log.

    def create_publisher(self, *args: Any, **options: Any) -> Any:
        """Return a publisher without handlers of QoS events."""
        options.setdefault("event_callbacks", PublisherEventCallbacks(use_default_callbacks=False))
        return super().create_publisher(*args, **options)

    def create_subscription(self, *args: Any, **options: Any) -> Any:
        """Return a subscription without handlers of QoS events."""
        options.setdefault(
            "event_callbacks", SubscriptionEventCallbacks(use_default_callbacks=False)
        )
        return super().create_subscription(*args, **options)

    def text_parameter(self, name: str, description: str, default: str = "") -> str:
        """Declare a read-only text parameter and return its value."""
        about = ParameterDescriptor(description=description, read_only=True)
        value: str = self.declare_parameter(name, default, about).value
        return value

    @property
    def state_dir(self) -> Path:
        """Return the folder for what this cell keeps, made if it does not exist."""
        named: str = self.get_parameter("state_dir").value
        home = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"))
        folder = Path(named) if named else home / "hrc_cell" / self.cell.file.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # What a node does. Publishers, subscriptions and timers are made in setup or start.

    def setup(self) -> None:
        """Make everything the node needs. Raise ValueError or OSError to refuse."""

    def start(self) -> None:
        """Begin to act."""

    def stop(self) -> None:
        """Cease to act, ready to start again."""

    def close(self) -> None:
        """Give back what `setup` took. Called once, also after a failed setup."""

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the cell and set up. Refuse with every reason at once."""
        try:
            self.cell = load_cell(self.get_parameter("cell").value)
            if why := refusal(self.cell):
                raise ValueError(why)
            self.setup()
        except CellError as error:
            self.get_logger().error(f"the cell's files are wrong:\n{error}")
            return TransitionCallbackReturn.FAILURE
        except (ValueError, OSError) as error:
            self.get_logger().error(f"not configured: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception:  # our mistake; the lifecycle would swallow it
            self.get_logger().error(f"not configured:\n{traceback.format_exc()}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start."""
        self.start()
        self._heart.reset()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop."""
        self._heart.cancel()
        self.stop()
        return super().on_deactivate(state)

    def _beat(self) -> None:
        """Say that this node runs. The monitor stops the arm when a heartbeat is missing."""
        beat = Heartbeat(node=self.get_name())
        beat.header.stamp = self.stamp()
        self._heartbeats.publish(beat)

    def tell(self, kind: str, data: Mapping[str, object], stamp: TimeMsg | None = None) -> None:
        """Publish an event for the record, of this instant unless told otherwise."""
        event = CellEvent(source=self.get_name(), kind=kind, data=json.dumps(data, allow_nan=False))
        event.header.stamp = self.stamp() if stamp is None else stamp
        self._events.publish(event)

    def last_words(self) -> None:
        """Wait a moment until the events told have arrived; they die with this process."""
        try:
            if rclpy.ok():
                self._events.wait_for_all_acked(Duration(seconds=LAST_WORDS_S))
        except Exception:
            if rclpy.ok():
                raise
            # A signal has shut ROS down meanwhile: nothing can arrive any more.

    def same_config(self, sha256: str) -> bool:
        """Return whether a permit was judged with this node's own safety settings; log it if not.

        Each process reads the cell's files when it starts, so one that came up anew may follow
        other numbers than those that have been running.
        """
        if sha256 == self.cell.safety_sha256:
            return True
        self.get_logger().error(
            "permits are judged with other safety settings than this node was started with; "
            "start the whole cell anew", once=True,
        )  # fmt: skip
        return False

    # Time. Stamps are in the ROS clock, the core counts in monotonic seconds.

    def stamp(self) -> TimeMsg:
        """Return the present instant as a message stamp."""
        return self.get_clock().now().to_msg()

    # Both clocks are read one after the other, in the order in which a pause between them makes a
    # sample look older, never younger.

    def instant_s(self, stamp: TimeMsg) -> float:
        """Return when a stamp was on the monotonic clock; -inf for no stamp."""
        now_s = time.monotonic()
        return now_s - self.age_s(stamp)

    def stamp_of(self, instant_s: float) -> TimeMsg:
        """Return the stamp of an instant of the monotonic clock."""
        now = self.get_clock().now()
        age_ns = int((time.monotonic() - instant_s) * 1e9)
        stamp: TimeMsg = Time(
            nanoseconds=max(now.nanoseconds - age_ns, 0), clock_type=now.clock_type
        ).to_msg()
        return stamp

    def age_s(self, stamp: TimeMsg) -> float:
        """Return how old a stamp is, in seconds; negative for the future, inf for no stamp."""
        ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        if ns == 0:
            return float("inf")
        return (self.get_clock().now().nanoseconds - ns) * 1e-9


def go_first() -> None:
    """Give this process real-time priority, where this user may; else all processes are equal."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(URGENT_PRIORITY))


def run(make: Callable[[], CellNode]) -> None:
    """Run one node until it is told to stop; then let it close. Exits the process."""
    if getattr(make, "urgent", False):
        go_first()
    rclpy.init()
    try:
        node = make()
    except (KeyboardInterrupt, Exception) as error:
        if isinstance(error, KeyboardInterrupt) or _told_to_stop():
            sys.exit(0)
        raise
    executor = None
    code = 0
    try:
        if node.get_parameter("autostart").value:
            good = TransitionCallbackReturn.SUCCESS
            if node.trigger_configure() != good or node.trigger_activate() != good:
                code = EXIT_NOT_CONFIGURED
            else:
                notify_ready()
        if code == 0:
            executor = EventsExecutor()
            executor.add_node(node)
            gc.collect()
            gc.freeze()  # what is there now stays; searching it would hold up callbacks
            _spin(executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if not _told_to_stop():
            raise
        # Told to stop while it was set up, which could then not go on.
    finally:
        _end_once()  # a second Ctrl-C must not cut off the torque's way to zero
        node.close()
        node.last_words()
        if executor is not None:
            executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()  # gives the signals back
        _end_once()
    sys.exit(code)


def _spin(executor: Executor) -> None:
    """Serve callbacks until told to stop, never in the middle of one.

    By single steps: the executor's own spin() keeps the handlers of signals from running.
    """
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    while rclpy.ok() and not told:
        executor.spin_once(timeout_sec=WAIT_S)


def _told_to_stop() -> bool:
    """Return whether a signal has shut ROS down; its own thread does that a moment later."""
    end_s = time.monotonic() + TOLD_WITHIN_S
    while rclpy.ok() and time.monotonic() < end_s:
        time.sleep(0.01)
    return not rclpy.ok()


def _end_once() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
