"""`hrc-cell people`, as a person at the terminal uses it."""

import io

import pytest
from terminal import Terminal

from hrc_cell.adapters.panel.people import People
from hrc_cell.adapters.record.audit import audit_files
from hrc_cell.adapters.record.audit_verify import verify
from hrc_cell.adapters.record.chain import decode
from hrc_cell.cli import main
from hrc_cell.core.access import Role

PIN, OTHER = "274918", "503162"


def run(capsys, *words):
    code = main.main(list(map(str, words)))
    return code, *capsys.readouterr()


def audited(folder):
    lines = [line for path in audit_files(folder) for line in path.read_bytes().splitlines()]
    return [(entry.kind, entry.data.get("alias")) for entry in map(decode, lines)]


def add(state, alias, role, first=PIN, second=PIN):
    with Terminal("people", "add", alias, "--role", role, "--state", state) as terminal:
        terminal.wait("PIN of .*: ")
        terminal.type(first)
        if second:
            terminal.wait("once more: ")
            terminal.type(second)
        code = terminal.end()
    return code, terminal.shown


def test_people_are_added_changed_and_removed_and_all_of_it_is_in_the_audit_trail(tmp_path, capsys):
    code, shown = add(tmp_path, "an", "supervisor")
    assert code == 0
    assert PIN not in shown, "a PIN is not shown"
    assert People(tmp_path).right_pin("an", PIN).role is Role.SUPERVISOR
    assert add(tmp_path, "bo", "operator")[0] == 0
    with Terminal("people", "set-pin", "bo", "--state", tmp_path) as terminal:
        for question in ("PIN of bo", "once more"):
            terminal.wait(f"{question}.*: ")
            terminal.type(OTHER)
        assert terminal.end() == 0
    assert People(tmp_path).right_pin("bo", OTHER)
    assert run(capsys, "people", "set-role", "bo", "engineer", "--state", tmp_path)[0] == 0
    code, out, _ = run(capsys, "people", "list", "--state", tmp_path)
    assert out.split() == ["an", "supervisor", "en", "bo", "engineer", "en"]
    code, _, err = run(capsys, "people", "remove", "an", "--state", tmp_path)
    assert code == 1
    assert "last supervisor" in err
    assert run(capsys, "people", "remove", "bo", "--state", tmp_path)[0] == 0
    told = audited(tmp_path / "audit")
    for kind in ("person_added", "pin_set", "role_set", "person_removed"):
        assert (kind, "bo") in told
    assert ("person_removed_refused", "an") in told
    assert verify(tmp_path / "audit").broken == ""


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [("111111", "", "same digit"), ("12345", "", "6 digits"), (PIN, OTHER, "not the same")],
)
def test_a_pin_that_is_weak_or_not_typed_twice_adds_nobody(tmp_path, first, second, said):
    code, shown = add(tmp_path, "an", "supervisor", first, second)
    assert code == 1
    assert said in shown
    assert People(tmp_path).all() == {}


def test_without_a_terminal_no_pin_is_taken(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    words = ("people", "add", "an", "--role", "operator", "--state", tmp_path)
    code, _, err = run(capsys, *words)
    assert code == 1
    assert "terminal" in err


def test_where_the_audit_trail_cannot_be_written_nobody_is_changed(tmp_path, capsys):
    (tmp_path / "audit").write_text("in the way")
    code, _, err = run(capsys, "people", "set-role", "an", "engineer", "--state", tmp_path)
    assert code == 2
    assert "audit" in err


def test_nobody_yet_is_told_with_how_to_begin(tmp_path, capsys):
    code, out, _ = run(capsys, "people", "list", "--state", tmp_path)
    assert code == 0
    assert "begin with a supervisor: hrc-cell people add" in out
