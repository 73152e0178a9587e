"""Pages that are made from the code are as the code makes them."""

from pathlib import Path

from hrc_cell.cli.config import settings_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_settings_is_the_one_that_the_schema_makes():
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()
