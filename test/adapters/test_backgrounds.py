"""A background on disk: comes back as it was, or not at all."""

import numpy as np
import pytest
from scan_room import Room, scanner
from strategies import default_cell

from hrc_cell.adapters.record.backgrounds import load_backgrounds, save_backgrounds
from hrc_cell.core.view import View, look

TRACKER = default_cell().file.tracker


def learned() -> View:
    room, place, view, now_s = Room(beams=90), scanner(), View(), 0.0
    while view.watch is None:
        view, _ = look(TRACKER, place, view, room.scan(place), now_s)
        now_s += 0.1
    return view


def test_a_background_comes_back_as_it_was(tmp_path):
    path, view = tmp_path / "state" / "background.npz", learned()
    save_backgrounds(path, {"left": view, "right": view})
    again = load_backgrounds(path)
    assert set(again) == {"left", "right"}
    assert np.array_equal(again["left"].watch.background.known, view.watch.background.known)
    assert again["left"].watch.background.margin_m == view.watch.background.margin_m
    assert again["left"].beams == view.beams
    assert [entry.name for entry in path.parent.iterdir()] == ["background.npz"]


def test_what_is_not_learned_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="right is not learned"):
        save_backgrounds(tmp_path / "b.npz", {"left": learned(), "right": View()})
    assert list(tmp_path.iterdir()) == []


def _text(path):
    path.write_text("no background", encoding="utf-8")


def _empty(path):
    path.write_bytes(b"")


def _short(path):
    save_backgrounds(path, {"left": learned()})
    path.write_bytes(path.read_bytes()[:200])


def _half(path):
    np.savez(path, **{"left.known": np.zeros((3, 3), dtype=bool)})


def _other(path):
    np.savez(path, **{"left.known": np.zeros((3, 3)), "left.numbers": np.zeros(3)})


def _unknown(path):
    known, numbers = np.zeros((3, 3), dtype=bool), np.array([0.1, np.nan, 0.1])
    np.savez(path, **{"left.known": known, "left.numbers": numbers})


@pytest.mark.req("S2")
@pytest.mark.parametrize("spoil", [_text, _empty, _short, _half, _other, _unknown])
def test_a_spoilt_file_is_refused_with_what_to_do(tmp_path, spoil):
    path = tmp_path / "background.npz"
    spoil(path)
    with pytest.raises(ValueError, match=r"not a learned background .* delete it"):
        load_backgrounds(path)
