"""What the number of rows suggests."""

import pytest

from layerwise.tabular import Recipe


@pytest.mark.parametrize(
    ("rows", "folds", "width", "epochs", "patience"),
    [
        (1_999, 10, 64, 100, 20),
        (2_000, 8, 128, 100, 12),
        (20_000, 3, 128, 30, 12),
        (500_000, 1, 128, 7, 6),
        (20_000_000, 1, 128, 7, 6),
    ],
)
def test_more_rows_need_fewer_members_and_epochs(rows, folds, width, epochs, patience) -> None:
    settled = Recipe().for_rows(rows)
    assert (settled.folds, settled.width) == (folds, width)
    assert (settled.epochs, settled.patience) == (epochs, patience)
