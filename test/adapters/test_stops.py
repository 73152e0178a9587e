"""The stops of a record: where each begins and ends, also in a record that is broken off."""

import json

import pytest

from hrc_cell.adapters.record.events import EventLog, read_lines, record_files
from hrc_cell.adapters.record.stops import KINDS, find_stops, last_stops
from hrc_cell.core.safety import State

LATCHED, READY, STANDSTILL, REDUCED, FREE = State


def permit(mono_s, state, cause="", kind="permit"):
    return {"kind": kind, "mono_s": mono_s, "data": {"state": int(state), "cause": cause}}


def begun(mono_s, **about):
    return {"kind": "record_begun", "mono_s": mono_s, "data": about}


def test_a_stop_runs_from_the_first_permit_that_holds_to_the_first_that_lets_go():
    (stop,) = find_stops(
        [
            begun(0.0, cell="one"), permit(1.0, FREE), permit(2.0, REDUCED, "zone:approach"),
            permit(3.0, STANDSTILL, "separation"), permit(4.0, STANDSTILL, "separation"),
            permit(5.0, STANDSTILL, "resume_wait"), permit(6.5, REDUCED, "resuming"),
            permit(7.0, FREE),
        ]
    )  # fmt: skip
    assert stop.first["data"]["cause"] == "separation"
    assert stop.before["mono_s"] == 2.0
    assert stop.ended["mono_s"] == 6.5
    assert stop.lasted_s == 3.5
    assert stop.about == {"cell": "one"}
    assert not stop.was_at(LATCHED)


def test_a_stop_that_gets_worse_is_one_stop():
    (stop,) = find_stops(
        [permit(0.0, FREE), permit(1.0, STANDSTILL, "separation"),
         permit(2.0, LATCHED, "scanner_silent:left"), permit(3.0, READY, "not_started")]
    )  # fmt: skip
    assert [line["mono_s"] for line in stop.permits] == [1.0, 2.0, 3.0]
    assert stop.ended is None
    assert stop.lasted_s == 2.0
    assert stop.was_at(LATCHED)


def test_a_cell_that_begins_stands_and_so_does_one_whose_record_begins_anew():
    first, second = find_stops(
        [begun(0.0), permit(1.0, LATCHED, "not_reset"), begun(9.0), permit(10.0, LATCHED, "clock"),
         permit(12.0, REDUCED)]
    )  # fmt: skip
    assert (first.before, first.ended, first.lasted_s) == (None, None, 0.0)
    assert (second.before, second.lasted_s) == (None, 2.0)


def test_samples_count_and_what_is_no_permit_does_not():
    lines = [
        permit(0.0, FREE), permit(1.0, STANDSTILL, kind="permit_sample"),
        {"kind": "permit", "mono_s": 1.5, "data": {"state": 9}}, {"kind": "permit", "data": "?"},
        {"kind": "permit", "data": {"state": None}}, {"kind": "gate", "data": {"state": 4}},
        {"kind": "permit"}, permit(2.0, STANDSTILL),
    ]  # fmt: skip
    (stop,) = find_stops(lines)
    assert len(stop.permits) == 2
    assert find_stops([]) == []


def log(folder, *, size_max_mb=1.0):
    return EventLog(folder, size_max_mb=size_max_mb, files_max=20)


def write(writer, mono_s, state, cause=""):
    assert writer.write(
        stamp_ns=int(mono_s * 1e9), mono_s=mono_s, source="safety_monitor", kind="permit",
        data={"state": int(state), "cause": cause, "padding": "x" * 100},
    )  # fmt: skip


def test_the_last_stops_are_found_over_several_files_and_no_more_is_read(tmp_path, monkeypatch):
    writer = log(tmp_path, size_max_mb=0.001)
    for n in range(20):
        write(writer, 10.0 * n, FREE)
        write(writer, 10.0 * n + 1.0, STANDSTILL, f"zone:z{n}")
    writer.close()
    files = record_files(tmp_path)
    assert len(files) > 4
    stops = last_stops(tmp_path, 3)
    assert [stop.first["data"]["cause"] for stop in stops] == ["zone:z17", "zone:z18", "zone:z19"]
    assert all(stop.before is not None for stop in stops), "each begins where it began"
    for path in files[:2]:
        path.unlink()
        path.mkdir()  # would raise if it was read
    assert last_stops(tmp_path, 1)[0].first["data"]["cause"] == "zone:z19"
    assert len(last_stops(tmp_path, 3)) == 3
    with pytest.raises(OSError, match="directory"):
        last_stops(tmp_path, 100)


@pytest.mark.req("S2")
def test_a_record_cut_off_in_mid_line_is_read_up_to_there(tmp_path):
    writer = log(tmp_path)
    write(writer, 1.0, FREE)
    write(writer, 2.0, STANDSTILL, "separation")
    write(writer, 3.0, LATCHED, "clock")
    writer.close()
    (path,) = record_files(tmp_path)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        found = [line["mono_s"] for line in read_lines(path, KINDS)]
        assert found == [1.0, 2.0, 3.0][: len(found)]
        assert len(found) >= whole[:end].count(b"\n")
    path.write_bytes(whole[:-5])
    (stop,) = last_stops(tmp_path, 1)
    assert stop.first["data"]["cause"] == "separation"
    path.write_bytes(b"\xff\xfe nonsense \x00\n" + whole + b'{"kind":"permit"')
    assert len(last_stops(tmp_path, 1)[0].permits) == 2


def test_only_the_kinds_asked_for_are_read(tmp_path):
    path = tmp_path / "events-000001-x.jsonl"
    lines = [{"kind": "permit", "n": 1}, {"kind": "event", "data": {"x": '"kind":"permit"'}}]
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    assert [line["n"] for line in read_lines(path, frozenset({"permit"}))] == [1]
