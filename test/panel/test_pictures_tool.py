"""The pictures for people: what the tool draws is there, in the size and the look asked for."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from panel.browser import CHROMIUM

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("playwright", reason="playwright is not installed")


def test_a_scene_is_drawn_in_each_theme(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no chromium: apt install chromium")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "pictures.py", "all", tmp_path, "--scene", "latched",
         "--language", "vi", "--size", "phone"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    drawn = sorted(tmp_path.rglob("*.png"))
    names = [path.relative_to(tmp_path).as_posix() for path in drawn]
    assert names == ["vi/latched, phone, dark.png", "vi/latched, phone, light.png"]
    dark, light = (path.read_bytes() for path in drawn)
    assert dark != light
    assert struct.unpack(">II", dark[16:24]) == (360, 740)
