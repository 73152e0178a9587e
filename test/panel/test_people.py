"""The file of people: nobody's PIN can be read from it, and a supervisor always stays."""

import json
import subprocess
import sys

import pytest

from hrc_cell.adapters.panel import people as module
from hrc_cell.adapters.panel.people import People, PeopleError
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.core.access import Role

PIN, OTHER = "274918", "503162"


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Hashes that cost little: their strength is not what is tried here."""
    monkeypatch.setattr(module, "SCRYPT_N", 2)
    monkeypatch.setattr(module, "SCRYPT_P", 1)


@pytest.fixture
def people(tmp_path):
    return People(tmp_path)


@pytest.fixture
def two(people):
    people.add("an", Role.SUPERVISOR, "en", PIN)
    people.add("bo", Role.OPERATOR, "vi", PIN)
    return people


def test_who_was_added_is_known_by_alias_and_pin_also_to_another_process(two, tmp_path):
    assert People(tmp_path).right_pin("bo", PIN).role is Role.OPERATOR
    assert People(tmp_path).right_pin("bo", OTHER) is None
    assert People(tmp_path).right_pin("nobody", PIN) is None
    assert (two.all()["bo"].language, two.all()["an"].role) == ("vi", Role.SUPERVISOR)


def test_the_file_is_for_its_owner_alone_and_holds_no_pin(two):
    assert two.path.stat().st_mode & 0o777 == 0o600
    assert two.path.parent.stat().st_mode & 0o777 == 0o700
    text = two.path.read_text()
    assert PIN not in text
    first, second = (one["pin"] for one in json.loads(text)["people"])
    assert first["salt"] != second["salt"] and first["hash"] != second["hash"]
    assert (first["kdf"], first["r"]) == ("scrypt", 8), "with the parameters beside it"


def test_a_file_that_others_may_read_is_refused_with_what_to_do(two, tmp_path):
    two.path.chmod(0o640)
    with pytest.raises(SecretFileError, match="chmod 600"):
        People(tmp_path).all()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"people": [{}]}', '{"people": [{"alias": "x", "pin": {"kdf": "md5"}}]}']
)
def test_a_damaged_file_lets_nobody_in_and_says_so(two, tmp_path, text):
    two.path.write_text(text)
    with pytest.raises(SecretFileError, match=r"people\.json"):
        People(tmp_path).right_pin("an", PIN)


def test_parameters_of_another_time_still_fit(two, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SCRYPT_N", 8)
    two.set_pin("bo", OTHER)
    again = People(tmp_path)
    assert again.right_pin("bo", OTHER) and again.right_pin("an", PIN)


def test_the_last_supervisor_can_neither_be_removed_nor_given_another_role(two):
    for change in (lambda: two.remove("an"), lambda: two.set_role("an", Role.ENGINEER)):
        with pytest.raises(PeopleError, match="last supervisor"):
            change()
    assert two.all()["an"].role is Role.SUPERVISOR
    assert two.set_role("bo", Role.SUPERVISOR) is Role.OPERATOR
    two.remove("an")
    assert [*two.all()] == ["bo"]


@pytest.mark.parametrize("alias", ["", " an", "a/b", "x" * 40, "Training", "viewer", "a\nb", "<b>"])
def test_an_alias_is_a_short_word(people, alias):
    with pytest.raises(PeopleError, match="alias"):
        people.add(alias, Role.OPERATOR, "en", PIN)


@pytest.mark.parametrize("alias", ["Đặng", "an 2", "o'neil", "7"])
def test_an_alias_may_be_of_any_script(people, alias):
    people.add(alias, Role.OPERATOR, "en", PIN)
    assert people.right_pin(alias, PIN)


def test_nobody_twice_no_viewer_no_weak_pin_nobody_unknown(two):
    for change, said in (
        (lambda: two.add("AN", Role.OPERATOR, "en", PIN), "already"),
        (lambda: two.add("cy", Role.VIEWER, "en", PIN), "viewer"),
        (lambda: two.set_role("bo", Role.VIEWER), "viewer"),
        (lambda: two.add("cy", Role.OPERATOR, "en", "111111"), "same digit"),
        (lambda: two.set_pin("bo", "12345"), "6 digits"),
        (lambda: two.remove("cy"), "there is: an, bo"),
        (lambda: two.set_language("bo", "xx"), "does not speak 'xx'"),
        (lambda: two.set_language("cy", "en"), "there is: an, bo"),
    ):
        with pytest.raises(PeopleError, match=said):
            change()


def test_a_crash_leaves_the_old_file_or_the_new_one(two, tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom hrc_cell.adapters.panel import people\n"
        "people.SCRYPT_N = 2\nbefore = Path.replace\n"
        "Path.replace = lambda *args: os._exit(9)\n"
        f"people.People(Path(sys.argv[1])).set_pin('bo', '{OTHER}')\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == 9
    assert People(tmp_path).right_pin("bo", PIN)
    two.set_pin("bo", OTHER)
    assert People(tmp_path).right_pin("bo", OTHER)


def test_two_who_change_at_once_lose_nothing(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom hrc_cell.adapters.panel import people\n"
        "from hrc_cell.core.access import Role\npeople.SCRYPT_N = 2\n"
        "for k in range(8):\n"
        f"    people.People(Path(sys.argv[1])).add(f'{{sys.argv[2]}}{{k}}', Role.OPERATOR, 'en', "
        f"'{PIN}')\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(People(tmp_path).all()) == 16


def test_without_a_file_there_is_nobody(people):
    assert people.all() == {}
    assert people.right_pin("an", PIN) is None


def test_as_it_is_shipped_a_try_costs_memory_and_time():
    """In a process of its own: here hashes are cheap."""
    words = (
        "from hrc_cell.adapters.panel.people import hash_pin\n"
        f"kept = hash_pin({PIN!r})\n"
        f"print(kept.n * kept.r * 128, kept.p, kept.fits({PIN!r}), kept.fits({OTHER!r}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    ).stdout.split()
    assert said == [str(16 << 20), "5", "True", "False"]
