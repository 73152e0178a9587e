"""The files of the recipes: all that is wrong is told at once, pictures and all."""

import shutil

import pytest
import yaml

from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.recipe_files import HEADS, PICTURE_MAX_BYTES, Known, read_recipe
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import share_folder

KNOWN = Known(poses=frozenset({"home"}), contact=False)
MOVE = {
    "id": "one", "actor": "robot", "act": "move", "automation": "auto", "text_key": "step.one",
    "poses": ["home"],
}  # fmt: skip
GOOD_HEADS = {**HEADS, ".webp": b"RIFF\x00\x00\x00\x00WEBP"}


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a recipe and reads it: what it is, and what is wrong."""

    def look(*steps, known=KNOWN, **more):
        path = tmp_path / "tried.yaml"
        data = {"title_key": "t", "steps": [{**MOVE, **step} for step in steps], **more}
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        problems = []
        made = read_recipe(path, known, problems)
        return made, [str(problem).removeprefix(f"{path}: ") for problem in problems]

    return look


def test_a_recipe_is_called_like_its_file(read):
    made, problems = read({}, {"id": "two"}, repeats=[{"first": "one", "last": "two", "count": 2}])
    assert problems == []
    assert (made.name, len(made.steps), made.repeats[0].count) == ("tried", 2, 2)


def test_all_that_is_wrong_is_told_at_once(read):
    made, problems = read(
        {"act": "fly"},
        {"id": "two", "poses": ["moon"], "next": "nowhere"},
        {"id": "three", "next": "one"},
        {"id": "three", "contact_region": "hand",
         "instructions": {"en": {"text": "t", "picture": "gone.png"}}},
        repeats=[{"first": "five", "last": "two", "count": 1}, {"first": "six", "last": "one",
                                                                "count": 2}],
    )  # fmt: skip
    assert made is None
    keys = [problem.split(" = ")[0] for problem in problems]
    assert keys == [
        "steps[0].act", "repeats[0].count", "steps[3].id", "steps[1].next", "repeats[1].first",
        "steps[1].poses", "steps[3].contact_region", "steps[3].instructions.en.picture",
    ]  # fmt: skip
    assert "no step has this id; there are one, two, three, three" in problems[3]


def test_names_are_told_once(read):
    _, problems = read({}, {})
    assert problems == ["steps[1].id = 'one': the step id one stands more than once; rename one"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: [", "(file): cannot be read"),
        ("3", "(top) = 3: must be a mapping"),
        ("{title_key: t, steps: 3}", "steps = 3: must be a list"),
        ("{title_key: t, steps: [3]}", "steps[0] = 3: must be a mapping"),
    ],
)
def test_what_is_no_recipe_is_refused(tmp_path, text, said):
    path = tmp_path / "tried.yaml"
    path.write_text(text, encoding="utf-8")
    problems = []
    assert read_recipe(path, None, problems) is None
    assert said in str(problems[0])


def test_a_recipe_by_itself_may_name_any_pose(read):
    assert read({"poses": ["moon"], "contact_region": "hand"}, known=None)[1] == []


@pytest.mark.parametrize("ending", sorted(GOOD_HEADS))
def test_a_picture_is_what_its_name_says(read, tmp_path, ending):
    shown = {"instructions": {"en": {"text": "t", "picture": f"look{ending}"}}}
    file = tmp_path / f"look{ending}"
    (said,) = read(shown)[1]
    assert said.endswith(f"cannot be read (No such file or directory); put it into {tmp_path}")
    file.write_bytes(GOOD_HEADS[ending] + b"rest")
    assert read(shown)[1] == []
    other = {".png": ".jpg"}.get(ending, ".png")
    for wrong in (GOOD_HEADS[other] + b"rest", b"", b"<svg/>", b"RIFF\0\0\0\0WAVE"):
        file.write_bytes(wrong)
        (said,) = read(shown)[1]
        assert said.startswith(f"steps[0].instructions.en.picture = 'look{ending}'")
        assert f"is no {ending[1:]} inside" in said


def test_a_picture_is_small(read, tmp_path):
    shown = {"instructions": {"vi": {"text": "t", "picture": "look.png"}}}
    head = GOOD_HEADS[".png"]
    (tmp_path / "look.png").write_bytes(head + bytes(PICTURE_MAX_BYTES - len(head)))
    assert read(shown)[1] == []
    (tmp_path / "look.png").write_bytes(head + bytes(PICTURE_MAX_BYTES - len(head) + 1))
    (said,) = read(shown)[1]
    assert f"has {PICTURE_MAX_BYTES + 1} bytes, at most {PICTURE_MAX_BYTES}" in said


def test_texts_and_pictures_change_no_hash_but_ways_and_conditions_do(tmp_path):
    folder = shutil.copytree(share_folder() / "config" / "default", tmp_path / "cell")
    path = folder / "recipes" / "exercise.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    check = {
        "id": "check", "actor": "person", "act": "work", "automation": "auto", "text_key": "t",
        "answers": [{"name": "good"}, {"name": "bad", "to": "end"}],
    }  # fmt: skip
    data["steps"].append(check)

    def sha256():
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return load_cell(folder).safety_sha256

    first = sha256()
    check["instructions"] = {"en": {"text": "Look."}}
    check["answers"][0]["texts"] = {"en": "Good", "vi": "Tốt"}
    assert sha256() == first
    seen = [first]
    check["answers"][1]["to"] = "sway"
    seen.append(sha256())
    check["requires"] = [{"place": "tray_1", "occupied": True}]
    seen.append(sha256())
    data["repeats"] = [{"first": "sway", "last": "reach", "count": 2}]
    seen.append(sha256())
    data["repeats"][0]["count"] = 3
    seen.append(sha256())
    assert len(set(seen)) == len(seen)
    path.write_text("steps: [", encoding="utf-8")
    with pytest.raises(CellError, match="cannot be read"):
        load_cell(folder)
