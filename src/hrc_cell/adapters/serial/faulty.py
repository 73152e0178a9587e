"""Emulated motors on which things go wrong as a file says (settings.bus_faults)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from hrc_cell.adapters.serial.emulated_motor import EmulatedMotor
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.emulator_codec import Part, status_frame
from hrc_cell.adapters.serial.plant import Plant
from hrc_cell.settings.bus_faults import ON_MOTORS, ON_REPLIES, BusFault, BusFaults

PLACES = {
    "header": slice(0, 4), "id": slice(4, 5), "length": slice(5, 7), "error": slice(8, 9),
    "data": slice(9, -2), "crc": slice(-2, None),
}  # fmt: skip
"""Where the fields of a status stand. What has no such field has its error byte flipped instead."""
HARDWARE = {"undervoltage": 0x01, "overheat": 0x04, "overload": 0x20}
NOISE_MAX = 8


class FaultyEmulator(Emulator):
    """Motors on a bad day. Begun when the first bytes come or time first passes."""

    def __init__(
        self,
        motor_ids: Sequence[int],
        plant: Plant,
        *,
        model: str = "XM430-W350",
        models: Mapping[int, str] | None = None,
        script: BusFaults,
    ) -> None:
        super().__init__(motor_ids, plant, model=model, models=models)
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
                _happen(motor, fault, now_s)
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
            follows = isinstance(reply, Part) and not reply.head
            if broken_off and follows:
                continue
            spoilt = list(self._spoil(reply, now_s))
            broken_off = isinstance(reply, Part) and not spoilt
            sent += spoilt
        return sent

    def late_s(self, status: bytes, now_s: float) -> float:
        """Return how much later than due a status leaves."""
        motor_id = _sender(status) if len(status) > 4 else None
        hits = [f.delay_s for f in self._lasting("late", now_s) if self._hits(f, motor_id)]
        return max(hits, default=0.0)

    # One reply.

    def _spoil(self, status: bytes, now_s: float) -> Iterator[bytes]:
        after_s, motor_id, sound = self._after_s(now_s), _sender(status), status
        for fault in self._script.faults:
            if fault.fault not in ON_REPLIES or fault.fault == "late" or not fault.lasts(after_s):
                continue
            if not self._hits(fault, motor_id):
                continue
            if fault.fault == "dead":
                return
            status = self._spoilt(fault, status, _places(sound))
        yield status if not isinstance(sound, Part) else sound.spoilt(status)

    def _hits(self, fault: BusFault, motor_id: int | None) -> bool:
        return fault.id in (None, motor_id) and self._draw.random() < fault.chance

    def _spoilt(self, fault: BusFault, status: bytes, fields: Mapping[str, slice]) -> bytes:
        """Return the status as it comes over the wire with this fault."""
        draw, size = self._draw, len(status)
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
            if fields is not PLACES:
                at = fields["id"].start
                return status[:at] + bytes([other]) + status[at + 1 :]
            return status_frame(other, status[8], status[9:-2])
        return {
            "drop_byte": status[:at] + status[at + 1 :],
            "double_byte": status[: at + 1] + status[at:],
            "truncate": status[:at],
            # Two speak at once: the line is low where either pulls it down.
            "collision": bytes(byte & draw.randrange(256) for byte in status),
        }[fault.fault]

    # What is when.

    def _after_s(self, now_s: float) -> float:
        if self._begun_s is None:
            self._begun_s = now_s
        return now_s - self._begun_s

    def _lasting(self, name: str, now_s: float) -> Iterator[BusFault]:
        after_s = self._after_s(now_s)
        return (f for f in self._script.faults if f.fault == name and f.lasts(after_s))

    def _of(self, fault: BusFault) -> list[EmulatedMotor]:
        return [m for i, m in self.motors.items() if fault.id in (None, i)]


def _sender(reply: bytes) -> int:
    """Return the ID of the motor that sends this."""
    return reply.motor_id if isinstance(reply, Part) else reply[4]


def _places(reply: bytes) -> Mapping[str, slice]:
    """Return where the fields of a reply stand."""
    if not isinstance(reply, Part):
        return PLACES
    at = reply.head
    heads = {"header": slice(0, 4), "length": slice(5, 7)} if at else {}
    nowhere = {"header": slice(0, 0), "length": slice(0, 0)}
    own = {"error": slice(at, at + 1), "id": slice(at + 1, at + 2), "data": slice(at + 2, -2)}
    return nowhere | heads | own | {"crc": PLACES["crc"]}


def _happen(motor: EmulatedMotor, fault: BusFault, now_s: float) -> None:
    if fault.fault == "reboot":
        motor.reboot(now_s)
    elif fault.fault == "watchdog":
        motor.trip()
    else:
        motor.fail(HARDWARE[fault.fault])
