"""Modes, interlocks, and every cause that a permit can name."""

from __future__ import annotations

from hrc_cell.adapters.report.markup import Markup, joined, table, tag
from hrc_cell.adapters.report.numbers import numbers_table
from hrc_cell.core.interlock import SAFE
from hrc_cell.core.safety import CAUSES
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.schema import specs

SETTINGS = (
    "manual_speed_max_mps", "manual_speed_tolerance_mps", "inputs_discrepancy_s",
    "inputs_timeout_s", "node_timeout_s", "joints_timeout_s",
)  # fmt: skip


def modes_part(cell: Cell) -> Markup:
    """Return what each mode asks for, its numbers, and the table of causes."""
    safety = cell.file.safety
    known = {name: spec for name, spec, _ in specs(type(safety))}
    modes = (
        ("manual", (f"A person holds the enabling switch in its middle position; no point of the "
         f"arm is faster than {safety.manual_speed_max_mps:g} m/s, and one that is measured more "
         f"than {safety.manual_speed_tolerance_mps:g} m/s above stops it. People do not bind.")),
        ("collaborative", "People bind: the separation and the zones are judged."),
        ("automatic", "Behind closed guards. A guard that is open, or a person inside, latches."),
        ("unknown", "Nothing moves."),
    )  # fmt: skip
    safe = {"emergency_stop_input": "pressed", "enabling_switch": "released", "guards": "open"}
    inputs = [
        (tag("code", name), safe.get(name, str(value)), f"{safety.inputs_discrepancy_s:g} s")
        for name, value in SAFE.items()
    ]
    causes = [
        (
            tag("code", name or '""'), cause.text,
            ", ".join(sorted({str(stop.category) for stop in cause.stops})) or "none",
            ", ".join(stop.clears.value.replace("_", " ") for stop in cause.stops) or "itself",
        )
        for name, cause in CAUSES.items()
    ]  # fmt: skip
    return joined(
        table(("Mode", "What holds"), [(tag("b", name), text) for name, text in modes],
              class_="modes"),
        tag("p", "A turn of the key switch stops the arm in any case. Reset moves nothing; start "
            "is a second act."),
        tag("h3", "Inputs on two channels"),
        table(("Input", "Counts while they differ", "Fault after"), inputs, class_="modes"),
        tag("h3", "Numbers"),
        numbers_table([(f"safety.{name}", getattr(safety, name), known[name])
                       for name in SETTINGS]),
        tag("h3", "Causes"),
        tag("p", "Every cause that a permit names, the category (IEC 60204-1) of the stop that it "
            "asks for, and what ends it: itself, the arm goes on; start; release and press, the "
            "enabling switch anew, then start; reset, and then start.", class_="lead-in"),
        table(("Cause", "Meaning", "Stop category", "Ends by"), causes, class_="causes"),
    )  # fmt: skip
