"""Who signed a cell, and as what: signature.yaml in the cell's folder.

A signature says: these settings were checked and are meant. It holds their hash, who and when, the
hash of each section, and a copy of the values, so that what changed since can be told key by key.
There is no secret in it: it notices mistakes and forgotten changes, not somebody who wants to
deceive and can write the file. A cell that is not in simulation runs only as it was signed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from hrc_cell.settings.canonical import sha256_of, without_texts
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.description_files import UNREAD
from hrc_cell.settings.difference import Change, changes
from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.share import version

FILE = "signature.yaml"
HEAD = "# Made by `hrc-cell config sign`, not to be edited. It shows mistakes, keeps out nobody.\n"
STATES = ("signed", "unsigned", "changed", "broken")
NAME_MAX = 120
SHOWN_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One sign-off."""

    sha256: str
    name: str
    role: str
    when: str  # ISO 8601 with zone
    version: str  # of hrc_cell that signed
    sections: dict[str, str]  # hash of each
    values: dict[str, Any]  # as Cell.signed_values gave them

    @property
    def by(self) -> str:
        """Return who signed."""
        return f"{self.name} ({self.role})" if self.role else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """How a cell stands to its signature."""

    state: str  # one of STATES
    signature: Signature | None = None
    changes: tuple[Change, ...] = ()  # since it was signed
    why: str = ""  # of a broken one

    def __str__(self) -> str:
        if self.signature is None:
            return "not signed" if self.state == "unsigned" else f"signature broken: {self.why}"
        by_whom = f"by {self.signature.by}, {self.signature.when}"
        if self.state == "signed":
            return f"signed {by_whom}"
        count = len(self.changes)
        places = "one place" if count == 1 else f"{count} places"
        return f"changed in {places} since signed {by_whom}"


def section_hashes(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each section of cell.yaml, and of each other file."""
    hashes: dict[str, str] = {}
    for file, inside in values.items():
        if file == "cell.yaml":
            hashes |= {f"{file}: {name}": sha256_of(value) for name, value in inside.items()}
        else:
            hashes[file] = sha256_of(inside)
    return hashes


def sign(cell: Cell, *, name: str, role: str = "", when: datetime) -> Signature:
    """Return a signature of the cell as it is. `when` must know its zone.

    Raises ValueError where the name says nothing, or where a file that bears on safety could not
    be read, because a change of it would not be noticed.
    """
    for what, text in (("name", name), ("role", role)):
        if len(text) > NAME_MAX or not text.isprintable():
            raise ValueError(f"{what} = {text!r}: must be one line, at most {NAME_MAX} long")
    if not name.strip():
        raise ValueError("name is empty: a signature says who answers for the cell")
    if when.tzinfo is None:
        raise ValueError("when has no time zone")
    unread = [file for file, sha256 in cell.description.items() if sha256 == UNREAD]
    if unread:
        raise ValueError(
            f"robot.description: {', '.join(unread)} cannot be read or is named by an expression, "
            "so a change of it would not be noticed; name the file plainly, or put it beside the "
            "description"
        )
    values = cell.signed_values()
    return Signature(
        sha256=cell.safety_sha256, name=name.strip(), role=role.strip(),
        when=when.isoformat(timespec="seconds"), version=version(),
        sections=section_hashes(values), values=values,
    )  # fmt: skip


def write_signature(folder: Path, signature: Signature) -> Path:
    """Write signature.yaml whole or not at all; return its path. Raises OSError."""
    path = folder / FILE
    part = folder / f".{FILE}.{os.getpid()}"
    text = yaml.safe_dump(asdict(signature), sort_keys=False, allow_unicode=True, width=100)
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(HEAD + text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def standing(cell: Cell) -> Signed:
    """Return how the cell, as it was loaded, stands to the signature in its folder."""
    path = cell.folder / FILE
    try:
        signature = _read(path)
    except FileNotFoundError:
        return Signed(state="unsigned")
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        return Signed(state="broken", why=f"{path}: {' '.join(str(error).split())}")
    if signature.sha256 == cell.safety_sha256:
        return Signed(state="signed", signature=signature)
    changed = changes(signature.values, cell.signed_values())
    return Signed(state="changed", signature=signature, changes=changed)


def refusal(cell: Cell, *, program: str = "hrc-cell") -> str:
    """Return why this cell must not run, "" if it may: it is simulated, or as it was signed."""
    if cell.file.simulated:
        return ""
    stands = standing(cell)
    if stands.state == "signed":
        return ""
    shown = [f"  {change}" for change in stands.changes[:SHOWN_MAX]]
    if len(stands.changes) > SHOWN_MAX:
        shown.append(f"  and {len(stands.changes) - SHOWN_MAX} more")
    advice = (
        "a cell that is not in simulation runs only as it was signed; undo what changed, or check "
        f'the cell and sign it: {program} config sign {cell.folder} --name "..."'
    )
    return "\n".join([f"{cell.folder}: {stands}", *shown, advice])


def recipe_refusal(cell: Cell, recipe: Recipe) -> str:
    """Return why a recipe, read after the cell was loaded, must not run; "" if it may.

    As with the whole cell: it is simulated, or the recipe is as it was signed.
    """
    if cell.file.simulated:
        return ""
    path, name = cell.folder / FILE, f"recipes/{recipe.name}.yaml"
    try:
        signed = _read(path).sections.get(name)
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        return f"{path}: {' '.join(str(error).split())}; sign the cell"
    if signed == sha256_of(without_texts(recipe)):
        return ""
    what = "is not signed" if signed is None else "changed since the cell was signed"
    return f"{cell.folder / name}: {what}; check it and sign the cell"


def _read(path: Path) -> Signature:
    """Return the signature in a file. Raises ValueError where it does not fit itself."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("is no mapping; sign the cell again")
    signature = Signature(**data)
    texts = ("sha256", "name", "role", "when", "version")
    if not all(isinstance(getattr(signature, key), str) for key in texts):
        raise ValueError(f"one of {', '.join(texts)} is no text; sign the cell again")
    if datetime.fromisoformat(signature.when).tzinfo is None:
        raise ValueError("when has no time zone; sign the cell again")
    if not isinstance(signature.values, dict) or (
        sha256_of(signature.values) != signature.sha256
        or section_hashes(signature.values) != signature.sections
    ):
        raise ValueError("its values do not fit its hash: it was edited; sign the cell again")
    return signature
