"""The rows of a training, found again for a page about its model."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError
from ..model import Model


def data_of(model: Model, model_path: Path, given: Path | None) -> Path:
    """Where the rows that a model of texts or of pictures was trained on are now.

    Parameters
    ----------
    given : where people say that they are; where they were then, or beside the model, when None.

    Raises
    ------
    DataError : there is nothing, or the model does not say how they were divided.
    """
    if not model.summary.get("division"):
        raise DataError("the model does not say how its rows were divided")
    if given is not None:
        return given
    source = (model.summary.get("data") or {}).get("source")
    if not source:
        raise DataError("the model does not say where its rows were; name them with --data")
    named = Path(str(source))
    for path in (named, model_path.parent / named.name):
        if path.exists():
            return path
    raise DataError(f"there is nothing at {named} any more; name it with --data")


def check_same(model: Model, data: Path, rows: int, accuracy: float | None) -> None:
    """Raise `DataError` unless test rows that were found again are those of the training.

    Other rows, or another division, would show as another accuracy.

    Parameters
    ----------
    rows : for the test.
    accuracy : of the model on them; None without any.
    """
    tested = model.summary.get("test") or {}
    if rows and not tested:
        raise DataError("the model was saved before its test")
    if tested.get("rows", 0) != rows or (
        accuracy is not None and abs(tested["accuracy"] - accuracy) > 1e-9
    ):
        raise DataError(f"{data} has other rows than at the training")


__all__ = ["check_same", "data_of"]
