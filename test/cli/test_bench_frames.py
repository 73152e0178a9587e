"""Broken replies: chance explains all that passes, and the bench notices where it does not."""

import json

import pytest

from hrc_cell.adapters.serial import codec, fast_reply
from hrc_cell.cli import bench_frames, frame_fuzz
from hrc_cell.cli.frame_fuzz import CRC_CHANCE, KINDS, Count, Result, fuzz
from hrc_cell.cli.main import main

COUNT = 20_000


def test_of_twenty_thousand_broken_answers_none_passes_that_chance_does_not_explain(tmp_path):
    out = tmp_path / "frames.json"
    assert main(["bench", "frames", "--count", str(COUNT), "--seed", "1", "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["passed"]
    assert sum(row["answers"] for row in result["rows"]) == COUNT
    assert {(row["kind"], row["fast"]) for row in result["rows"]} == {
        (kind, fast) for kind in KINDS for fast in (False, True)
    }
    # Each way was tried, and most of what was broken was noticed.
    assert all(row["answers"] >= COUNT // 400 for row in result["rows"])
    assert sum(row["refused"] for row in result["rows"]) > COUNT // 2


def test_one_seed_gives_one_run():
    def last(seed):
        result = Result()
        assert list(fuzz(1000, seed, result)) == [None]
        return result.counts

    assert last(3) == last(3)
    assert last(3) != last(4)


class Right(int):
    """A CRC that is equal to any other."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__


@pytest.mark.parametrize("module", [codec, fast_reply])
def test_a_parser_that_does_not_look_at_the_crc_is_noticed(monkeypatch, capsys, module):
    monkeypatch.setattr(module, "crc16", lambda *_: Right())
    assert main(["bench", "frames", "--count", "2000"]) == 1
    assert "MISSED" in capsys.readouterr().out


class Hasty(codec.Parser):
    """Gives up on what comes with something broken, but for one reply."""

    def feed(self, data, length_max):
        before = self.broken
        found = super().feed(data, length_max)
        return found if self.broken == before else found[:1]


def test_a_parser_that_loses_sound_replies_is_noticed(monkeypatch, capsys):
    monkeypatch.setattr(frame_fuzz, "Parser", Hasty)
    assert main(["bench", "frames", "--count", "2000"]) == 1
    assert "sound replies lost" in capsys.readouterr().out


def never_done(*_):
    while True:
        pass


def test_a_parser_that_hangs_is_noticed(monkeypatch, capsys):
    monkeypatch.setattr(bench_frames, "HANG_S", 1.0)  # long after all is set up
    monkeypatch.setattr(codec.Parser, "feed", never_done)
    assert main(["bench", "frames", "--count", "2000"]) == 1
    assert "a parser hangs" in capsys.readouterr().out


def test_what_chance_explains_is_counted_and_laws_have_no_chance():
    result = Result({("bits", False): Count(CRC_CHANCE, 10**6, 10**6, 15)})
    assert list(result.problems()) == []
    result.counts["bits", False].wrong = 50
    assert "chance explains" in next(result.problems())
    result = Result({("burst", True): Count(CRC_CHANCE, 10**6, 10**6, 1)})
    assert "none can" in next(result.problems())
