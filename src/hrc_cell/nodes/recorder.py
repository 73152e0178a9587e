"""Writes one line for each event and decision of the cell.

Events are written as they are. Permits: a line whenever state, cause, zone, stop category or what
else CHANGES names changes, with every number of the permit and where people and joints were; where
only the binding person or link changes, at most one a second, since these may alternate with each
tick; and one a second while the arm moves. Motor states: a line whenever the gate or its reason
changes. A disk that fails is told and harms nobody.

Events told while no recorder ran are kept for it by those who told them. What comes again, because
the recorder before had written it, is known by the end of the record and not written twice.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import CellEvent, Humans, MotionPermit, MotionProgress, MotorStates
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message

from hrc_cell.adapters.record.events import RECORDS, EventLog, finite, rfc3339
from hrc_cell.nodes.base import ALL, EVENTS, NEWEST, CellNode, run
from hrc_cell.nodes.parameters import declare_settings

NAME = "recorder"
SAMPLE_S = 1.0
COMPLAIN_S = 30.0
PEOPLE_MAX = 32  # noted with one permit
CHANGES = (
    "state", "cause", "zone", "stop_category", "clears", "mode", "zone_set", "muted",
    "contact_region", "contact_table",
)  # fmt: skip
"""What of a permit makes a line of its own when it changes."""
PAIR = ("human_id", "body_part", "link")
LEFT_OUT = ("header", "corridor")
"""Not noted: the line has the stamp, and path_id names the way that the corridor lies around."""
TOLD_AGAIN = QoSProfile(
    depth=4000, reliability=EVENTS.reliability, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""Room for the events that all nodes have kept."""


