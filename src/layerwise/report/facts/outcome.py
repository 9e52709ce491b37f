"""The result on rows that the model has never seen, beside a simple guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...model import Model
from ...tabular.measures import measure_classes, measure_numbers, wilson
from ..charts.words import MINUS, number, percent

LABELS = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
}


@dataclass(frozen=True)
class Outcome:
    """The result.

    Attributes
    ----------
    measure : accuracy or r2.
    value : of the model.
    interval : 95%, where it can be told.
    rows : that it was measured on.
    guess : what the simple guess is, in words.
    guess_value : the same measure of it; None where it is not known.
    error, guess_error : what is lower for the better of both: the share of wrong rows, or the root
        mean squared error.
    others : more measures: (name, of the model, of the guess).
    where : on which rows, in words.
    """

    measure: str
    value: float
    interval: tuple[float, float] | None
    rows: int
    guess: str
    guess_value: float | None
    error: float | None
    guess_error: float | None
    others: tuple[tuple[str, float, float | None], ...] = ()
    where: str = "held-out rows, never used in training"

    @property
    def comparison(self) -> str:
        """How many times fewer, or smaller, the errors are."""
        if self.error is None or not self.guess_error:
            return ""
        what = "fewer errors" if self.measure == "accuracy" else "smaller error (RMSE)"
        if self.error == 0:
            return f"No errors at all, where {self.guess} is wrong on {percent(self.guess_error)}."
        ratio = self.guess_error / self.error
        if ratio < 1.005:
            return f"No better than {self.guess}."
        shown = (
            f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}" if ratio >= 1.1 else f"{ratio:.2f}"
        )
        return f"{shown} times {what} than {self.guess}."

    def shown(self, value: float | None) -> str:
        """A value of the main measure as text."""
        if self.measure == "accuracy" or value is None:
            return percent(value)
        # Without the sign of a zero that was rounded.
        return f"{round(value, 3) + 0.0:.3f}".replace("-", MINUS)


def outcome_of_classes(
    probabilities: np.ndarray, truth: np.ndarray, names: tuple[str, ...], learned: np.ndarray | None
) -> Outcome:
    """The result of a classification.

    Parameters
    ----------
    probabilities : float (n, classes).
    truth : int (n,).
    learned : classes of the training rows, for the most frequent one; None takes the held-out
        rows' own, which flatters the guess, never the model.
    """
    known = truth if learned is None else learned
    shares = np.bincount(known[known >= 0], minlength=probabilities.shape[1]).astype(np.float64)
    shares /= max(shares.sum(), 1.0)
    measured = measure_classes(truth, probabilities, np.maximum(shares, 1e-12))
    accuracy = measured.values["accuracy"]
    guessed = measured.constant["accuracy"]
    return Outcome(
        measure="accuracy",
        value=accuracy,
        interval=measured.interval,
        rows=measured.rows,
        guess=f"always guessing the most frequent class, “{names[int(shares.argmax())]}”",
        guess_value=guessed,
        error=1 - accuracy,
        guess_error=1 - guessed,
        others=((LABELS["log_loss"], measured.values["log_loss"], measured.constant["log_loss"]),),
    )


def outcome_of_numbers(
    predictions: np.ndarray, truth: np.ndarray, learned: np.ndarray | None
) -> Outcome:
    """The result of a regression: float (n,) each; `learned` are answers of the training rows."""
    mean = float((truth if learned is None else learned).mean())
    measured = measure_numbers(truth, predictions, mean)
    return Outcome(
        measure="r2",
        value=measured.values["r2"],
        interval=measured.interval,
        rows=measured.rows,
        guess=f"always answering the mean, {number(mean)}",
        guess_value=measured.constant["r2"],
        error=measured.values["rmse"],
        guess_error=measured.constant["rmse"],
        others=tuple(
            (LABELS[name], measured.values[name], measured.constant[name])
            for name in ("rmse", "mae")
        ),
    )


def remembered_outcome(model: Model) -> Outcome | None:
    """What a saved model says of its own test; None where it says nothing."""
    summary = model.summary
    test = summary.get("test") or {}
    if "accuracy" in test and test.get("rows"):
        value, rows = float(test["accuracy"]), int(test["rows"])
        return Outcome(
            "accuracy", value, wilson(value, rows), rows, "", None, 1 - value, None,
            where="held-out rows, measured at the end of the training",
        )  # fmt: skip
    tested = summary.get("tested") or {}
    main = "accuracy" if "test_accuracy" in tested else "r2"
    reached = tested.get(f"test_{main}")
    if reached is None or not tested.get("test_rows"):
        return None
    value = float(reached)
    classes = main == "accuracy"
    guess = tested.get(f"constant_{main}")
    low, high = tested.get(f"test_{main}_interval") or (None, None)
    others = tuple(
        (label, tested[f"test_{name}"], tested.get(f"constant_{name}"))
        for name, label in LABELS.items()
        if name != main and tested.get(f"test_{name}") is not None
    )
    rows = int(tested["test_rows"])
    if low is None and classes and not tested.get("folds"):
        low, high = wilson(value, rows)
    folds = tested.get("folds")
    return Outcome(
        measure=main,
        value=value,
        interval=None if low is None or high is None else (float(low), float(high)),
        rows=rows,
        guess="always guessing the most frequent class" if classes else "always answering the mean",
        guess_value=guess,
        error=1 - value if classes else tested.get("test_rmse"),
        guess_error=(None if guess is None else 1 - guess)
        if classes
        else tested.get("constant_rmse"),
        others=others,
        where=(
            f"rows in {folds} folds of a cross-validation, each predicted by a model that had not "
            "seen it"
            if folds
            else "held-out rows, measured at the end of the training"
        ),
    )
