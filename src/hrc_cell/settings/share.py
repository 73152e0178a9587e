"""Where the package's data files (config, urdf, sim, launch) lie: in the checkout, or installed."""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def share_folder() -> Path:
    """Return the folder that holds config/, urdf/ and sim/.

    Raises FileNotFoundError with what to do where neither a checkout nor an installed share exists.
    """
    checkout = Path(__file__).resolve().parents[3]
    installed = [Path(entry) / "share" / "hrc_cell" for entry in _prefixes()]
    for folder in (checkout, *installed):
        if (folder / "config" / "default" / "cell.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"no config/default/cell.yaml in {checkout} or {', '.join(map(str, installed))}: "
        "install the package again, or source the workspace that holds it"
    )


def find_named(folder: Path, shelf: str, name: str, *, key: str) -> Path:
    """Return the path of a file that a cell names: beside its cell.yaml, or in `shelf` of ours.

    Raises FileNotFoundError with the setting `key` and the places looked at.
    """
    places = [folder / name, share_folder() / shelf / name]
    for path in places:
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{key} = {name!r}: no such file; looked at {', '.join(map(str, places))}"
    )


def _prefixes() -> list[str]:
    return [*filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)), sys.prefix]


def package_share(package: str) -> Path:
    """Return the share folder of a ROS package; where there is none, the place it would be."""
    if package == "hrc_cell":
        return share_folder()
    places = [Path(entry) / "share" / package for entry in _prefixes()]
    return next((place for place in places if place.is_dir()), places[0])


def version() -> str:
    """Return the version of this software, as package.xml says it."""
    manifest = ET.parse(share_folder() / "package.xml").getroot()  # noqa: S314 our own file
    return manifest.findtext("version", default="unknown")
