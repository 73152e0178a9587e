"""Every setting that bears on safety, from the schema: value, unit, bounds, source, meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from hrc_cell.adapters.report.markup import Markup, joined, table, tag
from hrc_cell.settings.canonical import BESIDE
from hrc_cell.settings.cell import SPECIAL, Cell
from hrc_cell.settings.schema import Spec, bound_text, specs

HEAD = ("Setting", "Value", "Unit", "Allowed", "Source", "Meaning")
LABELS = ("name", "joint", "id")
CHECK = " (check against a licensed copy)"
FOOTNOTE = "* From a secondary source; check against a licensed copy."

Row = tuple[str, Any, Spec]
"""Key, value, and what the schema says of it."""


def all_numbers(cell: Cell) -> Markup:
    """Return one table for each section of the cell's files, zones and recipes left out."""
    parts: list[Markup] = []
    alone: list[Row] = []
    for name, spec, _ in specs(type(cell.file)):
        if name in BESIDE:
            continue
        value = getattr(cell.file, name)
        found = list(rows(value, spec, name))
        if found == [(name, value, spec)]:
            alone += found
        else:
            parts.append(_section(name, spec.text, found))
    further = [
        part.name for part in fields(cell) if part.name not in (*SPECIAL, "zones")
    ]  # fmt: skip
    for name in further:
        value = getattr(cell, name)
        if value is not None:
            parts.append(_section(f"{name}.yaml", "", list(rows(value, Spec(""), ""))))
    return joined(_section("cell.yaml", "of the cell as a whole", alone), *parts)


def rows(value: Any, spec: Spec, key: str) -> Iterator[Row]:
    """Yield key, value and spec of every setting in `value`, lists of sections by their names."""
    if is_dataclass(value) and not isinstance(value, type):
        for name, inner, _ in specs(type(value)):
            where = f"{key}.{name}" if key else name
            if where not in BESIDE:
                yield from rows(getattr(value, name), inner, where)
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        yield from _side_by_side(value, spec, key)
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from rows(entry, spec, f"{key}.{name}")
    else:
        yield key, value, spec


def _side_by_side(entries: tuple[Any, ...], spec: Spec, key: str) -> Iterator[Row]:
    """Yield each setting once, with its value in every entry of a list of sections."""
    names = [
        next((getattr(e, k) for k in LABELS if hasattr(e, k)), i) for i, e in enumerate(entries)
    ]
    columns = [{k: (v, s) for k, v, s in rows(entry, spec, f"{key}[]")} for entry in entries]
    for where in dict.fromkeys(k for column in columns for k in column):
        found = [column.get(where, (None, spec)) for column in columns]
        if [value for value, _ in found] == names:
            yield where, tuple(names), found[0][1]
        else:
            texts = [f"{n}: {shown(v)}" for n, (v, _) in zip(names, found, strict=True)]
            same = len({shown(v) for v, _ in found}) == 1
            yield where, f"each {shown(found[0][0])}" if same else "; ".join(texts), found[0][1]


def _section(name: str, text: str, found: list[Row]) -> Markup:
    title = tag("h3", tag("code", name), f" {text}" if text else "")
    return joined(title, numbers_table(found))


def numbers_table(found: list[Row]) -> Markup:
    """Return the table of these settings."""
    lines = [
        (
            tag("code", breakable(key)),
            shown(value), spec.unit if spec.unit != "1" else "", bound_text(spec),
            spec.source.replace(CHECK, " *"), spec.text,
        )
        for key, value, spec in found
    ]  # fmt: skip
    marked = any(CHECK in spec.source for _, _, spec in found)
    foot = tag("p", FOOTNOTE, class_="footnote") if marked else ""
    return joined(table(HEAD, lines, class_="numbers"), foot)


def breakable(key: str) -> str:
    """Return a key with places where a line may end."""
    return key.replace(".", ".\u200b").replace("_", "_\u200b").replace("[", "\u200b[")


def shown(value: Any) -> str:
    """Return a value as it stands in the cell's files.

    >>> shown((1.0, True))
    '1, true'
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return ", ".join(f"({shown(v)})" for v in value)
        return ", ".join(map(shown, value))
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value) or "(empty)"
