"""`hrc-cell recipe`: all that is wrong at once, and drawings."""

import json
import shutil
from pathlib import Path

import pytest

from hrc_cell.cli import main
from hrc_cell.settings.share import share_folder

DEFAULT = share_folder() / "config" / "default"
BROKEN = """
title_key: t
steps:
  - {id: a, actor: robot, act: move, automation: auto, text_key: t, poses: [moon], next: b}
  - {id: a, actor: robot, act: fly, automation: auto, text_key: t}
"""


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(DEFAULT, tmp_path / "cell")


def run(*words, capsys):
    code = main.main(["recipe", *map(str, words)])
    return code, *capsys.readouterr()


def test_a_good_cell_has_nothing_wrong(capsys):
    names = ("exercise", "hand_over", "inspect", "take_back")
    said = "".join(f"{name}: nothing wrong\n" for name in names)
    assert run("check", capsys=capsys)[:2] == (0, said)


def test_everything_wrong_is_told_and_what_is_good_beside_it(folder, capsys):
    bad, good = folder / "recipes" / "bad.yaml", folder / "recipes" / "inspect.yaml"
    bad.write_text(BROKEN, encoding="utf-8")
    for words in ([bad, good], ["--cell", folder]):
        code, out, _ = run("check", *words, capsys=capsys)
        assert code == 2
        assert f"{bad}: steps[1].act = 'fly': is not one of the choices" in out
        assert f"{bad}: steps[0].next = 'b': no step has this id" in out
        assert f"{bad}: steps[0].poses = 'moon': no such pose" in out
        assert "inspect: nothing wrong" in out
    code, out, _ = run("check", bad, "--json", capsys=capsys)
    told = json.loads(out)
    assert (code, told["ok"]) == (2, False)
    assert len(told["problems"]) == 4, "and the id that stands twice"
    assert {p["file"] for p in told["problems"]} == {str(bad)}


def test_a_file_is_checked_against_the_cell_it_lies_in_or_the_one_that_is_named(folder, capsys):
    alone = folder.parent / "recipes" / "alone.yaml"
    alone.parent.mkdir()
    shutil.copy(folder / "recipes" / "exercise.yaml", alone)
    assert run("check", alone, capsys=capsys)[0] == 0
    text = (folder / "cell.yaml").read_text(encoding="utf-8").replace("show_left", "show_here")
    (folder / "cell.yaml").write_text(text, encoding="utf-8")
    assert run("check", alone, capsys=capsys)[0] == 0
    code, out, _ = run("check", alone, "--cell", folder, capsys=capsys)
    assert code == 2
    assert "steps[0].poses = 'show_left'" in out
    assert run("check", folder / "recipes" / "exercise.yaml", capsys=capsys)[0] == 2
    (folder / "cell.yaml").write_text("name: 3", encoding="utf-8")
    code, out, _ = run("check", "--cell", folder, capsys=capsys)
    assert code == 0
    assert "poses were not looked up; see hrc-cell config check" in out


def test_a_step_that_a_zone_set_names_must_stay(folder, capsys):
    zones = folder / "zones.yaml"
    text = zones.read_text(encoding="utf-8")
    names = [line.split("name: ")[1].split(",")[0].strip("} ") for line in text.splitlines()
             if "name: " in line]  # fmt: skip
    sets = f"sets:\n  - {{name: one, zones: {names}, steps: [gone]}}\n"
    sets += f"  - {{name: other, zones: {names}}}\n".replace("'", "")
    zones.write_text(text + sets.replace("'", ""), encoding="utf-8")
    code, out, _ = run("check", "--cell", folder, capsys=capsys)
    assert code == 2
    assert "sets[0].steps = 'gone': no recipe has a step of this id" in out


@pytest.mark.parametrize("words", [["check", "--cell", "no_such"], ["draw", "x", "--cell", "no"]])
def test_a_cell_that_there_is_not_is_named(words, capsys):
    code, _, err = run(*words, capsys=capsys)
    assert code == 2
    assert "no" in err


def test_a_drawing_is_written_in_the_language_that_is_asked_for(tmp_path, capsys):
    code, out, _ = run("draw", "inspect", capsys=capsys)
    assert (code, out.splitlines()[0]) == (0, "flowchart TD")
    svg, mmd = tmp_path / "x.svg", tmp_path / "x.mmd"
    words = ["draw", "inspect", "--svg", svg, "--mermaid", mmd, "--language", "vi"]
    assert run(*words, capsys=capsys)[:2] == (0, "")
    assert "Trao và kiểm tra" in svg.read_text(encoding="utf-8")
    assert "Loại bỏ" in mmd.read_text(encoding="utf-8")


def test_what_cannot_be_drawn_says_why(folder, capsys):
    bad = folder / "recipes" / "bad.yaml"
    bad.write_text(BROKEN, encoding="utf-8")
    code, out, err = run("draw", bad, capsys=capsys)
    assert (code, out) == (2, "")
    assert "steps[1].act = 'fly'" in err
    code, _, err = run("draw", "no_such", capsys=capsys)
    assert code == 2
    assert "no_such.yaml: (file): does not exist" in err


def test_the_drawing_in_the_docs_is_the_one_that_is_drawn_now(tmp_path, capsys):
    docs = Path(__file__).parents[2] / "docs"
    made = tmp_path / "inspect.svg"
    assert run("draw", "inspect", "--svg", made, capsys=capsys)[0] == 0
    assert (docs / "inspect.svg").read_text("utf-8") == made.read_text("utf-8")
    assert "![" in (docs / "recipes.md").read_text("utf-8")
