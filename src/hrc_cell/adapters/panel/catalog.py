"""Texts of the page: PO files, one for each language, read without any tool.

Message ids are keys such as `state.free`; English is a catalogue like the others. An entry marked
`#, fuzzy` was not yet checked by a native speaker; the page marks it so, and shows the English
beside each such text that somebody's safety may hang on.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "hrc_cell"
SAFETY = (
    "answer", "cause", "data", "handoff", "lost", "mode", "next", "option", "part", "phase",
    "question", "reason", "recipe", "refusal", "state", "step", "stop", "task", "who",
)  # fmt: skip
"""Families of what somebody's safety may hang on: state, reason, stop request, question, answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Texts of one language."""

    language: str
    texts: dict[str, str]
    unreviewed: frozenset[str]

    def as_dict(self, english: Catalog) -> dict[str, object]:
        """Return the catalogue as the page loads it, with the English that stands beside it."""
        beside = {
            key: english.texts[key]
            for key in self.texts
            if key in self.unreviewed and key.partition(".")[0] in SAFETY
        }
        return {
            "language": self.language,
            "texts": self.texts,
            "unreviewed": len(self.unreviewed),
            "english": beside,
        }


def load_catalog(language: str, folder: Path = LOCALES) -> Catalog:
    """Return the catalogue of a language. Raises OSError, or ValueError naming file and line."""
    path = folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    texts, unreviewed = parse_po(path.read_text(encoding="utf-8"), str(path))
    return Catalog(language=language, texts=texts, unreviewed=unreviewed)


def parse_po(text: str, name: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return texts by message id, and the ids marked fuzzy.

    Raises ValueError with `name` and line for what is not an entry, a double id or an empty text.
    """
    texts: dict[str, str] = {}
    fuzzy: set[str] = set()
    key: str | None = None
    field, is_fuzzy = "", False
    parts: dict[str, str] = {}
    for number, line in enumerate([*text.splitlines(), 'msgid ""'], 1):
        line = line.strip()
        if line.startswith("#,"):
            is_fuzzy = "fuzzy" in line
        elif line.startswith("msgid "):
            if key:
                if not parts.get("msgstr"):
                    raise ValueError(f"{name}:{number}: no text for {key!r}")
                if key in texts:
                    raise ValueError(f"{name}:{number}: {key!r} stands twice")
                texts[key] = parts["msgstr"]
                if parts["fuzzy"]:
                    fuzzy.add(key)
            key = _string(line[6:], name, number)
            field, parts, is_fuzzy = "msgid", {"fuzzy": "1" if is_fuzzy else ""}, False
        elif line.startswith("msgstr "):
            field = "msgstr"
            parts["msgstr"] = _string(line[7:], name, number)
        elif line.startswith('"') and field == "msgstr":
            parts["msgstr"] += _string(line, name, number)
        elif line and not line.startswith("#"):
            raise ValueError(f"{name}:{number}: not a line of a catalogue: {line}")
    return texts, frozenset(fuzzy)


def _string(quoted: str, name: str, number: int) -> str:
    try:
        value = ast.literal_eval(quoted)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{name}:{number}: not a quoted text: {quoted}") from error
    return str(value)
