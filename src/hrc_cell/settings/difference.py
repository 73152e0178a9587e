"""What differs between two sets of signed values: file, key, old value, new value, unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from hrc_cell.settings.cell import Cell, CellFile
from hrc_cell.settings.recipe import RecipeFile
from hrc_cell.settings.schema import specs

ABSENT = "(absent)"
LABELS = ("name", "id", "joint")
"""By the first of these that tells the entries of a list apart they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that is not what it was."""

    file: str
    key: str
    old: Any
    new: Any
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit not in ("", "1") else ""
        return f"{self.file}: {self.key}: {_text(self.old)} -> {_text(self.new)}{unit}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return every difference from `old` to `new`, both as `Cell.signed_values` gives them."""
    found = []
    for file in sorted({*old, *new}):
        before, after = (dict(_leaves(side.get(file, {}))) for side in (old, new))
        for path in sorted({*before, *after}):
            was, is_now = before.get(path, ABSENT), after.get(path, ABSENT)
            if was != is_now:
                unit = _unit(_shape(file), path)
                found.append(Change(file=file, key=_key(path), old=was, new=is_now, unit=unit))
    return tuple(found)


Path = tuple[tuple[str, str], ...]
"""Steps into a value: (name, "") for a key, ("", label) for an entry of a list, or ORDER."""
ORDER = ("", "")


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every number, text and list of such, and the order of the entries of other lists."""
    if isinstance(value, Mapping) and (value or not path):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, (str(name), "")))
    elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
        labels = _labels(value)
        yield (*path, ORDER), labels
        for label, inner in zip(labels, value, strict=True):
            yield from _leaves(inner, (*path, ("", f"[{label}]")))
    else:
        yield path, value


def _labels(entries: list[Mapping[str, Any]]) -> list[str]:
    for label in LABELS:
        names = [str(entry[label]) for entry in entries if label in entry]
        if len(set(names)) == len(entries):
            return names
    return [str(index) for index in range(len(entries))]


def _key(path: Path) -> str:
    text = ""
    for step in path:
        name, label = step
        if step == ORDER:
            text += " (order)"
        else:
            text += label or (f".{name}" if text else name)
    return text


def _shape(file: str) -> Any:
    """Return the settings class of a file, None where there is none."""
    if file == "cell.yaml":
        return CellFile
    if file.startswith("recipes/"):
        return RecipeFile
    part = file.removesuffix(".yaml")
    return get_type_hints(Cell).get(part) if part in {f.name for f in fields(Cell)} else None


def _unit(hint: Any, path: Path) -> str:
    """Return the unit of the value at `path`, "" where the schema knows none."""
    unit = ""
    for name, _ in path:
        if not name:  # into a list
            continue
        kind = _settings_in(hint)
        if kind is not None:
            known = {key: (spec, inner) for key, spec, inner in specs(kind)}
            if name not in known:
                return ""
            spec, hint = known[name]
            unit = spec.unit
        elif get_origin(hint) is dict:
            hint = get_args(hint)[1]
        else:
            return ""
    return unit


def _settings_in(hint: Any) -> type | None:
    """Return the settings class that a hint is, or holds in a tuple or beside None."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    if get_origin(hint) is dict:
        return None
    return next((a for a in get_args(hint) if isinstance(a, type) and is_dataclass(a)), None)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)
