"""Values on the command line, refused before anything starts if they cannot be meant."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

PORT_MAX = 65535


def json_file(text: str) -> Path:
    """Return the path of a result file that can be made. For `type=` of an argument."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        why = "is a folder" if path.is_dir() else f"its folder {path.parent} does not exist"
        raise argparse.ArgumentTypeError(f"{path}: {why}; name a file in a folder that exists")
    return path


def port(text: str) -> int:
    """Return a TCP port, 0 for any free one. For `type=` of an argument."""
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text}: must be a port, 0 to {PORT_MAX}")
    return int(text)


def seconds(text: str) -> float:
    """Return a time [s] above 0. For `type=` of an argument."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be a number of seconds above 0")
    return value


def count(text: str) -> int:
    """Return a whole number above 0. For `type=` of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number above 0")
    return int(text)
