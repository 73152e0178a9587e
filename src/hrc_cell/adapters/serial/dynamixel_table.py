"""The control table of the X series as a person reads and writes it; see `control_table`.

What could move a motor or leave it mute is not written: goals, torque on, protocol type. Source:
ROBOTIS e-Manual, control tables of the models in `models`.
"""

from __future__ import annotations

from hrc_cell.adapters.serial.control_table import Entry
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
    Entry("Bus Watchdog", 98, "B", "ms", 20.0, 0, 127, words={0xFF: "tripped"}),
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
        entry = entry._replace(kept=entry.address < RAM)
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
