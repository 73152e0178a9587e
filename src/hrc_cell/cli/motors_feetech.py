"""What `hrc-cell motors doctor` finds of Feetech motors. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.drives import make_drive
from hrc_cell.adapters.serial.feetech_bring_up import phase_fault, unfit
from hrc_cell.adapters.serial.feetech_codec import error_text
from hrc_cell.adapters.serial.feetech_master import FeetechMaster
from hrc_cell.adapters.serial.feetech_registers import MODELS, TABLES, Register, Table, model_name
from hrc_cell.adapters.serial.master import NoReply
from hrc_cell.adapters.serial.plan import WITHOUT_WATCHDOG, BusPlan, MotorPlan
from hrc_cell.adapters.serial.port import Port
from hrc_cell.cli.finding import Finding
from hrc_cell.cli.motors_findings import cycles, pace, warm

CYCLES = 100


def examine_feetech(plan: BusPlan) -> Iterator[Finding]:
    """Yield how the motors of a cell are. Raises PortLost."""
    yield Finding(name="watchdog", state="note", found=WITHOUT_WATCHDOG)
    table = TABLES[plan.protocol]
    port = Port(plan.port, plan.baud)
    try:
        master = FeetechMaster(port, reply_margin_s=plan.reply_margin_s)
        for motor in plan.motors:
            yield from _motor(master, table, motor)
        yield _cycle(plan, port)
    finally:
        port.close()


def _motor(master: FeetechMaster, table: Table, motor: MotorPlan) -> Iterator[Finding]:
    """Yield how one motor is: one line, and one for each thing to look at."""
    name, who = motor.joint, f"motor {motor.motor_id}"
    try:
        told = master.read_block(motor.motor_id, 0, sum(table.block))
    except NoReply:
        yield Finding(
            name=name, state="wrong", found=f"{who} does not answer",
            advice="check power, cable, ID and baud rate; `hrc-cell motors scan --protocol feetech`"
            " asks at each rate",
        )  # fmt: skip
        return
    number = told[3:5]
    if number in MODELS:
        torque = "on" if told[registers.TORQUE_ENABLE.address] else "off"
        yield Finding(
            name=name, state="ok",
            found=f"{who}: {model_name(number)}, firmware {told[0]}.{told[1]}, torque {torque}",
        )  # fmt: skip
    wrong = list(unfit(who, number, table, grips=motor.current_max_a is not None))
    for why in wrong:
        yield Finding(name=name, state="wrong", found=why)
    if wrong:
        return  # its registers may mean something else
    yield from _state(table, told, name)


def _state(table: Table, told: bytes, name: str) -> Iterator[Finding]:
    """Yield what is wrong with errors, voltage, warmth and settings."""

    def had(register: Register) -> float:
        return table.unpack(register, told[register.address : register.address + register.size])

    error = int(had(registers.STATUS))
    if error:
        yield Finding(
            name=name, state="wrong", found=f"reports {error_text(error)}",
            advice="find the cause, then switch its power off and on",
        )  # fmt: skip
    phase = phase_fault(table, int(had(registers.PHASE)))
    if phase:
        yield Finding(name=name, state="wrong", found=phase, advice="use the maker's tool")
    volts, low, high = (
        had(registers.PRESENT_VOLTAGE), had(registers.VOLTAGE_MIN), had(registers.VOLTAGE_MAX),
    )  # fmt: skip
    if not low <= volts <= high:
        yield Finding(
            name=name, state="wrong", found=f"voltage {volts:.1f} V; {low:.1f} to {high:.1f} V",
            advice="check the supply and the length and gauge of its cable",
        )  # fmt: skip
    yield from warm(name, had(registers.PRESENT_TEMPERATURE), had(registers.TEMPERATURE_LIMIT))


def _cycle(plan: BusPlan, port: Port) -> Finding:
    """Return how many cycles of reading all motors there are in a second, against what is asked."""
    hz, lost = cycles(make_drive(plan, port), CYCLES)
    found = (
        f"{hz:.0f} Hz (median of {CYCLES}, {lost} without samples); the cell asks for "
        f"{plan.rate_hz:g} Hz, the wire carries {plan.wire_limit_hz():.0f} Hz with goals"
    )
    return pace(found=found, good=hz >= plan.rate_hz and lost <= CYCLES // 20)
