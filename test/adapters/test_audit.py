"""The audit trail: nothing can be changed, taken out, put in or moved without being found."""

import fcntl
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hrc_cell.adapters.record.audit import DAMAGED, TORN, Audit, audit_files
from hrc_cell.adapters.record.audit_verify import verify
from hrc_cell.adapters.record.chain import Link, decode, encode

WRITER = """
import sys
from pathlib import Path
from hrc_cell.adapters.record.audit import Audit
audit = Audit(Path(sys.argv[1]), size_max_mb=0.02)
while True:
    number = audit.append("act", {"text": "x" * 100})
    print(number, flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit"


def trail(folder, count=9, size_max_mb=0.001):
    """Write a trail over several files."""
    audit = Audit(folder, size_max_mb=size_max_mb)
    for number in range(1, count + 1):
        assert audit.append("act", {"n": number, "who": "an"}) == number
    return audit


def lines_of(folder):
    return [line for path in audit_files(folder) for line in path.read_bytes().splitlines()]


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text()), st.text())
def test_a_line_says_what_was_written_and_is_json(data, kind):
    after = Link(seq=3, sha256="f" * 64)
    line, link = encode(after, stamp="now", kind=kind, data=data)
    entry = decode(line[:-1])
    assert (entry.kind, entry.data, entry.prev) == (kind, data, after.sha256)
    assert (entry.link, link.seq) == (link, 4)
    assert json.loads(line)["sha256"] == link.sha256


def test_a_trail_goes_on_over_files_starts_and_writers(folder):
    trail(folder)
    assert len(audit_files(folder)) > 1
    first, second = Audit(folder, size_max_mb=0.001), Audit(folder, size_max_mb=0.001)
    for number in range(10, 16):
        assert (first, second)[number % 2].append("act", {}) == number
    verdict = verify(folder)
    assert (verdict.lines, verdict.broken, verdict.notes) == (15, "", ())
    assert verdict.last == decode(lines_of(folder)[-1]).link


def test_only_the_user_may_read_it(folder):
    trail(folder, 1)
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_line_that_is_changed_removed_put_in_or_moved_is_found(folder, data):
    shutil.rmtree(folder, ignore_errors=True)
    trail(folder, 8, size_max_mb=1.0)
    [path] = audit_files(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["change", "remove", "insert", "swap", "cut"]))
    first = at
    if how == "change":
        k = data.draw(st.integers(0, len(lines[at]) - 2))
        other = data.draw(st.integers(1, 255))
        changed = bytearray(lines[at])
        changed[k] ^= other
        lines[at] = bytes(changed)
    elif how == "remove":
        del lines[at]
    elif how == "insert":
        lines.insert(at, data.draw(st.sampled_from([lines[at], lines[at - 1], b"{}\n", b"\n"])))
    elif how == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda k: k != at))
        lines[at], lines[other] = lines[other], lines[at]
        first = min(at, other)
    else:
        del lines[at:]
    path.write_bytes(b"".join(lines))
    broken = verify(folder).broken
    assert broken
    if first < len(lines) and how != "insert":
        assert broken.startswith(f"audit-000001.jsonl: line {first + 1} ")


def test_a_rewritten_line_with_a_right_hash_of_its_own_is_found(folder):
    trail(folder, 5, size_max_mb=1.0)
    [path] = audit_files(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    before = decode(lines[1][:-1])
    lines[2], _ = encode(before.link, stamp="s", kind="act", data={"who": "somebody else"})
    path.write_bytes(b"".join(lines))
    assert "audit-000001.jsonl: line 4 names another line before it" in verify(folder).broken
    path.write_bytes(b"".join(lines[:3]))
    assert verify(folder).broken.startswith("the trail ended with line 5")
    forged, link = encode(decode(lines[2][:-1]).link, stamp="s", kind="act", data={})
    last, _ = encode(link, stamp="s", kind="act", data={})
    path.write_bytes(b"".join([*lines[:3], forged, last]))
    assert "line 5 is another line than the one that was written" in verify(folder).broken


@pytest.mark.parametrize("what", ["first", "middle", "last", "head"])
def test_a_file_that_is_gone_is_found(folder, what):
    trail(folder, 20)
    files = audit_files(folder)
    assert len(files) > 2
    gone = {"first": files[0], "middle": files[1], "last": files[-1]}
    gone.get(what, folder / "audit.head").unlink()
    assert verify(folder).broken


def test_what_is_missing_at_the_start_of_a_writer_is_told_for_ever(folder):
    trail(folder, 5, size_max_mb=1.0)
    [path] = audit_files(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]))
    Audit(folder, size_max_mb=1.0).append("act", {})
    kinds = [decode(line).kind for line in lines_of(folder)]
    assert kinds == ["act", "act", "act", DAMAGED, "act"]
    assert "line 4 tells of damage before it: the trail ended with line 5" in verify(folder).broken


def test_a_last_line_that_was_changed_stays_broken_when_writing_goes_on(folder):
    trail(folder, 3, size_max_mb=1.0)
    [path] = audit_files(folder)
    path.write_bytes(path.read_bytes().replace(b'"n":3', b'"n":4'))
    Audit(folder, size_max_mb=1.0).append("act", {})
    assert "line 3 is not as it was written" in verify(folder).broken


@pytest.mark.parametrize("size_max_mb", [1.0, 0.0005])
@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_torn_line_is_told_kept_and_written_behind(folder, left, size_max_mb):
    """Also one of which nothing is missing but its end."""
    trail(folder, 2, size_max_mb=size_max_mb)
    path = audit_files(folder)[-1]
    line, _ = encode(decode(lines_of(folder)[-1]).link, stamp="s", kind="act", data={"n": 3})
    torn = line[:left]
    with path.open("ab") as file:
        file.write(torn)
    at_rest = verify(folder)
    assert at_rest.broken == ""
    Audit(folder, size_max_mb=size_max_mb).append("act", {"n": 4})
    verdict = verify(folder)
    assert verdict.broken == ""
    whole = left == -1
    assert lines_of(folder)[2] == torn, "nothing is taken away"
    assert len(verdict.notes) == (0 if whole else 1)
    kinds = [decode(line).kind for line in lines_of(folder)[3:]]
    assert kinds == (["act"] if whole else [TORN, "act"])
    if not whole:
        assert decode(lines_of(folder)[3]).data["sha256"] == hashlib.sha256(torn).hexdigest()
        holder = next(p for p in audit_files(folder) if torn in p.read_bytes().splitlines())
        holder.write_bytes(holder.read_bytes().replace(torn + b"\n", b"?" * len(torn) + b"\n"))
        assert "line 3 is not as it was written" in verify(folder).broken.replace(
            "line 1", "line 3"
        )


@pytest.mark.parametrize("round_", range(3))
def test_killed_in_the_middle_of_writing_the_trail_holds_all_that_was_told(folder, round_):
    """Killed again and again; then a chance number of bytes of the last line is missing, too."""
    chance, told = random.Random(round_), 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(chance.randrange(3, 60)):
            told = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        said = child.stdout.read().split()
        told = int(said[-1]) if said else told
        child.wait()
        child.stdout.close()
        verdict = verify(folder)
        assert verdict.broken == ""
        assert told <= verdict.last.seq <= told + 1
        line, _ = encode(verdict.last, stamp="s", kind="act", data={"n": 0})
        with audit_files(folder)[-1].open("ab") as file:
            file.write(line[: chance.randrange(1, len(line))])
    audit = Audit(folder, size_max_mb=1.0)
    audit.append("act", {})
    assert verify(folder).broken == ""


def test_on_a_full_disk_nothing_counts_as_written_and_it_goes_on_later(folder):
    audit = trail(folder, 3, size_max_mb=1.0)
    [path] = audit_files(folder)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            audit.append("act", {"n": 4})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert audit.append("act", {"n": 4}) == 4
    assert (verify(folder).lines, verify(folder).broken) == (4, "")


def test_a_folder_that_cannot_be_used_is_an_error_of_the_disk(tmp_path):
    (tmp_path / "audit").write_text("in the way")
    with pytest.raises(FileExistsError):
        Audit(tmp_path / "audit", size_max_mb=1.0).append("act", {})


def test_a_writer_that_keeps_the_lock_is_not_waited_for_for_ever(folder, monkeypatch):
    audit = trail(folder, 1)
    monkeypatch.setattr("hrc_cell.adapters.record.audit.LOCK_S", 0.0)
    with (folder / "audit.lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OSError, match=r"keeps .* locked"):
            audit.append("act", {})
    assert audit.append("act", {}) == 2


def test_an_empty_trail_is_whole_and_a_copy_needs_no_lock(folder, tmp_path):
    folder.mkdir()
    assert verify(folder).lines == 0
    trail(folder, 3)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "audit.lock").unlink()
    assert (verify(copy).lines, verify(copy).broken) == (3, "")
