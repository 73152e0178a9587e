"""Pages that are made from the code are as the code makes them."""

from pathlib import Path

import pytest

from hrc_cell.cli.config import settings_page
from hrc_cell.core import handoff, safety

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_settings_is_the_one_that_the_schema_makes():
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()


@pytest.mark.parametrize("table", [handoff, safety], ids=lambda module: module.__name__)
def test_the_diagrams_are_those_that_the_tables_make(table):
    page = (DOCS / "states.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{table.mermaid()}\n```\n" in page
