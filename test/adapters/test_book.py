"""The book: what append returned from is there, whatever happened to the process since."""

import errno
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_cell.adapters.record import book as module
from hrc_cell.adapters.record.book import Book
from hrc_cell.adapters.record.journal import encode

WRITER = """
import sys
from pathlib import Path
from hrc_cell.adapters.record.book import Book
book = Book(Path(sys.argv[1]))
number = len(book.records)
while True:
    number += 1
    book.append({"n": number, "text": "x" * (number * 37 % 500)})
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "book.jsonl"


def written(path, *numbers):
    """Write into a book and close it."""
    book = Book(path)
    for number in numbers:
        book.append({"n": number})
    book.close()


def read(path):
    """Open the book, return its numbers and how many lines are damaged, close it."""
    book = Book(path)
    book.close()
    return [record["n"] for record in book.records], book.damaged


def test_what_was_written_is_read_back_in_order(path):
    assert read(path) == ([], 0)
    written(path, 1, 2)
    written(path, 3)
    assert read(path) == ([1, 2, 3], 0)
    assert path.stat().st_mode & 0o077 == 0, "nobody else's to read"


@pytest.mark.req("S4")
@settings(max_examples=30)
@given(st.data())
def test_a_torn_last_line_is_cut_off_and_the_rest_stands(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("book") / "book.jsonl"
    written(path, 1, 2)
    whole = path.read_bytes()
    line = encode({"n": 3})
    path.write_bytes(whole + line[: data.draw(st.integers(0, len(line) - 1))])
    assert read(path) == ([1, 2], 0)
    assert path.read_bytes() == whole
    written(path, 4)
    assert read(path) == ([1, 2, 4], 0)


@settings(max_examples=30)
@given(st.data())
def test_a_damaged_line_is_skipped_and_counted_and_the_others_count(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("book") / "book.jsonl"
    written(path, 1, 2, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    which = data.draw(st.integers(0, 2))
    at = data.draw(st.integers(0, len(lines[which]) - 2))
    broken = bytearray(lines[which])
    broken[at] ^= 1 << data.draw(st.integers(5, 6))  # no end of a line comes of it
    lines[which] = bytes(broken)
    path.write_bytes(b"".join(lines))
    assert read(path) == ([n for n in (1, 2, 3) if n != which + 1], 1)


@pytest.mark.req("S4")
@pytest.mark.parametrize("after", [1, 5, 40])
def test_what_was_told_as_written_is_there_after_a_kill(path, after):
    told = 0
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        for line in writer.stdout:
            told = int(line)
            if told == after:
                writer.send_signal(signal.SIGKILL)
    numbers, damaged = read(path)
    assert damaged == 0
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= told


@pytest.mark.req("S4")
@pytest.mark.parametrize("fails", ["write", "sync"])
def test_a_failing_disk_leaves_the_book_as_it_was(path, monkeypatch, fails):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    def half(file, data, offset):
        os.pwrite(file, data[: len(data) // 2], offset)
        full()

    written(path, 1)
    book = Book(path)
    with monkeypatch.context() as patch:
        if fails == "write":
            patch.setattr(module, "write_at", half)
        else:
            patch.setattr(module.os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            book.append({"n": 2})
    assert path.read_bytes() == encode({"n": 1})
    book.append({"n": 3})
    book.close()
    assert read(path) == ([1, 3], 0)


def test_a_second_process_is_refused(path):
    first = Book(path)
    with pytest.raises(OSError, match="another operator page"):
        Book(path)
    first.close()
    assert read(path) == ([], 0)
