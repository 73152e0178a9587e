"""The files behind a robot's description: the one that a cell names, what it includes, its meshes.

A permit and a signature hold for the arm as these files describe it, so each is hashed, byte by
byte. References are followed where the file says them plainly: beside the file that names them,
as file://, package:// or $(find package). One that is put together while xacro runs cannot be
followed; it is told as `UNREAD`, and a cell with such a file is not signed.
"""

from __future__ import annotations

import hashlib
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from hrc_cell.settings.share import find_named, package_share

UNREAD = "not read"
"""Stands in the place of a file's hash."""
PACKAGE = re.compile(r"(?:package://|\$\(find )([A-Za-z0-9_]+)\)?/(.+)")
LOADED = re.compile(r"load_yaml\(\s*['\"]([^'\"]+)['\"]\s*\)")


def description_files(folder: Path, name: str) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path from the named one's folder; UNREAD if none."""
    try:
        first = find_named(folder, "urdf", name, key="robot.description")
    except OSError:
        return {name: UNREAD}
    found: dict[str, str] = {}
    ahead = [(name, first)]
    while ahead:
        label, path = ahead.pop()
        if label in found:
            continue
        try:
            data = path.read_bytes()
        except OSError:
            found[label] = UNREAD
            continue
        found[label] = hashlib.sha256(data).hexdigest()
        for reference in _references(data):
            ahead.append(_place(reference, path.parent, first.parent))
    return found


def _references(data: bytes) -> Iterator[str]:
    """Yield what an XML file says about other files; nothing for a file that is not XML."""
    try:
        root = ET.fromstring(data)  # noqa: S314 the cell's own file
    except ET.ParseError:
        return
    for element in root.iter():
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if tag in ("include", "mesh") and "filename" in element.attrib:
            yield element.attrib["filename"]
        for text in (*element.attrib.values(), element.text or ""):
            yield from LOADED.findall(text)


def _place(reference: str, beside: Path, top: Path) -> tuple[str, Path]:
    """Return how a file is called in the list, and where it lies."""
    named = PACKAGE.fullmatch(reference)
    if named and "$" not in named[2]:
        return reference, package_share(named[1]) / named[2]
    path = Path(os.path.normpath(beside / reference.removeprefix("file://")))
    if "$" in reference or not path.is_relative_to(top):
        return reference, path
    return path.relative_to(top).as_posix(), path
