"""Memory that the node and its bus process share: one record each way, and a heartbeat.

Each record has one writer and one reader and no lock: a sequence number is odd while it is being
written, and a checksum guards against torn reads on machines that reorder stores. A reader that
meets a half-written record keeps what it had; everything in a record carries its own instant, so
what is not renewed grows old by itself. Instants are CLOCK_MONOTONIC, the same in both processes.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hrc_cell.core.corridor import ROWS_MAX

NAN = math.nan
CATEGORY_NONE = 255
_HEAD = struct.Struct("=QQ")  # sequence number, checksum
_TRIES = 50
_END = struct.Struct("=?QB")  # end, number of the request to reboot, whom
_PERMIT = struct.Struct("=?Qddddd?B?B")
_CORRIDOR = struct.Struct("=B")  # rows
_GOAL = struct.Struct("=BQdd")
_STATE = struct.Struct("=QQQdBd??64s")
_MOTOR = struct.Struct("=dddddd?BQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitRecord:
    """A motion permit with its instant on the monotonic clock."""

    seq: int
    stamp_s: float
    lease_s: float
    speed_ratio: float
    oldest_sample_age_s: float
    reaction_time_s: float
    gripper_permitted: bool
    state: int
    same_config: bool
    stop_category: int = CATEGORY_NONE  # of IEC 60204-1, as in MotionPermit
    corridor_rad: tuple[float, ...] = ()  # rows of the arm's joints, empty: any motion was judged
    corridor_speed_radps: tuple[float, ...] = ()  # of the arm's joints at speed ratio 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRecord:
    """Joint goals with the instant they are meant for: of all joints, or of all but the gripper."""

    seq: int
    stamp_s: float
    lifetime_s: float
    positions_rad: tuple[float, ...]
    velocities_radps: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """From the node to the bus process."""

    permit: PermitRecord | None = None
    goal: GoalRecord | None = None
    end: bool = False  # come to rest, torque off, close
    reboot_seq: int = 0  # one more each time a motor is to be rebooted
    reboot_index: int = 0  # which


class MotorRecord(NamedTuple):
    """Last values read of one motor; NaN where never read. Its order is that in the memory."""

    reply_s: float = NAN
    position_rad: float = NAN
    velocity_radps: float = NAN
    current_a: float = NAN
    temperature_c: float = NAN
    voltage_v: float = NAN
    torque_on: bool = False
    hardware_error: int = 0
    lost_replies: int = 0  # cycles without a new sample of it, since the bus process started


@dataclass(frozen=True, slots=True, kw_only=True)
class BusState:
    """From the bus process to the node, after each cycle."""

    cycle: int
    missed_cycles: int
    broken_frames: int  # since the bus process started
    end_s: float
    gate: int
    gate_delay_s: float
    latched: bool  # a fault that a person must clear
    latch_seen: bool  # and the monitor has stopped the cell since
    reason: str
    motors: tuple[MotorRecord, ...]


_PERMIT_FIELDS = [n for n in PermitRecord.__dataclass_fields__ if not n.startswith("corridor")]


class _Slot:
    """One record in the memory."""

    def __init__(self, memory: mmap.mmap, offset: int, size: int) -> None:
        self._memory, self._offset, self._size = memory, offset, size
        self._data = offset + _HEAD.size
        # Stores of whole aligned words: struct writes byte by byte.
        self._head = np.frombuffer(memory, dtype=np.uint64, count=2, offset=offset)

    def write(self, data: bytes) -> None:
        sequence = int(self._head[0])
        self._head[0] = sequence | 1
        self._memory[self._data : self._data + self._size] = data
        self._head[1] = zlib.crc32(data)
        self._head[0] = (sequence | 1) + 1

    def read(self) -> bytes | None:
        for _ in range(_TRIES):
            before = int(self._head[0])
            if before == 0:
                return None  # never written
            data = self._memory[self._data : self._data + self._size]
            checksum = int(self._head[1])
            if before % 2 == 0 and int(self._head[0]) == before and zlib.crc32(data) == checksum:
                return data
        return None

    def release(self) -> None:
        del self._head


class Shared:
    """The memory, seen from either side. It has no name and goes with its last descriptor."""

    def __init__(self, joint_count: int, fd: int | None = None) -> None:
        """Make it, or take the one behind a descriptor inherited from the node."""
        self.joint_count = joint_count
        self._arm = joint_count - 1
        self._goals = struct.Struct(f"={2 * joint_count}d")
        self._rows = struct.Struct(f"={(ROWS_MAX + 1) * self._arm}d")
        sizes = (
            _END.size
            + _PERMIT.size
            + _CORRIDOR.size
            + self._rows.size
            + _GOAL.size
            + self._goals.size,
            _STATE.size + joint_count * _MOTOR.size,
        )
        offsets = [64, _aligned(64 + _HEAD.size + sizes[0])]
        total = _aligned(offsets[1] + _HEAD.size + sizes[1])
        self.fd = os.memfd_create("hrc_cell_bus") if fd is None else fd
        if fd is None:
            os.ftruncate(self.fd, total)
        self._memory = mmap.mmap(self.fd, total)
        self._beats = np.frombuffer(self._memory, dtype=np.uint64, count=1)
        self._command = _Slot(self._memory, offsets[0], sizes[0])
        self._state = _Slot(self._memory, offsets[1], sizes[1])

    def close(self) -> None:
        """Give the memory back."""
        del self._beats
        self._command.release()
        self._state.release()
        self._memory.close()
        os.close(self.fd)

    @property
    def beats(self) -> int:
        """Return a number that grows while the bus process lives."""
        return int(self._beats[0])

    def beat(self) -> None:
        """Let it grow."""
        self._beats[0] += np.uint64(1)

    def write_command(self, command: Command) -> None:
        """Hand a command over."""
        permit, goal = command.permit, command.goal
        data = _END.pack(command.end, command.reboot_seq, command.reboot_index)
        if permit is None:
            data += _PERMIT.pack(False, 0, NAN, NAN, NAN, NAN, NAN, False, 0, False, 0)
            data += _CORRIDOR.pack(0) + bytes(self._rows.size)
        else:
            data += _PERMIT.pack(
                True,
                permit.seq,
                permit.stamp_s,
                permit.lease_s,
                permit.speed_ratio,
                permit.oldest_sample_age_s,
                permit.reaction_time_s,
                permit.gripper_permitted,
                permit.state,
                permit.same_config,
                permit.stop_category,
            )
            data += self._pack_corridor(permit)
        if goal is None:
            data += _GOAL.pack(0, 0, NAN, NAN) + self._goals.pack(*[NAN] * 2 * self.joint_count)
        else:
            named = len(goal.positions_rad)
            rest = [NAN] * 2 * (self.joint_count - named)
            data += _GOAL.pack(named, goal.seq, goal.stamp_s, goal.lifetime_s)
            data += self._goals.pack(*goal.positions_rad, *goal.velocities_radps, *rest)
        self._command.write(data)

    def _pack_corridor(self, permit: PermitRecord) -> bytes:
        """Return the corridor in its fixed place. Raises ValueError where it has another shape."""
        numbers = permit.corridor_speed_radps + permit.corridor_rad
        rows = len(permit.corridor_rad) // max(self._arm, 1)
        if (numbers and len(numbers) != self._arm * (rows + 1)) or rows > ROWS_MAX:
            raise ValueError(
                f"a corridor of {len(permit.corridor_rad)} numbers and "
                f"{len(permit.corridor_speed_radps)} speeds for an arm of {self._arm} joints"
            )
        room = (ROWS_MAX + 1) * self._arm - len(numbers)
        return _CORRIDOR.pack(rows) + self._rows.pack(*numbers, *[NAN] * room)

    def read_command(self) -> Command | None:
        """Return the newest command, or None when there is none to read just now."""
        data = self._command.read()
        if data is None:
            return None
        end, reboot_seq, reboot_index = _END.unpack_from(data)
        permit_there, *permit = _PERMIT.unpack_from(data, _END.size)
        place = _END.size + _PERMIT.size
        (rows,) = _CORRIDOR.unpack_from(data, place)
        corridor = self._rows.unpack_from(data, place + _CORRIDOR.size)
        place += _CORRIDOR.size + self._rows.size
        named, *goal = _GOAL.unpack_from(data, place)
        numbers = self._goals.unpack_from(data, place + _GOAL.size)
        return Command(
            end=end,
            reboot_seq=reboot_seq,
            reboot_index=reboot_index,
            permit=PermitRecord(
                **dict(zip(_PERMIT_FIELDS, permit, strict=True)),
                corridor_speed_radps=corridor[: self._arm] if rows else (),
                corridor_rad=corridor[self._arm : self._arm * (rows + 1)],
            )
            if permit_there
            else None,
            goal=GoalRecord(
                seq=goal[0],
                stamp_s=goal[1],
                lifetime_s=goal[2],
                positions_rad=numbers[:named],
                velocities_radps=numbers[named : 2 * named],
            )
            if named
            else None,
        )

    def write_state(self, state: BusState) -> None:
        """Publish the state of the bus."""
        data = _STATE.pack(
            state.cycle,
            state.missed_cycles,
            state.broken_frames,
            state.end_s,
            state.gate,
            state.gate_delay_s,
            state.latched,
            state.latch_seen,
            state.reason.encode()[:64],
        )
        for motor in state.motors:
            data += _MOTOR.pack(*motor)
        self._state.write(data)

    def read_state(self) -> BusState | None:
        """Return the newest state, or None when there is none to read just now."""
        data = self._state.read()
        if data is None:
            return None
        *head, reason = _STATE.unpack_from(data)
        names = BusState.__slots__[: len(head)]
        motors = tuple(MotorRecord(*values) for values in _MOTOR.iter_unpack(data[_STATE.size :]))
        return BusState(
            **dict(zip(names, head, strict=True)),
            reason=reason.rstrip(b"\0").decode(errors="replace"),
            motors=motors,
        )


def _aligned(size: int) -> int:
    return (size + 63) // 64 * 64
