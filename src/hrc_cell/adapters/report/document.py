"""The commissioning report as one HTML file: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hrc_cell.adapters.report.checks import TO_TRY, delays, findings
from hrc_cell.adapters.report.contact import bodies_part, contact_part
from hrc_cell.adapters.report.markup import Markup, facts, joined, number, table, tag
from hrc_cell.adapters.report.modes import modes_part
from hrc_cell.adapters.report.numbers import all_numbers, shown
from hrc_cell.adapters.report.plan import plan, reach_m
from hrc_cell.adapters.report.separation import required, separation_part
from hrc_cell.adapters.report.stopping import standing_of, stop_terms, stopping_part
from hrc_cell.adapters.report.zones import zones_part
from hrc_cell.core.kinematics import Chain
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.schema import specs
from hrc_cell.settings.signature import Signed, section_hashes

STYLE = Path(__file__).parent / "report.css"
LIMIT = (
    "hrc_cell is not a certified safety device and must not be the only thing between a person "
    "and a moving arm. It supervises beside certified ones: a real emergency stop that cuts the "
    "motors' power, and whatever the risk assessment demands. Figures of standards in this report "
    "come from secondary sources; check them against a licensed copy."
)
SIGNERS = ("Integrator", "Safety engineer", "Operator of the cell", "")
STATE_WORDS = {"ok": "ok", "note": "to judge", "wrong": "wrong"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the report is about, and when it was made."""

    cell: Cell
    chain: Chain
    signed: Signed
    version: str  # of hrc_cell
    made: datetime


def document(subject: Subject) -> str:
    """Return the whole file."""
    cell = subject.cell
    parts: Sequence[tuple[str, Markup]] = (
        ("Plan of the cell", _plan(subject)),
        ("Zones", zones_part(cell.zones)),
        ("Protective separation distance", separation_part(cell)),
        ("Stopping", stopping_part(cell)),
        ("Reaction time", _reaction(cell)),
        ("Modes, interlocks and causes", modes_part(cell)),
        ("Contact", contact_part(cell)),
        ("Body trackers", bodies_part(cell)),
        ("Checks run", _checks(subject)),
        ("To be tried on the running cell", _to_try()),
        ("Recipes", _recipes(cell)),
        ("Every number that bears on safety", all_numbers(cell)),
        ("What the hash covers", _hashes(subject)),
        ("Signatures", _signatures(subject)),
    )
    contents = tag("ol", *(tag("li", title) for title, _ in parts), class_="contents")
    sections = [
        tag("section", tag("h2", f"{k}. {title}"), body, class_=f"part-{k}")
        for k, (title, body) in enumerate(parts, 1)
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", f"Commissioning report: {cell.file.name}, {cell.safety_sha256[:12]}"),
        tag("style", Markup(STYLE.read_text(encoding="utf-8") + _running_foot(subject))),
    )
    body = tag("body", tag("main", _title(subject), _glance(subject), contents, *sections))
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def _running_foot(subject: Subject) -> str:
    """Return the style of what stands at the foot of each printed page."""
    name, sha256 = subject.cell.file.name, subject.cell.safety_sha256[:12]
    text = f"{name} \u00b7 sha256 {sha256} \u00b7 {subject.made:%Y-%m-%d %H:%M}"
    return f'@page {{ @bottom-left {{ content: "{text}"; }} }}\n'  # plain by the schema's pattern


def _title(subject: Subject) -> Markup:
    cell, signed = subject.cell, subject.signed
    kind = "simulated: no real hardware stands behind it" if cell.file.simulated else "real"
    rows = [
        ("Cell", tag("b", cell.file.name)),
        ("Kind", kind),
        ("Safety settings, SHA-256", tag("code", cell.safety_sha256)),
        ("Signature", tag("span", str(signed), class_=f"stand {signed.state}")),
        ("Software", f"hrc_cell {subject.version}"),
        ("Report made", f"{subject.made:%Y-%m-%d %H:%M %z}"),
    ]
    return tag(
        "header",
        tag("h1", "Commissioning report"),
        facts(rows),
        tag("p", tag("b", "The limit first. "), LIMIT, class_="limit"),
    )


def _glance(subject: Subject) -> Markup:
    """Return the few numbers that are asked for first."""
    cell, safety = subject.cell, subject.cell.file.safety
    full = cell.file.motion.tcp_speed_max_mps
    lease_s = safety.reaction_time_s + safety.lease_s
    rest_m, full_m, grant_m = (
        number(float(required(cell, ratio, reaction_s=reaction_s).required_m))
        for ratio, reaction_s in ((0.0, None), (1.0, None), (1.0, lease_s))
    )
    count = Counter(STATE_WORDS[found.state] for found in findings(cell, subject.signed))
    kinds = Counter(zone.kind for zone in cell.zones.zones)
    t_s, s_s = stop_terms(cell, 1.0)
    stop = f"T_s = {float(t_s):.3g} s, S_s = {float(s_s):.3g} m ({standing_of(cell.stopping)})"
    near = f"{safety.human_speed_near_mps:g} m/s within {safety.near_distance_m:g} m"
    required_m = f"{rest_m} m from the arm at rest, {full_m} m at full speed"
    told = (
        ("Fastest point of the arm", f"{full:g} m/s planned at most"),
        ("Reach of the arm", f"{reach_m(subject.chain):.2f} m from its base, seen from above"),
        ("Reaction time T_r", f"{safety.reaction_time_s:g} s"),
        ("Stop from full speed", stop),
        ("Person", f"v_h = {safety.human_speed_mps:g} m/s, {near}"),
        ("Required distance S_p", f"{required_m}; full speed is granted from {grant_m} m"),
        ("Zones", _counted(kinds) or "none"),
        ("Scanners", ", ".join(scanner.name for scanner in cell.file.scanners)),
        ("Checks run", _counted(count)),
    )
    return joined(tag("h2", "At a glance", class_="plain"), facts(told))


