"""The table in docs/models.md is what the code does."""

from pathlib import Path

from app.checkpoints.table import table

DOCS = Path(__file__).parents[2] / "docs" / "models.md"
START, END = "<!-- table: patchloom models layouts -->\n", "<!-- end of table -->"


def test_the_table_is_current() -> None:
    written = DOCS.read_text(encoding="utf-8").split(START)[1].split(END)[0]
    assert written == "\n".join(table()) + "\n", (
        "run `patchloom models layouts` and put its output into docs/models.md"
    )
