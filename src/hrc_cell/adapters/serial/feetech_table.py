"""The control tables of Feetech's motors as a person reads and writes them; see `control_table`.

What could move a motor, change what it counts or leave it mute is not written: goals, torque on,
Phase. Lock is opened for the one writing that needs it. Source: Feetech's memory tables of the STS
and the SCSCL series; what stands from 78 on is the factory's, and named as LeRobot names it.
"""

from __future__ import annotations

from hrc_cell.adapters.serial.control_table import Entry
from hrc_cell.adapters.serial.feetech_registers import CURRENT_STEP_A, SCS, Table

RAM = 40
LOCK = "Lock"
BAUDS = {
    0: 1_000_000, 1: 500_000, 2: 250_000, 3: 128_000, 4: 115_200, 5: 76_800, 6: 57_600, 7: 38_400,
}  # fmt: skip
MODES = {0: "position", 1: "velocity", 2: "PWM", 3: "step"}
_BITS = "bits: 1 voltage, 2 encoder, 4 overheating, 8 current, 32 overload"
_MAKER = "the maker's tool sets it"

_ALIKE = (
    Entry("Firmware Major Version", 0, "B"),
    Entry("Firmware Minor Version", 1, "B"),
    Entry("Model Number", 3, "H"),
    Entry("ID", 5, "B", low=0, high=253),
    Entry("Baud Rate", 6, "B", "baud", low=0, high=7, choices=BAUDS),
    Entry("Return Delay Time", 7, "B", "us", 2.0, 0, 254),
    Entry("Response Status Level", 8, "B", low=1, high=1, note="1, or it answers to no writing"),
    Entry("Min Position Limit", 9, "H", "counts", 1.0, 0),
    Entry("Max Position Limit", 11, "H", "counts", 1.0, 0),
    Entry("Max Temperature Limit", 13, "B", "degC", 1.0, 0, 100),
    Entry("Max Voltage Limit", 14, "B", "V", 0.1, 0, 254),
    Entry("Min Voltage Limit", 15, "B", "V", 0.1, 0, 254),
    Entry("Max Torque Limit", 16, "H", "%", 0.1, 0, 1000),
    Entry("Phase", 18, "B", note=f"bits: 4 speed in counts, 16 many turns; {_MAKER}"),
    Entry("Unloading Condition", 19, "B", low=0, high=0x2F, note=_BITS),
    Entry("LED Alarm Condition", 20, "B", low=0, high=0x2F, note=_BITS),
    Entry("P Coefficient", 21, "B", low=0, high=254),
    Entry("D Coefficient", 22, "B", low=0, high=254),
    Entry("I Coefficient", 23, "B", low=0, high=254),
    Entry("Minimum Startup Force", 24, "H", "%", 0.1, 0, 1000),
    Entry("CW Dead Zone", 26, "B", "counts", 1.0, 0, 32),
    Entry("CCW Dead Zone", 27, "B", "counts", 1.0, 0, 32),
    Entry("Torque Enable", 40, "B", low=0, high=0, note="off only: a loaded joint falls"),
    Entry("Goal Position", 42, "H", "counts", sign_bit=15),
    Entry("Goal Time", 44, "H", "ms"),
    Entry("Goal Velocity", 46, "H", "counts/s", sign_bit=15, note="in mode velocity it turns"),
    Entry("Present Position", 56, "H", "counts", sign_bit=15),
    Entry("Present Velocity", 58, "H", "counts/s", sign_bit=15),
    Entry("Present Load", 60, "H", "%", 0.1, sign_bit=10),
    Entry("Present Voltage", 62, "B", "V", 0.1),
    Entry("Present Temperature", 63, "B", "degC"),
    Entry("Status", 65, "B", note=_BITS),
    Entry("Moving", 66, "B"),
)  # fmt: skip
_CLOSED = "1 only; opened for the one writing that needs it"
_STS = (
    Entry("Protection Current", 28, "H", "A", CURRENT_STEP_A, 0, 511),
    Entry("Angular Resolution", 30, "B", low=1, high=1, note="1, or it counts other steps"),
    Entry("Homing Offset", 31, "H", "counts", 1.0, -2047, 2047, sign_bit=11),
    Entry("Operating Mode", 33, "B", low=0, high=3, choices=MODES),
    Entry("Protective Torque", 34, "B", "%", 1.0, 0, 100),
    Entry("Protection Time", 35, "B", "ms", 10.0, 0, 254),
    Entry("Overload Torque", 36, "B", "%", 1.0, 0, 100),
    Entry("Velocity P Gain", 37, "B", low=0, high=254),
    Entry("Overcurrent Protection Time", 38, "B", "ms", 10.0, 0, 254),
    Entry("Velocity I Gain", 39, "B", low=0, high=254),
    Entry("Acceleration", 41, "B", "counts/s2", 100.0, 0, 254),
    Entry("Torque Limit", 48, "H", "%", 0.1, 0, 1000),
    Entry(LOCK, 55, "B", low=1, high=1, note=_CLOSED),
    Entry("Present Current", 69, "H", "A", CURRENT_STEP_A, sign_bit=15),
    Entry("Moving Velocity Threshold", 80, "B"),
    Entry("DTs", 81, "B", "ms"),
    Entry("Velocity Unit Factor", 82, "B"),
    Entry("Hts", 83, "B"),
    Entry("Maximum Velocity Limit", 84, "B"),
    Entry("Maximum Acceleration", 85, "B"),
    Entry("Acceleration Multiplier", 86, "B"),
)  # fmt: skip
_SCS = (
    Entry("Protective Torque", 37, "B", "%", 1.0, 0, 100),
    Entry("Protection Time", 38, "B", "ms", 10.0, 0, 254),
    Entry(LOCK, 48, "B", low=1, high=1, note=_CLOSED),
    Entry("Sync Write Flag", 64, "B"),
    Entry("PWM Maximum Step", 78, "B"),
    Entry("Moving Velocity Threshold", 79, "B"),
    Entry("DTs", 80, "B", "ms"),
    Entry("Minimum Velocity Limit", 81, "B"),
    Entry("Maximum Velocity Limit", 82, "B"),
    Entry("Acceleration", 83, "B"),
)


def feetech_entries(table: Table) -> tuple[Entry, ...]:
    """Return the registers of a family, by address."""
    found = []
    for entry in sorted(_ALIKE + (_SCS if table is SCS else _STS), key=lambda one: one.address):
        if entry.low == 0 and entry.high is None:
            entry = entry._replace(high=table.counts - 1)  # a position
        if table is SCS and entry.name == "Phase":
            entry = entry._replace(note=_MAKER)
        kept = entry.address < RAM
        found.append(entry._replace(kept=kept, order=">" if table.order == "big" else "<"))
    return tuple(found)
