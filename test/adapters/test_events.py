"""The event log: whole lines, bounded files, and a failing disk that harms nobody."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.record.events import RETRY_S, EventLog, finite, rfc3339

NOW_NS = 1_700_000_000_000_000_000


@pytest.fixture
def log(tmp_path):
    made = EventLog(tmp_path / "records", size_max_mb=0.001, files_max=3)
    yield made
    made.close()


def write(log, number, *, mono_s=0.0, **data):
    return log.write(
        stamp_ns=NOW_NS + number, mono_s=mono_s, source="tried", kind="test",
        data={"n": number, **data},
    )  # fmt: skip


def lines(folder):
    files = sorted(folder.glob("events-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_one_line_says_when_who_and_what(log, tmp_path):
    assert write(log, 5, mono_s=12.3456789)
    assert lines(tmp_path / "records") == [
        {
            "stamp": "2023-11-14T22:13:20.000000005Z", "mono_s": 12.345679, "source": "tried",
            "kind": "test", "data": {"n": 5},
        }
    ]  # fmt: skip


@given(st.integers(0, 4 * 10**18))
def test_stamps_sort_as_times_do(ns):
    assert rfc3339(ns) < rfc3339(ns + 1)


def test_numbers_that_json_cannot_carry_become_null(log, tmp_path):
    assert write(log, 1, far=math.inf, many=(1.0, math.nan), deep={"x": -math.inf})
    assert lines(tmp_path / "records")[0]["data"] == {
        "n": 1, "far": None, "many": [1.0, None], "deep": {"x": None},
    }  # fmt: skip
    assert finite(True) is True


def test_size_begins_the_next_file_and_a_start_goes_on_with_the_newest(log, tmp_path):
    for number in range(30):
        assert write(log, number, text="x" * 50)
    log.close()
    files = sorted((tmp_path / "records").iterdir())
    assert len(files) == 3  # the oldest are gone
    assert all(file.stat().st_size <= 1000 for file in files)
    assert [line["data"]["n"] for line in lines(tmp_path / "records")][-1] == 29
    for number in range(40, 60):  # a writer that dies and starts again, in the middle of a line
        again = EventLog(tmp_path / "records", size_max_mb=1.0, files_max=3)
        assert write(again, number)
        again._file.write(b'{"stamp": "20' + b"0" * 100_000)
        again.close()
    assert sorted((tmp_path / "records").iterdir()) == files
    assert write(again, 60)
    again.close()
    assert [line["data"]["n"] for line in lines(tmp_path / "records")][-21:] == [*range(40, 61)]


def test_a_clock_that_was_set_back_does_not_make_the_newest_file_the_oldest(log, tmp_path):
    for number in range(30):
        assert write(log, -number * 10**12, text="x" * 50)
    assert [line["data"]["n"] for line in lines(tmp_path / "records")][-1] == -29 * 10**12


def test_tries_on_a_full_disk_cost_no_history_and_leave_no_empty_file(log, tmp_path, monkeypatch):
    for number in range(30):
        assert write(log, number, text="x" * 50)
    log.close()
    before = {path: path.read_bytes() for path in (tmp_path / "records").iterdir()}
    opened = Path.open

    def full(path, *how, **more):
        """Make the file as asked; what is written to it finds a real full device."""
        file = opened(path, *how, **more)
        if how == ("rb",):
            return file
        file.close()
        return opened(Path("/dev/full"), "ab", buffering=0)

    monkeypatch.setattr(Path, "open", full)
    for number in range(20):
        assert not write(log, 100 + number, mono_s=number * (RETRY_S + 1.0), text="x" * 900)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in (tmp_path / "records").iterdir()} == before
    assert write(log, 200, mono_s=21 * (RETRY_S + 1.0))
    gap, line = lines(tmp_path / "records")[-2:]
    assert (gap["data"]["lost"], line["data"]["n"]) == (20, 200)


def test_a_folder_that_cannot_be_made_loses_lines_and_nothing_else(tmp_path):
    blocker = tmp_path / "records"
    blocker.write_text("a file stands where the folder should be")
    log = EventLog(blocker, size_max_mb=1.0, files_max=3)
    assert not write(log, 1, mono_s=0.0)
    why = log.error
    assert why
    blocker.unlink()
    assert not write(log, 2, mono_s=RETRY_S / 2)  # not tried yet
    assert (log.lost, log.error) == (2, why)
    assert write(log, 3, mono_s=RETRY_S + 0.1)
    gap, line = lines(blocker)
    assert (gap["kind"], gap["data"]) == ("record_gap", {"lost": 2, "reason": why})
    assert (line["data"]["n"], log.lost, log.error) == (3, 0, "")
    log.close()


def test_a_disk_that_fails_under_way_ends_that_file(log, tmp_path):
    assert write(log, 1)
    log._file.close()
    log._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115 a real full device
    assert not write(log, 2, mono_s=1.0)
    assert "space" in log.error
    assert write(log, 3, mono_s=1.0 + RETRY_S)
    assert [line["kind"] for line in lines(tmp_path / "records")] == ["test", "record_gap", "test"]
