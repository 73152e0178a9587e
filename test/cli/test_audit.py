"""`hrc-cell audit`: whole or not, and where not."""

import json

from hrc_cell.adapters.record.audit import Audit, audit_files
from hrc_cell.cli import main


def run(capsys, *words):
    code = main.main(list(map(str, words)))
    return code, *capsys.readouterr()


def test_a_whole_trail_is_told_with_its_hash_and_a_broken_one_with_file_and_line(tmp_path, capsys):
    audit = Audit(tmp_path / "audit", size_max_mb=1.0)
    for number in range(4):
        audit.append("signed_in", {"alias": "an", "n": number, "empty": ""})
    code, out, _ = run(capsys, "audit", "verify", "--state", tmp_path, "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["lines"]) == (0, True, 4)
    code, out, _ = run(capsys, "audit", "verify", "--state", tmp_path)
    assert code == 0
    assert told["sha256"] in out
    code, out, _ = run(capsys, "audit", "show", "--state", tmp_path, "--last", 2)
    assert out.splitlines()[0].startswith("3 2")
    assert out.splitlines()[-1].endswith("Z signed_in: alias=an n=3")
    [path] = audit_files(tmp_path / "audit")
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":7'))
    code, out, _ = run(capsys, "audit", "verify", "--folder", tmp_path / "audit")
    assert code == 1
    assert "broken: audit-000001.jsonl: line 2 is not as it was written" in out
    code, out, _ = run(capsys, "audit", "show", "--folder", tmp_path / "audit")
    assert "(a line is not as it was written" in out


def test_a_torn_line_is_a_note(tmp_path, capsys):
    audit = Audit(tmp_path / "audit", size_max_mb=1.0)
    audit.append("act", {})
    with audit_files(tmp_path / "audit")[0].open("ab") as file:
        file.write(b'{"seq":2,"pr')
    code, out, _ = run(capsys, "audit", "verify", "--state", tmp_path)
    assert code == 0
    assert "note: audit-000001.jsonl: line 2 was torn by a crash" in out


def test_where_there_is_none_it_is_told(tmp_path, capsys):
    code, _, err = run(capsys, "audit", "verify", "--state", tmp_path)
    assert code == 2
    assert str(tmp_path / "audit") in err
    assert run(capsys, "audit", "show", "--cell", "nowhere")[0] == 2
