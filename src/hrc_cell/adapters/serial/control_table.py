"""The control table of the X series as a person reads and writes it, one register at a time.

Values here are in the units of the manual's text (us, rev/min, A, V, degrees Celsius), which a
person at the hardware has before them; `registers` holds what the driver itself uses, in SI units.
What could move a motor or leave it mute cannot be written here: goals, torque on, protocol type.
Source: ROBOTIS e-Manual, control tables of the models in `models`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from hrc_cell.adapters.serial.models import Model

RAM = 64
BAUDS = {
    0: 9600, 1: 57600, 2: 115200, 3: 1_000_000, 4: 2_000_000, 5: 3_000_000, 6: 4_000_000,
    7: 4_500_000,
}  # fmt: skip
MODES = {
    0: "current", 1: "velocity", 3: "position", 4: "extended position",
    5: "current-based position", 16: "PWM",
}  # fmt: skip
CURRENT_MODES = (0, 5)
MODEL_UNIT = 0.0
"""Stands for the step of a current, which is the model's."""
VELOCITY = 0.229
ACCELERATION = 214.577
XL330 = (1190, 1200)


class Entry(NamedTuple):
    """One register. Without `low` and `high` (in steps) it is not to be written here."""

    name: str
    address: int
    layout: str  # of struct, one value
    unit: str = ""
    step: float = 1.0  # of its unit
    low: int | None = None
    high: int | None = None
    choices: dict[int, int] | dict[int, str] | None = None
    note: str = ""

    @property
    def size(self) -> int:
        """Return the bytes it takes."""
        return struct.calcsize("<" + self.layout)

    @property
    def kept(self) -> bool:
        """Return whether it stands in the EEPROM, which is locked while the torque is on."""
        return self.address < RAM

    @property
    def writable(self) -> bool:
        """Return whether it may be written here."""
        return self.low is not None

    def pack(self, raw: int) -> bytes:
        """Return the bytes of a value in steps."""
        return struct.pack("<" + self.layout, raw)

    def unpack(self, data: bytes) -> int:
        """Return the value in steps. Raises struct.error for the wrong number of bytes."""
        return int(struct.unpack("<" + self.layout, data)[0])


TABLE = (
    Entry("Model Number", 0, "H"),
    Entry("Firmware Version", 6, "B"),
    Entry("ID", 7, "B", low=0, high=252),
    Entry("Baud Rate", 8, "B", "baud", low=0, high=7, choices=BAUDS),
    Entry("Return Delay Time", 9, "B", "us", 2.0, 0, 254),
    Entry("Drive Mode", 10, "B", low=0, high=13,
          note="bits: 1 reverse, 4 profile by time, 8 torque on by a goal"),
    Entry("Operating Mode", 11, "B", low=0, high=16, choices=MODES),
    Entry("Secondary ID", 12, "B", low=0, high=255, note="from 253 on: none"),
    Entry("Protocol Type", 13, "B", note="another one would leave it mute"),
    Entry("Homing Offset", 20, "i", "counts", 1.0, -1044479, 1044479),
    Entry("Moving Threshold", 24, "I", "rev/min", VELOCITY, 0, 1023),
    Entry("Temperature Limit", 31, "B", "degC", 1.0, 0, 100),
    Entry("Max Voltage Limit", 32, "H", "V", 0.1, 31, 160),
    Entry("Min Voltage Limit", 34, "H", "V", 0.1, 31, 160),
    Entry("PWM Limit", 36, "H", "%", 100.0 / 885.0, 0, 885),
    Entry("Current Limit", 38, "H", "A", MODEL_UNIT, 0, 2047),
    Entry("Velocity Limit", 44, "I", "rev/min", VELOCITY, 0, 2047),
    Entry("Max Position Limit", 48, "I", "counts", 1.0, 0, 4095),
    Entry("Min Position Limit", 52, "I", "counts", 1.0, 0, 4095),
    Entry("Startup Configuration", 60, "B", low=0, high=3,
          note="bits: 1 torque on with the power, 2 keep RAM over a reboot"),
    Entry("Shutdown", 63, "B", low=0, high=0x3D,
          note="bits: 1 voltage, 4 overheating, 8 encoder, 16 shock, 32 overload"),
    Entry("Torque Enable", 64, "B", low=0, high=0, note="off only: a loaded joint falls"),
    Entry("LED", 65, "B", low=0, high=1),
    Entry("Status Return Level", 68, "B", low=2, high=2, note="2, or nobody could read it back"),
    Entry("Registered Instruction", 69, "B"),
    Entry("Hardware Error Status", 70, "B",
          note="bits: 1 voltage, 4 overheating, 8 encoder, 16 shock, 32 overload"),
    Entry("Velocity I Gain", 76, "H", low=0, high=16383),
    Entry("Velocity P Gain", 78, "H", low=0, high=16383),
    Entry("Position D Gain", 80, "H", low=0, high=16383),
    Entry("Position I Gain", 82, "H", low=0, high=16383),
    Entry("Position P Gain", 84, "H", low=0, high=16383),
    Entry("Feedforward 2nd Gain", 88, "H", low=0, high=16383),
    Entry("Feedforward 1st Gain", 90, "H", low=0, high=16383),
    Entry("Bus Watchdog", 98, "B", "ms", 20.0, 0, 127, note="255 steps: it has tripped"),
    Entry("Goal PWM", 100, "h", "%", 100.0 / 885.0),
    Entry("Goal Current", 102, "h", "A", MODEL_UNIT),
    Entry("Goal Velocity", 104, "i", "rev/min", VELOCITY),
    Entry("Profile Acceleration", 108, "I", "rev/min2", ACCELERATION, 0, 32767),
    Entry("Profile Velocity", 112, "I", "rev/min", VELOCITY, 0, 32767),
    Entry("Goal Position", 116, "i", "counts"),
    Entry("Realtime Tick", 120, "H", "ms"),
    Entry("Moving", 122, "B"),
    Entry("Present PWM", 124, "h", "%", 100.0 / 885.0),
    Entry("Present Current", 126, "h", "A", MODEL_UNIT),
    Entry("Present Velocity", 128, "i", "rev/min", VELOCITY),
    Entry("Present Position", 132, "i", "counts"),
    Entry("Present Input Voltage", 144, "H", "V", 0.1),
    Entry("Present Temperature", 146, "B", "degC"),
)  # fmt: skip


