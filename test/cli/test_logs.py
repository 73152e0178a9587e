"""What of a process's log a person sees."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.cli.logs import LogReader, fresh

LOG = """[INFO] [1700000000.25] [motor_bus]: seven motors answer
loose talk
[ERROR] [1700000001.5] [motor_bus]: the port is gone:
  it was /dev/motors
[DEBUG] [1700000002.0] [motor_bus]: cycle
[WARN] [1700000003.0] [motor_bus]: a late reply
[INFO] [1700000004.0] [motor_bus]: back
Traceback (most recent call last):
  File "x.py", line 1, in <module>
ValueError: Größe
"""
WARNINGS = [
    "error: the port is gone:", "  it was /dev/motors", "warn: a late reply",
    "Traceback (most recent call last):", '  File "x.py", line 1, in <module>',
    "ValueError: Größe",
]  # fmt: skip


@given(cuts=st.lists(st.integers(0, len(LOG.encode())), max_size=6))
def test_however_the_log_is_cut_the_same_warnings_are_seen(cuts):
    data = LOG.encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "motor_bus.log"
        reader, seen, written = LogReader(path), [], 0
        for cut in [*sorted(cuts), len(data)]:
            with path.open("ab") as log:
                log.write(data[written:cut])
            written = cut
            seen += reader.unread()
    assert seen == WARNINGS


def test_with_everything_every_line_is_seen(tmp_path):
    path = tmp_path / "motor_bus.log"
    path.write_text(LOG, encoding="utf-8")
    seen = LogReader(path, everything=True).unread()
    assert len(seen) == len(LOG.splitlines())
    assert seen[:2] == ["seven motors answer", "loose talk"]


def test_a_log_that_is_not_there_yet_says_nothing(tmp_path):
    assert LogReader(tmp_path / "none.log").unread() == []


def test_the_log_of_the_run_before_is_kept_once(tmp_path):
    path = tmp_path / "motor_bus.log"
    for run in ("first", "second"):
        fresh(path).write_text(run)
    assert path.read_text() == "second"
    assert path.with_suffix(".before").read_text() == "first"
