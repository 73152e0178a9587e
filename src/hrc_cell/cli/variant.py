"""A cell's folder copied with a few settings changed, for demos, benches and tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml


def variant(source: Path, target: Path, changes: dict[str, Any]) -> Path:
    """Copy the cell folder `source` to `target`, change settings of its cell.yaml, return `target`.

    Keys are dotted paths such as "task.recipe". Raises KeyError where the section does not exist;
    the values are checked when the copy is loaded.
    """
    shutil.copytree(source, target)
    file = target / "cell.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = data
        for part in sections:
            section = section[part]
        section[name] = value
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return target