def entries(model: Model) -> tuple[Entry, ...]:
    """Return the registers of a model, with the steps of its currents."""
    found = []
    for entry in TABLE:
        if entry.step == MODEL_UNIT:
            if model.current_unit_a is None:
                if entry.name != "Present Current":
                    continue  # it has none; where others tell a current it tells its load
                entry = entry._replace(name="Present Load", unit="%", step=0.1)
            else:
                entry = entry._replace(step=model.current_unit_a)
        if entry.name == "Operating Mode" and model.current_unit_a is None:
            able = {raw: text for raw, text in MODES.items() if raw not in CURRENT_MODES}
            entry = entry._replace(choices=able)
        if entry.name == "Baud Rate" and model.number in XL330:
            entry = entry._replace(high=6, choices={k: v for k, v in BAUDS.items() if k < 7})
        found.append(entry)
    return tuple(found)


def find(model: Model, name: str) -> Entry:
    """Return the register of this name, written in any case, with spaces, - or _.

    Raises ValueError that lists those that are like it.
    """
    wanted, known = _plain(name), entries(model)
    for entry in known:
        if _plain(entry.name) == wanted:
            return entry
    like = [entry.name for entry in known if set(wanted.split()) & set(_plain(entry.name).split())]
    names = like or [entry.name for entry in known if entry.writable]
    raise ValueError(f"{model.name} has no register {name!r}; there are {', '.join(names)}")


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


def shown(entry: Entry, raw: int) -> str:
    """Return a value in words.

    >>> shown(TABLE[3], 3), shown(TABLE[4], 250)
    ('1000000 baud', '500 us')
    """
    if entry.name == "Bus Watchdog" and raw == 0xFF:
        return "tripped"
    text: object = f"{raw * entry.step:.6g}"
    if entry.choices is not None:
        text = entry.choices.get(raw, f"{raw} (not known)")
    return f"{text} {entry.unit}".rstrip()


def bounds(entry: Entry) -> str:
    """Return in words what may be written, "" where nothing may."""
    if entry.low is None or entry.high is None:
        return ""
    if entry.choices is not None:
        return ", ".join(map(str, entry.choices.values()))
    low, high = entry.low * entry.step, entry.high * entry.step
    return f"{low:.6g} to {high:.6g} {entry.unit}".rstrip()


def steps(entry: Entry, text: str) -> int:
    """Return the value in steps of a text in the register's unit, the nearest there is.

    Raises ValueError that says what may be written.
    """
    if entry.low is None or entry.high is None:
        why = f": {entry.note}" if entry.note else ""
        raise ValueError(f"{entry.name} is not written by this command{why}")
    if entry.choices is not None:
        for raw, choice in entry.choices.items():
            if _plain(str(choice)) == _plain(text):
                return raw
        raise ValueError(f"{entry.name} = {text}: must be one of {bounds(entry)}")
    try:
        number = float(text) / entry.step
    except ValueError:
        number = float("nan")
    if not entry.low - 0.5 <= number <= entry.high + 0.5:
        raise ValueError(f"{entry.name} = {text}: must be a number, {bounds(entry)}")
    return min(max(round(number), entry.low), entry.high)
