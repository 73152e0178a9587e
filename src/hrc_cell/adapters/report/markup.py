"""HTML and SVG elements as text. What is not `Markup` already is escaped, so nothing slips through.

>>> tag("p", "a < b", class_="note")
'<p class="note">a &lt; b</p>'
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

EMPTY = frozenset({"meta", "br", "line", "rect", "circle", "path", "polygon", "polyline"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return one element. A trailing _ of an attribute's name is dropped, others become -."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY and not children:
        return Markup(f"<{name}{said}/>")
    return Markup(f"<{name}{said}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Return children one after the other."""
    return Markup("".join(c if isinstance(c, Markup) else html.escape(_text(c)) for c in children))


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], *, class_: str | None = None
) -> Markup:
    """Return a table whose head is repeated on each page."""
    top = tag("thead", tag("tr", *(tag("th", cell) for cell in head)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("table", top, body, class_=class_)


def facts(rows: Iterable[tuple[object, object]]) -> Markup:
    """Return names and values, one pair a line."""
    return tag(
        "table",
        tag("tbody", *(tag("tr", tag("th", name), tag("td", value)) for name, value in rows)),
        class_="facts",
    )


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many digits after the point.

    >>> number(1.5)
    '1.500'
    """
    return f"{value:.{digits}f}"


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
