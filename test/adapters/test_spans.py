"""The work as its record tells it: real files, torn, damaged, deleted, added to."""

import pytest
from worked import DAY_S, NOON_S, writing

from hrc_cell.adapters.record.events import record_files
from hrc_cell.adapters.record.spans import PIECE, SPANS_MAX, Spans, mark_of, seconds
from hrc_cell.core.spans import Cycle, Gap, Stop, Visit


@pytest.fixture
def written(tmp_path):
    with writing(tmp_path / "records") as made:
        made.line("record_begun", "recorder", cell="default")
        made.permit(4)
        made.task("", "", "IDLE", cycle=0)
        yield made


@pytest.fixture
def small(tmp_path):
    """A record in many small files."""
    with writing(tmp_path, size_max_mb=1e-3, files_max=1000) as made:
        made.permit(4)
        yield made


def read(spans, now_s):
    for _ in range(1000):
        if spans.read(now_s):
            return list(spans.spans)
    raise AssertionError("it never ends")


def spans_of(written, **more):
    made = Spans(written.folder, keep_s=more.pop("keep_s", 8 * DAY_S), **more)
    return read(made, written.at_s), made


def only(kind, spans):
    return [one for one in spans if isinstance(one, kind)]


def lasted(kind, spans):
    return [one.lasted_s and round(one.lasted_s, 3) for one in only(kind, spans)]


def test_a_record_becomes_cycles_steps_and_stops(written):
    for number in (1, 2, 3):
        written.cycle(number)
    written.task("", "", "DONE", cycle=3)
    spans, made = spans_of(written)
    assert lasted(Cycle, spans) == [6.0, 6.0, 6.0]
    assert lasted(Visit, spans) == [3.0, 3.0] * 3
    assert lasted(Stop, spans) == [1.0] * 3
    assert only(Stop, spans)[0].cause == "separation"
    assert (made.damaged, made.since_s) == (0, NOON_S)


def test_only_what_was_added_is_read_again(written, monkeypatch):
    written.cycle(1)
    _, made = spans_of(written)
    heard = []
    own = made._hear
    monkeypatch.setattr(made, "_hear", lambda line: (heard.append(line), own(line)))
    assert read(made, written.at_s)
    assert heard == []
    written.cycle(2)
    spans = read(made, written.at_s)
    assert len(heard) == 4
    assert lasted(Cycle, spans) == [6.0]


def test_a_torn_last_line_is_read_once_it_is_whole(written):
    written.cycle(1)
    path = written.newest()
    whole = path.read_bytes()
    written.cycle(2)
    written.task("", "", "DONE", cycle=2)
    after = path.read_bytes()
    for cut in range(len(whole), len(after), 17):
        path.write_bytes(after[:cut])
        made = Spans(written.folder, keep_s=8 * DAY_S)
        read(made, written.at_s)
        assert made.damaged == 0, "what is being written is not damaged"
        path.write_bytes(after)
        assert lasted(Cycle, read(made, written.at_s)) == [6.0, 6.0]


def test_a_tail_that_a_crash_left_in_an_older_file_is_a_gap(written):
    written.cycle(1)
    written.cycle(2)
    path = written.newest()
    with path.open("ab") as file:
        file.write(b'{"stamp":"2027-01-15T08:0')
    other = path.with_name(path.name.replace("000001", "000002"))
    lines = path.read_bytes().splitlines(keepends=True)
    other.write_bytes(lines[1])
    spans, made = spans_of(written)
    assert made.damaged == 1
    assert lasted(Cycle, spans) == [6.0]


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "broken",
    [
        b'{"stamp":"2027-01-15T08:00:03.000000000Z","kind":"task"}\n', b'{"kind":"task",\n',
        b'"kind":"permit"\n', b"\x00\x01\n", b'{"stamp":"yesterday","mono_s":1.0,"kind":"task"}\n',
        b'{"kind":"permit","data":{"state":9}}\n', b"x" * (1 << 21) + b"\n",
    ],
)  # fmt: skip
def test_a_damaged_line_makes_unknown_what_was_under_way_and_nothing_else(written, broken):
    for number in (1, 2, 3):
        written.cycle(number)
    written.task("", "", "DONE", cycle=3)
    lines = written.newest().read_bytes().splitlines(keepends=True)
    [second] = [k for k, line in enumerate(lines) if b'"cycle":2' in line and b"fetch" in line]
    written.newest().write_bytes(b"".join([*lines[: second + 2], broken, *lines[second + 2 :]]))
    spans, made = spans_of(written)
    assert made.damaged >= 1
    assert lasted(Cycle, spans) == [6.0, None, 6.0]


def test_a_record_that_begins_anew_and_one_with_lost_lines_are_gaps(written):
    for kind in ("record_begun", "record_ended", "record_gap"):
        mark = mark_of(
            {"kind": kind, "stamp": "2027-01-15T08:00:03.000000000Z", "mono_s": 4.0, "data": {}}
        )
        assert isinstance(mark, Gap)
    written.task("fetch")
    written.line("record_gap", "recorder", lost=3, reason="full")
    written.cycle(1)
    written.cycle(2)
    assert lasted(Cycle, spans_of(written)[0]) == [None]


def test_files_from_before_the_time_that_is_kept_are_never_opened(small):
    for number in range(6):
        for _ in range(3):
            small.cycle(number + 1)
        small.later(DAY_S)
    files = record_files(small.folder)
    from_s = small.at_s - 2.5 * DAY_S
    before = [path for path in files if path.name[14:24] < "2027-01-18"]
    assert len(before) > 5
    for path in before[:-1]:
        path.write_bytes(b"damaged\n")
    spans, made = spans_of(small, keep_s=2.5 * DAY_S)
    assert made.damaged == 0
    assert all(one.begun_s >= from_s for one in spans)
    assert len(only(Visit, spans)) > 6


def test_a_file_that_is_deleted_under_way_is_a_gap_and_reading_goes_on(small):
    for number in range(1, 6):
        small.cycle(number)
    made = Spans(small.folder, keep_s=DAY_S)
    made.read(small.at_s)
    for path in record_files(small.folder)[:2]:
        path.unlink()
    small.cycle(6)
    small.cycle(7)
    spans = read(made, small.at_s)
    assert None in lasted(Cycle, spans)
    assert lasted(Cycle, spans)[-1] == 6.0
    for path in record_files(small.folder):
        path.unlink()
    assert read(made, small.at_s) == spans


def test_without_a_record_there_is_nothing(tmp_path):
    made = Spans(tmp_path / "none", keep_s=DAY_S)
    assert (read(made, NOON_S), made.since_s) == ([], None)


def test_a_line_cut_off_after_it_was_read_does_no_harm(written):
    written.cycle(1)
    _, made = spans_of(written)
    path = written.newest()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert read(made, written.at_s) is not None


def test_memory_is_bounded_and_a_piece_is_small(written):
    made = Spans(written.folder, keep_s=DAY_S)
    assert made.spans.maxlen == SPANS_MAX
    for _ in range(10):
        written.line("permit_sample", text="y" * (PIECE // 8))
    assert made.read(written.at_s) is False, "other work is let in between"


def test_what_was_kept_long_enough_is_forgotten(written):
    written.cycle(1)
    written.cycle(2)
    made = Spans(written.folder, keep_s=DAY_S)
    assert read(made, written.at_s)
    assert read(made, written.at_s + 2 * DAY_S) == []


def test_a_stamp_is_read_as_it_was_written():
    assert seconds("2027-01-15T08:00:00.250000000Z") == NOON_S + 0.25
    with pytest.raises(ValueError, match="x"):
        seconds("x")
