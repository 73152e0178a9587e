"""What of a cell bears on safety, as plain values, and their canonical SHA-256.

Everything bears on safety but what `BESIDE` names, so that a setting added later is hashed and
signed until somebody decides otherwise. Values are plain: mappings, lists, numbers, texts. Their
canonical form is JSON with sorted keys, no spaces and the shortest digits that give the number
back, so comments, order of keys and ways to write a number in YAML change no hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

BESIDE = frozenset({
    "name", "record", "sim",  # a label, the place of records, and a world that hurts nobody
    "task.recipe", "task.repeat", "task.autorun",  # which recipe runs; every one is hashed
    "panel.host", "panel.port", "panel.language", "panel.rate_hz",
    "panel.names", "panel.tls_certificate", "panel.tls_key",  # plain_http is signed
    "panel.andon_acknowledge_s", "panel.andon_second_s", "panel.andon_third_s",
})  # fmt: skip
"""Keys of cell.yaml that do not bear on safety."""
TEXTS = ("text_key", "instructions", "texts")
"""Keys of a recipe's steps, and of their answers, that are only read."""


def plain(value: Any) -> Any:
    """Return mappings, lists, numbers and texts only. Raises ValueError for what is not finite."""
    return json.loads(json.dumps(value, allow_nan=False))


def sha256_of(values: Any) -> str:
    """Return the canonical hash of plain values.

    >>> sha256_of({"b": 1.0, "a": [2]}) == sha256_of({"a": (2,), "b": 1.0})
    True
    """
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def without_beside(values: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    """Return the values of cell.yaml without what `BESIDE` names."""
    kept = {}
    for name, value in values.items():
        where = f"{key}.{name}" if key else name
        if where not in BESIDE:
            kept[name] = without_beside(value, where) if isinstance(value, Mapping) else value
    return kept


def without_texts(recipe: Any) -> dict[str, Any]:
    """Return a recipe's steps, without their texts: what the robot does, step by step."""
    values = asdict(recipe)
    return {key: _unread(values[key]) for key in ("steps", "repeats")}


def _unread(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _unread(inner) for key, inner in value.items() if key not in TEXTS}
    return [_unread(inner) for inner in value] if isinstance(value, list | tuple) else value
