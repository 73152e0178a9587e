"""What one setting means, and how a mapping read from YAML becomes checked values.

A settings class is a frozen dataclass whose fields carry a `Spec`: meaning, unit, bounds, source.
The YAML check, the ROS parameter descriptors and the tables in the docs are all made from these
specs. A number without a default here must stand in the cell's files: a cell that was not
configured does not move.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Spec(NamedTuple):
    """What one setting means and may be."""

    text: str
    unit: str = ""  # "" for what is not a number
    low: float = -math.inf
    high: float = math.inf
    source: str = "design"
    choices: tuple[str, ...] = ()
    pattern: str = ""
    length: int | None = None  # of a tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a cell's files, in words a person can act on."""

    file: str
    key: str
    value: object
    unit: str
    bound: str
    what: str

    def __str__(self) -> str:
        shown = "" if self.value is MISSING else f" = {self.value!r}"
        unit = "" if self.value is MISSING else _unit_text(self.unit)
        bound = f" (allowed: {self.bound})" if self.bound else ""
        return f"{self.file}: {self.key}{shown}{unit}: {self.what}{bound}"


class CellError(ValueError):
    """A cell's files are wrong. Carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


class Flaw(NamedTuple):
    """One thing wrong with a section as a whole; `key` is within the section, "" all of it."""

    key: str
    what: str
    value: object = MISSING


class Flaws(ValueError):
    """Everything wrong with a section as a whole: rules across several of its fields."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("; ".join(f"{flaw.key}: {flaw.what}" for flaw in flaws))


def setting(
    text: str,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    source: str = "design",
    choices: tuple[str, ...] = (),
    pattern: str = "",
    length: int | None = None,
    default: Any = MISSING,
) -> Any:
    """Declare one field of a settings class. `low` and `high` are allowed values."""
    spec = Spec(text, unit, low, high, source, choices, pattern, length)
    return field(metadata={"spec": spec}, default=default)


def specs(settings: type) -> Iterator[tuple[str, Spec, Any]]:
    """Yield name, spec and type of each field of a settings class, in order."""
    hints = get_type_hints(settings)
    for item in fields(settings):
        yield item.name, item.metadata["spec"], hints[item.name]


def bound_text(spec: Spec) -> str:
    """Return the allowed range in words, "" if anything goes.

    >>> bound_text(Spec("T_r", "s", 0.0, 2.0))
    '0 to 2 s'
    """
    if spec.choices:
        return ", ".join(spec.choices)
    if math.isinf(spec.low) and math.isinf(spec.high):
        return ""
    unit = _unit_text(spec.unit)
    if math.isinf(spec.high):
        return f"at least {spec.low:g}{unit}"
    if math.isinf(spec.low):
        return f"at most {spec.high:g}{unit}"
    return f"{spec.low:g} to {spec.high:g}{unit}"


def _unit_text(unit: str) -> str:
    return f" {unit}" if unit not in ("", "1") else ""


class Reader:
    """Builds settings from plain mappings and keeps every problem met on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def complain(
        self, key: str, what: str, *, value: object = MISSING, spec: Spec | None = None
    ) -> None:
        """Note one problem."""
        self.problems.append(
            Problem(
                file=self.file,
                key=key,
                value=value,
                unit=spec.unit if spec else "",
                bound=bound_text(spec) if spec else "",
                what=what,
            )
        )

    def build(self, kind: type[T], data: object, key: str = "") -> T | None:
        """Return a `kind` made from the mapping `data`, or None after noting what is wrong."""
        if not isinstance(data, Mapping):
            self.complain(key or "(top)", "must be a mapping of keys to values", value=data)
            return None
        known = {name: (spec, hint) for name, spec, hint in specs(kind)}
        defaults = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
        before = len(self.problems)
        for name in data:
            if name not in known:
                self.complain(_join(key, name), "is not a key of this section; remove or rename it")
        values: dict[str, Any] = {}
        for name, (spec, hint) in known.items():
            where = _join(key, name)
            if name in data:
                values[name] = self._value(hint, spec, data[name], where)
            elif defaults[name] is MISSING:
                self.complain(where, f"is missing; add it: {spec.text}", spec=spec)
        if len(self.problems) > before:
            return None
        try:
            return kind(**values)
        except Flaws as error:  # rules across several fields of this section
            for flaw in error.flaws:
                self.complain(_within(key, flaw.key), flaw.what, value=flaw.value)
            return None
        except ValueError as error:
            self.complain(key or "(top)", str(error))
            return None

    def _value(self, hint: Any, spec: Spec, value: object, key: str) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if origin is UnionType and type(None) in args:
            if value is None:
                return None
            return self._value(next(a for a in args if a is not type(None)), spec, value, key)
        if is_dataclass(hint) and isinstance(hint, type):
            return self.build(hint, value, key)
        if origin is tuple:
            return self._tuple(args, spec, value, key)
        if origin is dict:
            return self._dict(args[1], spec, value, key)
        check: dict[Any, Callable[[Spec, object, str], Any]] = {
            float: self._float,
            int: self._int,
            bool: self._bool,
            str: self._str,
        }
        return check[hint](spec, value, key)

    def _tuple(self, args: tuple[Any, ...], spec: Spec, value: object, key: str) -> Any:
        if not isinstance(value, list):
            self.complain(key, "must be a list", value=value, spec=spec)
            return None
        if spec.length is not None and len(value) != spec.length:
            self.complain(
                key, f"must have {spec.length} entries, has {len(value)}", value=value, spec=spec
            )
            return None
        return tuple(self._value(args[0], spec, v, f"{key}[{i}]") for i, v in enumerate(value))

    def _dict(self, hint: Any, spec: Spec, value: object, key: str) -> Any:
        if not isinstance(value, Mapping):
            self.complain(key, "must be a mapping of names to values", value=value, spec=spec)
            return None
        for name in value:
            if not isinstance(name, str):
                self.complain(_join(key, name), "a name must be a text, put it in quotes")
        return {k: self._value(hint, spec, v, _join(key, k)) for k, v in value.items()}

    def _float(self, spec: Spec, value: object, key: str) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.complain(key, "must be a number", value=value, spec=spec)
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not spec.low <= number <= spec.high or not math.isfinite(number):
            self.complain(key, "is out of bounds", value=value, spec=spec)
            return None
        return number

    def _int(self, spec: Spec, value: object, key: str) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain(key, "must be a whole number", value=value, spec=spec)
            return None
        if not spec.low <= value <= spec.high:
            self.complain(key, "is out of bounds", value=value, spec=spec)
            return None
        return value

    def _bool(self, spec: Spec, value: object, key: str) -> bool | None:
        if not isinstance(value, bool):
            self.complain(key, "must be true or false", value=value)
            return None
        return value

    def _str(self, spec: Spec, value: object, key: str) -> str | None:
        if not isinstance(value, str):
            self.complain(key, "must be a text", value=value)
            return None
        if spec.choices and value not in spec.choices:
            self.complain(key, "is not one of the choices", value=value, spec=spec)
            return None
        if spec.pattern and not re.fullmatch(spec.pattern, value):
            self.complain(key, f"must match {spec.pattern}", value=value)
            return None
        return value


def _within(key: str, inner: str) -> str:
    return _join(key, inner) if inner else key or "(top)"


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)
