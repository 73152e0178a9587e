"""The journal: what append returned from is there, whatever happened to the process since."""

import errno
import os
import random
import resource
import signal
import subprocess
import sys
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.record.journal import Journal, JournalError, decode, encode

records = st.dictionaries(
    st.text(max_size=5), st.none() | st.integers() | st.text() | st.floats(allow_nan=False,
                                                                          allow_infinity=False),
)  # fmt: skip

WRITER = """
import sys
from pathlib import Path
from hrc_cell.adapters.record.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = journal.last["n"] if journal.last else 0
while True:
    number += 1
    journal.append([{"n": number, "text": "x" * (number * 37 % 500)}])
    print(number, flush=True)
    if number % 7 == 0:
        journal.compact()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "journal.jsonl"


def written(path, *numbers):
    """Write a journal and close it."""
    journal = Journal(path)
    for number in numbers:
        journal.append([{"n": number}])
    journal.close()


def last_of(path):
    """Open the journal, return its last record, close it."""
    journal = Journal(path)
    journal.close()
    return journal.last


@given(records)
def test_a_line_says_what_was_written(record):
    line = encode(record)
    assert line.count(b"\n") == 1
    assert decode(line[:-1]) == record


def test_a_new_journal_is_empty_and_stays_so(path):
    journal = Journal(path)
    assert journal.last is None
    journal.compact()
    journal.close()
    assert last_of(path) is None


@pytest.mark.req("S4")
def test_the_last_record_is_read_back(path):
    journal = Journal(path)
    journal.append([{"n": 1}, {"n": 2}])
    assert journal.last == {"n": 2}
    journal.close()
    assert last_of(path) == {"n": 2}


@pytest.mark.req("S4")
def test_a_torn_line_is_cut_off_and_writing_goes_on(path):
    written(path, 1, 2)
    whole = path.read_bytes()
    for torn in (b"0", b"deadbeef {", encode({"n": 3})[:-1], b"\0" * 40):
        path.write_bytes(whole + torn)
        assert last_of(path) == {"n": 2}
        assert path.read_bytes() == whole
    written(path, 3)
    assert last_of(path) == {"n": 3}


@pytest.mark.req("S4")
@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_damaged_line_is_not_guessed(path, line):
    written(path, 1, 2, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"n":', b'"m":')
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=rf"journal\.jsonl: line {line} .*move the file away"):
        Journal(path)
    with pytest.raises(JournalError):  # and the lock was given back
        Journal(path)


@pytest.mark.parametrize("text", [b"[1]", b"{"])
def test_a_line_with_a_right_checksum_must_still_be_an_object(text):
    with pytest.raises(ValueError, match=r"not an object|Expecting"):
        decode(b"%08x %s" % (crc32(text), text))


@pytest.mark.req("S4")
def test_two_processes_cannot_both_have_it(path):
    journal = Journal(path)
    with pytest.raises(OSError, match="another task manager"):
        Journal(path)
    journal.close()
    written(path, 1)


def test_compacting_keeps_the_last_record(path):
    written(path, *range(1, 9))
    journal = Journal(path)
    journal.compact()
    assert path.read_bytes() == encode({"n": 8})
    journal.append([{"n": 9}])
    journal.close()
    assert path.read_bytes() == encode({"n": 8}) + encode({"n": 9})


def test_a_compaction_that_fails_changes_nothing(path):
    journal = Journal(path)
    journal.append([{"n": 1}])
    blocker = path.with_name(path.name + ".part")
    blocker.mkdir()
    with pytest.raises(IsADirectoryError):
        journal.compact()
    journal.append([{"n": 2}])
    journal.close()
    assert last_of(path) == {"n": 2}


def test_what_cannot_be_written_as_json_is_our_mistake(path):
    journal = Journal(path)
    with pytest.raises(ValueError, match="JSON"):
        journal.append([{"n": float("nan")}])
    journal.close()


@pytest.mark.req("S4")
def test_a_full_disk_refuses_the_record_and_leaves_the_journal_whole(path):
    """The limit on file size stands for the full disk: the write ends in the middle."""
    journal = Journal(path)
    journal.append([{"n": 1}])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match="File too large") as caught:
                journal.append([{"n": 2, "text": "x" * 100}])
            assert caught.value.errno == errno.EFBIG
            assert journal.last == {"n": 1}
            assert path.read_bytes() == encode({"n": 1})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    journal.append([{"n": 2}])
    journal.close()
    assert last_of(path) == {"n": 2}


@pytest.mark.req("S4")
def test_a_disk_that_is_gone_is_an_error_each_time(path):
    journal = Journal(path)
    journal.append([{"n": 1}])
    kept = os.dup(journal._file)
    read_only = os.open(path, os.O_RDONLY)
    os.dup2(read_only, journal._file)
    for _ in range(2):
        with pytest.raises(OSError, match=r"Bad file descriptor|Invalid argument"):
            journal.append([{"n": 2}])
    os.dup2(kept, journal._file)
    os.close(read_only)
    os.close(kept)
    journal.append([{"n": 3}])
    journal.close()
    assert last_of(path) == {"n": 3}


@pytest.mark.req("S4")
def test_kill_9_at_any_instant_loses_nothing_that_append_returned_from(path):
    """Real processes, killed at instants chosen by a seed; the next one goes on where it was."""
    dice, told = random.Random(1), 0
    for _ in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(dice.randint(1, 30)):
            told = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
        child.wait()
        child.stdout.close()
        told = int(rest[-1]) if rest else told
        assert last_of(path)["n"] in (told, told + 1)  # on disk, perhaps not yet told
