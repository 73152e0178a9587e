"""A stop in sentences: why, with which numbers, what ends it, what a person can do.

The words for a cause are those of the operator page, in English: `cause.<cause>` says what it is,
`advice.<cause>` what to do. A cause without a text of its own is told by its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hrc_cell.adapters.record.stops import Line, Stop
from hrc_cell.core.safety import State

Texts = Mapping[str, str]
TERMS = {
    "s_h_m": "term.s_h", "s_r_m": "term.s_r", "s_s_m": "term.s_s",
    "c_m": "term.c", "z_d_m": "term.z_d", "z_r_m": "term.z_r",
}  # fmt: skip
"""The terms of the required distance in the record, and their names in the catalogue."""
FOLLOWS = ("", "not_reset", "not_started", "resume_wait", "resuming")
"""What comes after a stop by itself and explains nothing."""
LATER_MAX = 4


def headline(stop: Stop, texts: Texts, today: date, *, with_terms: bool = True) -> str:
    """Return when the arm stopped and why."""
    line = stop.first
    when = moment(line, today)
    if stop.before is None:
        return f"{when}: the cell began, and the arm had not moved yet. {cause_text(line, texts)}"
    code = split(line)[0]
    if code == "separation" and (close := separation_text(line, texts, with_terms=with_terms)):
        return f"{when}: the arm stopped because {close}"
    return f"{when}: the arm stopped. {cause_text(line, texts)}"


def sentences(stop: Stop, texts: Texts, today: date) -> list[str]:
    """Return the whole explanation, a sentence or two in each item."""
    told = [headline(stop, texts, today), data_text(stop.first)]
    told += [f"{moment(line, today)}: {cause_text(line, texts)}" for line in later(stop)]
    told.append(ending(stop))
    if stop.ended is None:
        newest = stop.permits[-1]
        told += filter(None, [texts.get(f"clears.{clears(newest)}", ""), advice(newest, texts)])
    elif stop.before is not None and stop.was_at(State.LATCHED):
        latched = next(line for line in stop.permits if line["data"]["state"] == State.LATCHED)
        told += [f"If it comes again: {again}" for again in [advice(latched, texts)] if again]
    return told


def later(stop: Stop) -> list[Line]:
    """Return the permits of the stop that tell of a further cause, the first of each."""
    seen, found = {stop.first["data"].get("cause")}, []
    for line in stop.permits[1:]:
        cause = line["data"].get("cause")
        if cause not in seen and split(line)[0] not in FOLLOWS:
            seen.add(cause)
            found.append(line)
    return found[:LATER_MAX]


def ending(stop: Stop) -> str:
    """Return how the stop ended."""
    lasted = f"{stop.lasted_s:.1f} s"
    if stop.ended is None:
        return f"It still stood when the record ended, {lasted} later."
    if stop.before is None or stop.was_at(State.LATCHED):
        return f"It went on after {lasted}, when reset and start had been pressed."
    if stop.was_at(State.READY):
        return f"It went on after {lasted}, when start had been pressed."
    return f"It went on by itself after {lasted}."


def cause_text(line: Line, texts: Texts) -> str:
    """Return what the cause of a permit means."""
    code, culprit = split(line)
    if code == "separation":
        close = separation_text(line, texts)
        if close:
            return f"{close[0].upper()}{close[1:]}"
    data = line["data"]
    values = {
        "culprit": culprit, "cause": code, "who": who(data), "link": data.get("link", ""),
        "distance": metres(data.get("distance_m")), "required": metres(data.get("required_m")),
    }  # fmt: skip
    text = texts.get(f"cause.{code or 'none'}", texts.get("cause.other", "{cause} {culprit}"))
    return text.format_map(_Known(values))


def advice(line: Line, texts: Texts) -> str:
    """Return what a person can do about the cause of a permit, "" where nothing is known."""
    code, culprit = split(line)
    text = texts.get(f"advice.{code or 'none'}", "")
    return text.format_map(_Known({"culprit": culprit}))


def separation_text(line: Line, texts: Texts, *, with_terms: bool = True) -> str:
    """Return the numbers of the separation that binds, "" where nobody is named."""
    data = line["data"]
    if not data.get("human_id") and not data.get("link"):
        return ""
    distance, required = data.get("distance_m"), data.get("required_m")
    link = data.get("link") or "the arm"
    if not known(distance):
        return f"it is not known how far {who(data)} was from {link}; that counts as too near."
    near = f"{who(data)} was {metres(distance)} from {link}"
    if not known(required):
        return f"{near}, and how much is needed cannot be known; that counts as too near."
    terms = ", ".join(
        f"{metres(data[key])} for {texts[name]}"
        for key, name in TERMS.items()
        if known(data.get(key))
    )
    listed = f": {terms}." if terms and with_terms else "."
    if distance <= required:
        return f"{near}; {metres(required)} were needed{listed}"
    return (
        f"{near}: not enough to move on. {metres(required)} were needed at the speed that "
        f"the arm had left{listed}"
    )


def clears(line: Line) -> str:
    """Return what ends the stop: itself, start or reset; from the state where it is not told."""
    data = line["data"]
    told = str(data.get("clears") or "")
    by_state = {State.LATCHED: "reset", State.READY: "start", State.STANDSTILL: "itself"}
    return told or by_state.get(data.get("state"), "")


def who(data: Mapping[str, Any]) -> str:
    """Return the binding person, with the part of the body where it is told."""
    person = f"person {data['human_id']}" if data.get("human_id") else "somebody"
    part = str(data.get("body_part") or "").replace("_", " ")
    return f"{person} ({part})" if part else person


def split(line: Line) -> tuple[str, str]:
    """Return the cause of a permit, and the culprit that it names."""
    code, _, culprit = str(line["data"].get("cause", "")).partition(":")
    return code, culprit


def moment(line: Line, today: date) -> str:
    """Return the local time of a line; with its date, unless that is today."""
    stamp = str(line.get("stamp", ""))
    try:
        instant = datetime.fromisoformat(f"{stamp[:19]}+00:00").astimezone()
    except ValueError:
        return "at an unknown time"
    return instant.strftime("%H:%M:%S" if instant.date() == today else "%Y-%m-%d %H:%M:%S")


def metres(value: Any) -> str:
    """Return a length in words."""
    return f"{value:.2f} m" if known(value) else "an unknown distance"


def known(value: Any) -> bool:
    """Return whether a recorded value is a number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def data_text(line: Line) -> str:
    """Return how old the data behind a permit were."""
    age_s, source = line["data"].get("oldest_sample_age_s"), source_text(line["data"])
    if not known(age_s):
        return "One of the sensors had sent nothing that could be judged on."
    return f"The oldest sample behind that was {1000.0 * age_s:.0f} ms old{source}."


def source_text(data: Mapping[str, Any]) -> str:
    """Return whose sample was the oldest, "" where it is not told."""
    kind, _, name = str(data.get("oldest_source") or "").partition(":")
    return f" ({kind} {name})".replace(" )", ")") if kind else ""


class _Known(dict[str, str]):
    """Leaves a placeholder that nobody filled as it stands."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
