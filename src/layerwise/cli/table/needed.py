"""What `layerwise predict` reads for a model of a table, and what in it is new to the model."""

from __future__ import annotations

from ...data.tables import Table, read_table
from ...errors import DataError
from ...model.raw_columns import RawColumns, Unfamiliar

SAID = {
    "unseen": "categories that training did not know",
    "later": "dates later than any of training",
    "missing": "values missing where none were in training",
}


def read_needed(columns: RawColumns, file: str) -> Table:
    """The columns of a file that the model needs, each held as in training.

    Raises
    ------
    DataError : the file is wrong, or a column is missing or of another kind.
    """
    inputs = columns.encoder.input_columns
    words = [each.name for each in inputs if each.storage == "words"]
    names = [each.name for each in inputs]
    try:
        # Only these: what is wrong with another column is of no matter.
        table = read_table(file, columns=names, words=words)
    except DataError:
        if file != "-":
            # With all columns there, the message can say which may be meant.
            columns.table(read_table(file, words=words))
        raise
    return columns.table(table)


def unfamiliar_note(found: list[Unfamiliar]) -> str:
    """What training did not know, in one line; "" if nothing."""
    parts = []
    for kind, what in SAID.items():
        own = [each for each in found if each.kind == kind]
        if own:
            shown = [_column(each) for each in own[:4]]
            more = f" and {len(own) - 4} more columns" if len(own) > 4 else ""
            parts.append(f"{what}: {', '.join(shown)}{more}")
    return "; ".join(parts)


def _column(each: Unfamiliar) -> str:
    rows = "1 row" if each.rows == 1 else f"{each.rows:,} rows"
    example = f", such as '{each.example}'" if each.kind == "unseen" else ""
    return f"'{each.column}' in {rows}{example}"