class Recorder(CellNode):
    """Subscriptions that know what is new, around one log."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._log: EventLog | None = None
        self._written: frozenset[str] = frozenset()  # by the recorder before this one
        self._active = False
        self._permit: tuple[object, ...] = ()
        self._pair: tuple[object, ...] = ()
        self._humans = b""  # the newest message as it came: most are never looked into
        self._joints: dict[str, float] = {}
        self._gate: tuple[object, ...] = ()
        self._moving = False
        self._sampled_s = -math.inf
        self._complained_s = -math.inf

    def setup(self) -> None:
        """Listen."""
        record = self.cell.file.record
        declare_settings(self, "record", record)
        folder = self.cell.keep_folder(self.state_dir)
        self._log = EventLog(
            folder / RECORDS, size_max_mb=record.size_max_mb, files_max=record.files_max
        )
        self._written = frozenset(map(_identity, self._log.newest_lines()))
        self.create_subscription(CellEvent, "events", self._hear_event, TOLD_AGAIN)
        self.create_subscription(MotionPermit, "safety_state", self._hear_permit, ALL)
        self.create_subscription(MotionProgress, "motion_progress", self._hear_progress, NEWEST)
        self.create_subscription(MotorStates, "motor_states", self._hear_motors, NEWEST)
        self.create_subscription(Humans, "humans", self._hear_humans, NEWEST, raw=True)

    def start(self) -> None:
        """Begin to write."""
        self._active = True
        self._permit = self._pair = self._gate = ()
        self._write(NAME, "record_begun", self.stamp(), self._about())

    def stop(self) -> None:
        """Cease to write."""
        self._write(NAME, "record_ended", self.stamp(), {})
        self._active = False

    def close(self) -> None:
        """End the file."""
        if self._log is not None:
            self._log.close()

    def _about(self) -> dict[str, Any]:
        file = self.cell.file
        return {
            "cell": file.name,
            "folder": str(self.cell.folder.resolve()),
            "simulated": file.simulated,
            "safety_sha256": self.cell.safety_sha256,
        }

    def _hear_event(self, message: CellEvent) -> None:
        try:
            data = json.loads(message.data)
        except ValueError:
            data = {"text": message.data}
        data = data if isinstance(data, dict) else {"value": data}
        stamp = message.header.stamp
        line = {
            "stamp": rfc3339(_nanoseconds(stamp)), "source": message.source,
            "kind": message.kind, "data": finite(data),
        }  # fmt: skip
        if _identity(line) in self._written:
            return
        self._write(message.source, message.kind, message.header.stamp, data)

    def _hear_permit(self, message: MotionPermit) -> None:
        shown, pair = _values(message, CHANGES), _values(message, PAIR)
        now_s = time.monotonic()
        due = now_s - self._sampled_s >= SAMPLE_S
        if shown != self._permit or (pair != self._pair and due):
            kind = "permit"
        elif self._moving and due:
            kind = "permit_sample"
        else:
            return
        self._permit, self._pair, self._sampled_s = shown, pair, now_s
        data = {**plain(message), "joints_rad": self._joints}
        if self._humans:
            data |= people_then(message, deserialize_message(self._humans, Humans))
        self._write("safety_monitor", kind, message.header.stamp, data)

    def _hear_humans(self, serialized: bytes) -> None:
        self._humans = serialized

    def _hear_progress(self, message: MotionProgress) -> None:
        self._moving = message.phase not in (MotionProgress.IDLE, MotionProgress.HELD)

    def _hear_motors(self, message: MotorStates) -> None:
        self._joints = {motor.joint: motor.position_rad for motor in message.motors}
        shown = (message.gate, message.gate_reason)
        if shown != self._gate:
            self._gate = shown
            self._write("motor_bus", "gate", message.header.stamp, plain(message))

    def _write(self, source: str, kind: str, stamp: TimeMsg, data: Mapping[str, Any]) -> None:
        if self._log is None or not self._active:
            return
        now_s = time.monotonic()
        written = self._log.write(
            stamp_ns=_nanoseconds(stamp),
            mono_s=now_s,
            source=source,
            kind=kind,
            data=data,
        )
        if not written and now_s - self._complained_s >= COMPLAIN_S:
            self._complained_s = now_s
            self.get_logger().error(
                f"the record cannot be written, {self._log.lost} lines lost so far: "
                f"{self._log.error}; make room on the disk, it is tried again by itself"
            )


def _nanoseconds(stamp: TimeMsg) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _identity(line: Mapping[str, Any]) -> str:
    """Return what makes a line the same as another: all but when it was written."""
    return json.dumps([line.get(name) for name in ("stamp", "source", "kind", "data")])


def _values(message: MotionPermit, names: tuple[str, ...]) -> tuple[object, ...]:
    found = (getattr(message, name) for name in names)
    return tuple(value if isinstance(value, str | int) else tuple(value) for value in found)


def people_then(permit: MotionPermit, heard: Humans) -> dict[str, Any]:
    """Return where people were when a permit was judged [m, cell frame], and how old that was."""
    age_ns = _nanoseconds(permit.header.stamp) - _nanoseconds(heard.header.stamp)
    return {
        "people_age_s": round(age_ns * 1e-9, 3),
        "people": [
            {
                "id": human.id, "at_m": _point(human.position)[:2],
                "velocity_mps": _point(human.velocity)[:2], "radius_m": round(human.radius_m, 3),
                "hidden": human.hidden, "confirmed": human.confirmed,
                "parts": [
                    {
                        "region": part.region, "start_m": _point(part.start),
                        "end_m": _point(part.end), "radius_m": round(part.radius_m, 3),
                    }
                    for part in human.parts
                ],
            }
            for human in heard.humans[:PEOPLE_MAX]
        ],
    }  # fmt: skip


def _point(at: Any) -> list[float]:
    return [round(value, 3) for value in (at.x, at.y, at.z)]


def plain(message: Any) -> Any:
    """Return a message as JSON data, without its header and what else is LEFT_OUT."""
    if hasattr(message, "get_fields_and_field_types"):
        names = message.get_fields_and_field_types()
        return {name: plain(getattr(message, name)) for name in names if name not in LEFT_OUT}
    if isinstance(message, str | bool | int | float):
        return message
    return [plain(item) for item in message]


def main() -> None:
    """Run the node until it is told to stop."""
    run(Recorder)


if __name__ == "__main__":
    main()