def _counted(count: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in count.items())


def _plan(subject: Subject) -> Markup:
    drawn, scale = plan(subject.cell, subject.chain)
    return tag(
        "figure", drawn,
        tag("figcaption", f"Seen from above, scale 1 : {scale}. Dark, whole edge: stop zones. "
            "Light, dashed: zones that slow to a ratio. Brown: zones that limit the speed of "
            "every point. No fill, dotted edge: approach zones, whose boundary is where their "
            "lowest ratio holds. Heights stand with a zone that does not count at all of them. "
            "The arrow of a scanner is its zero beam. The dashed circle holds every point of the "
            "arm in every position: the lengths of its links add up to it."),
    )  # fmt: skip


def _reaction(cell: Cell) -> Markup:
    safety = cell.file.safety
    planned = list(delays(cell))
    total = sum(delay.time_s for delay in planned)
    lines: list[Sequence[object]] = [
        (delay.name, number(delay.time_s), delay.source) for delay in planned
    ]
    lines.append(("planned in all", tag("b", number(total)), ""))
    left = tag("b", number(safety.reaction_time_s - total))
    source = f"safety.reaction_time_s = {safety.reaction_time_s:g} s"
    lines.append(("left of T_r for transport and computing", left, source))
    return joined(
        tag("p", f"S_p counts T_r = {safety.reaction_time_s:g} s from the instant of a sample to "
            "the start of braking. It is proven while the cell runs: each permit states the age "
            "of the oldest sample behind it, the last gate before the motors adds the permit's own "
            "age, and refuses motion where the sum exceeds T_r. What the settings plan for"
            f"{'' if cell.file.simulated else ', the period of the scanners not counted'}:",
            class_="lead-in"),
        table(("Part of the way", "Time s", "From"), lines, class_="budget"),
    )  # fmt: skip


def _checks(subject: Subject) -> Markup:
    found = findings(subject.cell, subject.signed)
    lines = [
        (tag("span", STATE_WORDS[f.state], class_=f"state {f.state}"), f.name, f.found)
        for f in found
    ]
    changed = subject.signed.changes
    return joined(
        table(("Result", "Looked at", "Found"), lines, class_="checks"),
        joined(
            tag("h3", "Changed since it was signed"),
            table(
                ("File", "Key", "Signed", "Now", "Unit"),
                [(c.file, tag("code", c.key), _json(c.old), _json(c.new), c.unit) for c in changed],
            ),
        )
        if changed
        else "",
    )


def _to_try() -> Markup:
    lines = [(k, text, unit, "", "") for k, (text, unit) in enumerate(TO_TRY, 1)]
    head = ("", "What is seen", "Measured", "Passed", "Date, initials")
    return table(head, lines, class_="try")


def _json(value: object) -> str:
    return ", ".join(map(_json, value)) if isinstance(value, list) else str(value)


def _recipes(cell: Cell) -> Markup:
    return joined(*(_recipe(recipe, cell) for recipe in cell.recipes.values()))


def _recipe(recipe: Recipe, cell: Cell) -> Markup:
    keys = [name for name, _, _ in specs(type(recipe.steps[0])) if name != "id"]
    lines = [
        (tag("b", step.id), *(shown(getattr(step, key)) for key in keys)) for step in recipe.steps
    ]
    run = "; this one runs after start" if recipe.name == cell.file.task.recipe else ""
    title = tag("h3", tag("code", f"recipes/{recipe.name}.yaml"), f" {recipe.title_key}{run}")
    return joined(title, table(("Step", *keys), lines, class_="recipe"))


def _hashes(subject: Subject) -> Markup:
    cell = subject.cell
    sections = section_hashes(cell.signed_values())
    lines = [(name, tag("code", sha256)) for name, sha256 in sections.items()]
    files = [(name, tag("code", sha256)) for name, sha256 in cell.description.items()]
    return joined(
        tag("p", "The SHA-256 of the title is taken over all of these. It stands in each permit, "
            "in the log and on the operator page. It shows that settings are those that were "
            "signed; it is no protection against somebody who can write the files."),
        table(("Section", "SHA-256"), lines, class_="hashes"),
        table(("File of the robot's description", "SHA-256"), files, class_="hashes"),
    )  # fmt: skip


def _signatures(subject: Subject) -> Markup:
    lines = [(role, "", "", "") for role in SIGNERS]
    return tag(
        "div",
        tag("p", "The undersigned have checked the settings of this report against the risk "
            "assessment of the cell, and have seen protective stops of the running cell. Signed "
            "are the settings with SHA-256 ", tag("code", subject.cell.safety_sha256), "."),
        table(("Role", "Name", "Date", "Signature"), lines, class_="sign"), class_="signatures",
    )  # fmt: skip
