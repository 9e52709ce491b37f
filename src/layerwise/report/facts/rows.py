"""`Part`: rows with their known answers, as a report takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from ...graph import dtypes
from ...insight.truth import truth_of
from ...model import Model
from ...nn.losses import OUTPUTS
from ...training.run import Rows


@dataclass(frozen=True, eq=False)
class Part:
    """Rows and answers.

    Attributes
    ----------
    inputs : raw rows as the model takes them; where `encoded`, a tuple of what the network takes.
    truth : int64 (n,) class numbers, -1 for a class that the model does not know; or float64
        (n, outputs).
    encoded : whether preprocessing has been done already, as of the rows that training kept.
    numbers : where the rows stand in their file or array, (n,); their order when None.
    """

    inputs: Any
    truth: np.ndarray
    encoded: bool = False
    numbers: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def number(self, place: int) -> int:
        """Of a row, where it came from."""
        return place if self.numbers is None else int(self.numbers[place])


def part_of(model: Model, given: Any, name: str) -> Part:
    """Rows as they are handed over.

    Parameters
    ----------
    given : a `Part`, the `Rows` of a run, or (X, y).
    name : of the part, for messages.

    Raises
    ------
    DataError, OptionError : no rows, or answers that do not fit the model.
    """
    if isinstance(given, Part):
        return given
    if isinstance(given, Rows):
        found = given.target
        outputs = 2 if model.target == "classes" else int(np.prod(found.shape[1:]) or 1)
        if model.target == "classes" and found.ndim == 1:
            return Part(given.inputs, found.astype(np.int64), encoded=True)
        return Part(given.inputs, _truth(model, found, outputs), encoded=True)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise OptionError(f"{name}: expected rows and their answers, (X, y), got {given!r:.80}")
    inputs, y = given
    if model.columns is not None and isinstance(inputs, Mapping):
        from ...data.tables import table_of

        # The length of a mapping is its columns', not its rows'.
        inputs = table_of(inputs)
    count = len(inputs[0]) if isinstance(inputs, tuple) else len(inputs)
    if not count:
        raise DataError(f"{name}: expected at least one row, got none")
    truth = _truth(model, y, outputs_of(model, y))
    if len(truth) != count:
        raise DataError(
            f"{name}: expected an answer for each of {count:,} rows, got {len(truth):,}"
        )
    return Part(inputs, truth)


def _truth(model: Model, y: Any, outputs: int) -> np.ndarray:
    values = np.asarray(y)
    if model.target == "classes" and values.ndim == 2 and values.shape[1] > 1:
        # Shares of classes, as training takes them too: the greatest is the class.
        return values.argmax(1).astype(np.int64)
    return truth_of(model, values, outputs)


def outputs_of(model: Model, y: Any) -> int:
    """Numbers that the network gives for a row."""
    if model.target == "classes":
        return len(model.classes) if model.classes else int(np.max(np.asarray(y), initial=1)) + 1
    shape = np.asarray(y).shape
    return int(np.prod(shape[1:])) or 1


def predicted(model: Model, part: Part) -> np.ndarray:
    """Predictions for the rows: float64 (n, classes) of probabilities, or (n, outputs)."""
    if not part.encoded:
        given = part.inputs if isinstance(part.inputs, tuple) else (part.inputs,)
        if model.target != "numbers":
            found = model.predict_probabilities(*given)
        else:
            found = model.predict(*given)
        return np.asarray(found, np.float64).reshape(len(part), -1)
    # What training kept has been through the preprocessing; a rescaled output is of the whole.
    net = model.net if model.preprocess is not None else model.whole
    raw = net(*(dtypes.as_array(x) for x in part.inputs))
    found = np.asarray(OUTPUTS[model.output](raw), np.float64).reshape(len(part), -1)
    if model.target == "binary" and found.shape[1] == 1:
        return np.concatenate([1 - found, found], axis=1)
    return found
