"""Every error that the library raises on purpose, in one place.

Each names what was expected, what came, and what to do. All but `ShapeError` and `DTypeError`,
which are raised where graphs are built, are defined here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .graph.dimension import ShapeError
from .graph.dtypes import DTypeError

if TYPE_CHECKING:
    from .training.run import Run


class DataError(ValueError):
    """Data that a network cannot be trained on: empty, not finite, of the wrong kind."""


class UnknownWord(DataError, KeyError):  # noqa: N818 - it says what happened
    """A word without a vector; a `KeyError` too, as vectors are looked up by words."""

    def __str__(self) -> str:
        # A KeyError shows its message in quotes.
        return str(self.args[0])


class OptionError(ValueError):
    """An option with a value that does not exist, or options that contradict each other."""


class ModelFileError(ValueError):
    """A file that is no model file, is damaged, or does not fit the network."""


class CheckpointError(ModelFileError):
    """A checkpoint that is damaged or belongs to another network, other data or other options."""


class TrainingDiverged(ArithmeticError):  # noqa: N818 - it says what happened
    """The loss, or a weight, became NaN or infinite; the network holds its last finite weights.

    Attributes
    ----------
    run : what training had done until then; `run.stopped` is 'loss became NaN'.
    layer : path of the first layer with a value that is not finite, or 'loss'.
    step : the step, counted from 0 over all epochs, in which that happened.
    epoch : its epoch, counted from 1.
    """

    def __init__(self, message: str, run: Run, layer: str, step: int, epoch: int) -> None:
        super().__init__(message)
        self.run, self.layer, self.step, self.epoch = run, layer, step, epoch


def unknown(what: str, value: object, known: Iterable[str]) -> OptionError:
    """Describe an unknown option value, with the nearest that exists."""
    names = sorted(known)
    near = difflib.get_close_matches(str(value), names, 1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return OptionError(f"unknown {what} '{value}'{hint}: expected one of {', '.join(names)}")


__all__ = [
    "CheckpointError", "DTypeError", "DataError", "ModelFileError", "OptionError", "ShapeError",
    "TrainingDiverged", "UnknownWord", "unknown",
]  # fmt: skip
