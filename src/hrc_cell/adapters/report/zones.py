"""Zones in tables: what each is and does, which count when, and what may mute one."""

from __future__ import annotations

from collections.abc import Sequence

from hrc_cell.adapters.report.markup import Markup, joined, table, tag
from hrc_cell.adapters.report.numbers import breakable, shown
from hrc_cell.settings.schema import specs
from hrc_cell.settings.zones import Zone, ZoneSettings

BESIDE = ("name", "kind", "polygon_m", "circle", "box", "zones", "sets", "muting")
SETTINGS_BESIDE = 3
"""So many zones stand beside each other in one table."""
NUMBERS = ("restart", "trigger_scans", "release_scans", "margin_m")


def does(zone: Zone) -> str:
    """Return in words what people in a zone do to the arm."""
    if zone.kind == "stop":
        return "stops the arm" + (" until reset" if zone.restart == "manual" else "")
    if zone.kind == "slow":
        return f"slows to {zone.speed_ratio:g} of the planned speed"
    if zone.kind == "limit":
        return f"no point faster than {zone.limit_mps:g} m/s"
    inside = f"{zone.speed_ratio:g} of the planned speed" if zone.speed_ratio else "the arm stands"
    return (
        f"in it {inside}; slower the sooner anybody may be in it, from {zone.time_to_reach_s:g} s"
    )


def area(zone: Zone) -> str:
    """Return in words where a zone is on the floor."""
    if zone.circle is not None:
        return (
            f"circle, centre ({shown(zone.circle.centre_m)}) m, radius {zone.circle.radius_m:g} m"
        )
    if zone.box is not None:
        box = zone.box
        return (
            f"box, centre ({shown(box.centre_m)}) m, {box.size_m[0]:g} m by {box.size_m[1]:g} m, "
            f"turned {box.yaw_rad:g} rad"
        )
    return f"polygon, {shown(zone.polygon_m)} m"


def heights(zone: Zone) -> str:
    """Return in words at which heights a zone counts."""
    return f"{zone.band_m[0]:g} to {zone.band_m[1]:g} m" if zone.band_m else "all"


def zones_part(settings: ZoneSettings) -> Markup:
    """Return every zone with what it does, the sets and the mutings."""
    zones = settings.zones
    if not zones:
        return tag("p", "No zone is set: the separation alone judges.")
    lines = [
        (tag("b", zone.name), zone.kind, does(zone), area(zone), heights(zone)) for zone in zones
    ]
    head = ("Zone", "Kind", "Somebody in it", "Area, cell frame", "Heights")
    return joined(
        tag("p", "The most restrictive zone that is occupied counts, together with the separation "
            "of every person to every link. No zone hides anybody from the separation.",
            class_="lead-in"),
        table(head, lines, class_="zones-list"),
        *(_settings(zones[k : k + SETTINGS_BESIDE])
          for k in range(0, len(zones), SETTINGS_BESIDE)),
        tag("h3", "Of the floor"), _floor(settings),
        tag("h3", "Which zones count when"), _sets(settings),
        tag("h3", "Muting"), _muting(settings),
    )  # fmt: skip


def _settings(zones: Sequence[Zone]) -> Markup:
    """Return a few zones side by side, one line for each number."""
    lines = []
    for name, spec, _ in specs(Zone):
        if name in NUMBERS:
            unit = spec.unit if spec.unit != "1" else ""
            values = [shown(getattr(zone, name)) for zone in zones]
            lines.append((tag("code", breakable(name)), *values, unit, spec.text))
    return table(("", *(zone.name for zone in zones), "Unit", "Meaning"), lines, class_="zones")


def _floor(settings: ZoneSettings) -> Markup:
    lines = [
        (tag("code", breakable(name)), shown(getattr(settings, name)), spec.unit, spec.text)
        for name, spec, _ in specs(type(settings))
        if name not in BESIDE
    ]
    return table(("", "Value", "Unit", "Meaning"), lines, class_="zones")


def _sets(settings: ZoneSettings) -> Markup:
    if not settings.sets:
        return tag("p", "No sets: every zone counts at all times.")
    lines = []
    for one in settings.sets:
        when = [f"step {', '.join(one.steps)}"] if one.steps else []
        when += [f"tool {', '.join(one.tools)}"] if one.tools else []
        slow = f"permitted speed up to {one.speed_max_ratio:g}"
        when += [slow] if one.speed_max_ratio < 1.0 else []
        lines.append(
            (tag("b", one.name), "; ".join(when) or "else", ", ".join(one.zones) or "none")
        )
    return joined(
        tag("p", "The first set that matches counts. Where step or tool is not known, the last."),
        table(("Set", "While", "Zones that count"), lines, class_="zones-list"),
    )


def _muting(settings: ZoneSettings) -> Markup:
    if not settings.muting:
        return tag("p", "No zone can be muted.")
    lines = [
        (
            tag("b", rule.zone), ", ".join(rule.sources) or "everybody",
            (" then " if rule.order == "fixed" else " and ").join(rule.signals),
            f"{rule.begin_within_s:g} s", f"{rule.time_max_s:g} s", f"{rule.signal_timeout_s:g} s",
        )
        for rule in settings.muting
    ]  # fmt: skip
    head = (
        "Zone", "People seen by", "Signals", "Second within", "Ends after", "Signal timeout",
    )  # fmt: skip
    return joined(table(head, lines, class_="zones-list"),
                  tag("p", "The separation is never muted."))  # fmt: skip
