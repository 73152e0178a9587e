"""Emulated motors on which things go wrong as a file says (settings.bus_faults).

What goes wrong and when is the same for all motors. Each protocol says where the fields of a reply
stand and whose it is: `faulty`, `faulty_feetech`.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Iterator, Mapping

from hrc_cell.adapters.serial.emulated_bus import EmulatedBus, M, Told
from hrc_cell.settings.bus_faults import ON_MOTORS, ON_REPLIES, BusFault, BusFaults

HARDWARE = {"undervoltage": 0x01, "overheat": 0x04, "overload": 0x20}
NOISE_MAX = 8


class BadDay(EmulatedBus[M, Told]):
    """Motors on a bad day, in front of the class of a bus. Begun with the first bytes or update."""

    def begin_day(self, script: BusFaults) -> None:
        """Have this go wrong."""
        self._script = script
        self._draw = random.Random(script.seed)
        self._begun_s: float | None = None
        self._to_happen = sorted(
            (fault for fault in script.faults if fault.fault in ON_MOTORS), key=lambda f: f.at_s
        )
        self._without_power = False

    # The bus.

    def unplugged(self, now_s: float) -> bool:
        """Return whether the adapter is pulled out."""
        return any(self._lasting("unplug", now_s))

    def stalled(self, now_s: float) -> bool:
        """Return whether nothing passes the bus."""
        return any(self._lasting("stall", now_s))

    def update(self, now_s: float) -> None:
        """Let time pass: what happens once happens, power goes and comes back."""
        cut = any(self._lasting("power_cut", now_s))
        for motor in self.motors.values():
            if cut and not self._without_power:
                motor.lose_power()
            if self._without_power and not cut:
                motor.reboot(now_s)
        self._without_power = cut
        while self._to_happen and self._to_happen[0].at_s <= self._after_s(now_s):
            fault = self._to_happen.pop(0)
            for motor in self._of(fault):
                self._happen(motor, fault, now_s)
        super().update(now_s)

    def feed(self, data: bytes, now_s: float) -> list[bytes]:
        """Return what the motors send on these bytes, spoilt where something goes wrong."""
        if any(self._lasting("power_cut", now_s)):
            self.update(now_s)
            return []
        replies = super().feed(data, now_s)
        sent = [data] if data and any(self._lasting("echo", now_s)) else []
        broken_off = False  # a motor said nothing, so those behind it in the frame wait in vain
        for reply in replies:
            if broken_off and self._follows(reply):
                continue
            spoilt = list(self._spoil(reply, now_s))
            broken_off = not spoilt
            sent += spoilt
        return sent

    def late_s(self, status: bytes, now_s: float) -> float:
        """Return how much later than due a status leaves."""
        motor_id = self._sender(status)
        hits = [f.delay_s for f in self._lasting("late", now_s) if self._hits(f, motor_id)]
        return max(hits, default=0.0)

    # One reply.

    def _spoil(self, status: bytes, now_s: float) -> Iterator[bytes]:
        after_s, motor_id, sound = self._after_s(now_s), self._sender(status), status
        for fault in self._script.faults:
            if fault.fault not in ON_REPLIES or fault.fault == "late" or not fault.lasts(after_s):
                continue
            if not self._hits(fault, motor_id):
                continue
            if fault.fault == "dead":
                return
            status = self._spoilt(fault, status, sound)
        yield self._instead(sound, status)

    def _hits(self, fault: BusFault, motor_id: int | None) -> bool:
        return fault.id in (None, motor_id) and self._draw.random() < fault.chance

    def _spoilt(self, fault: BusFault, status: bytes, sound: bytes) -> bytes:
        """Return the status as it comes over the wire with this fault."""
        draw, size, fields = self._draw, len(status), self._places(sound)
        at = draw.randrange(size) if size else 0
        if fault.fault == "flip":
            places = range(size)[fields[fault.field]] or range(size)[fields["error"]]
            at = draw.choice(places) if places else 0
            changed = bytearray(status)
            changed[at] ^= 1 << draw.randrange(8)
            return bytes(changed)
        if fault.fault == "noise":
            return draw.randbytes(draw.randint(1, NOISE_MAX)) + status
        if fault.fault == "wrong_id":
            other = draw.choice([i for i in range(253) if i not in self.motors])
            return self._renamed(status, sound, other)
        return {
            "drop_byte": status[:at] + status[at + 1 :],
            "double_byte": status[: at + 1] + status[at:],
            "truncate": status[:at],
            # Two speak at once: the line is low where either pulls it down.
            "collision": bytes(byte & draw.randrange(256) for byte in status),
        }[fault.fault]

    # What the protocol says.

    @abstractmethod
    def _sender(self, reply: bytes) -> int | None:
        """Return the ID of the motor that sends this; None: too little is left of it."""

    @abstractmethod
    def _places(self, reply: bytes) -> Mapping[str, slice]:
        """Return where the fields of a sound reply stand.

        What has no such field has its error byte flipped instead.
        """

    @abstractmethod
    def _renamed(self, reply: bytes, sound: bytes, other: int) -> bytes:
        """Return a reply, sound at first, as of another ID."""

    def _follows(self, reply: bytes) -> bool:
        """Return whether this is sent only once the motor before has sent its part."""
        return False

    def _instead(self, sound: bytes, spoilt: bytes) -> bytes:
        """Return what is sent in the place of a sound reply."""
        return spoilt

    def _happen(self, motor: M, fault: BusFault, now_s: float) -> None:
        """Have one of ON_MOTORS happen to a motor."""
        if fault.fault == "reboot":
            motor.reboot(now_s)
        else:
            motor.fail(HARDWARE[fault.fault])

    # What is when.

    def _after_s(self, now_s: float) -> float:
        if self._begun_s is None:
            self._begun_s = now_s
        return now_s - self._begun_s

    def _lasting(self, name: str, now_s: float) -> Iterator[BusFault]:
        after_s = self._after_s(now_s)
        return (f for f in self._script.faults if f.fault == name and f.lasts(after_s))

    def _of(self, fault: BusFault) -> list[M]:
        return [m for i, m in self.motors.items() if fault.id in (None, i)]
