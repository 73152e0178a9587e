"""Pages that are made from the code are as the code makes them."""

import shutil
from pathlib import Path

import pytest

from hrc_cell.cli.config import settings_page
from hrc_cell.core import andon, handoff, handover, kaizen, safety
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.zones import KINDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_settings_is_the_one_that_the_schema_makes():
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()


@pytest.mark.parametrize(
    "drawn",
    [
        handoff.mermaid(), handoff.mermaid(receiving=True), safety.mermaid(), andon.mermaid(),
        handover.mermaid(), kaizen.mermaid(),
    ],
    ids=["handoff", "receive", "safety", "andon", "handover", "kaizen"],
)  # fmt: skip
def test_the_diagrams_are_those_that_the_tables_make(drawn):
    page = (DOCS / "states.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{drawn}\n```\n" in page


def test_the_example_of_the_zones_is_a_cell_with_nothing_wrong(tmp_path):
    page = (DOCS / "zones.md").read_text(encoding="utf-8")
    folder = shutil.copytree(DOCS.parent / "config" / "default", tmp_path / "cell")
    example = page.partition("```yaml\n")[2].partition("```\n")[0]
    (folder / "zones.yaml").write_text(example, encoding="utf-8")
    zones = load_cell(folder).zones
    assert {zone.kind for zone in zones.zones} == set(KINDS)
    assert all(f"| `{kind}` |" in page for kind in KINDS)
    assert zones.sets and zones.muting


def test_the_example_of_the_recipes_is_the_one_of_the_default_cell():
    page = (DOCS / "recipes.md").read_text(encoding="utf-8")
    file = DOCS.parent / "config" / "default" / "recipes" / "inspect.yaml"
    assert f"```yaml\n{file.read_text(encoding='utf-8')}```\n" in page


def test_the_tray_in_the_docs_is_a_recipe_with_nothing_wrong(tmp_path):
    page = (DOCS / "recipes.md").read_text(encoding="utf-8")
    folder = shutil.copytree(DOCS.parent / "config" / "default", tmp_path / "cell")
    steps = page.partition("## Through a tray")[2].partition("```yaml\n")[2].partition("```\n")[0]
    text = f"title_key: Through the tray\nsteps:\n{steps}"
    (folder / "recipes" / "tray.yaml").write_text(text, encoding="utf-8")
    assert [step.id for step in load_cell(folder).recipes["tray"].steps] == [
        "set_down", "away", "taken", "given", "fetch",
    ]  # fmt: skip


def test_the_table_of_causes_is_the_one_that_the_code_makes():
    page = (DOCS / "states.md").read_text(encoding="utf-8")
    assert f"\n\n{safety.causes_table()}\n\n" in page
