"""What a network shall predict, as arrays: classes as codes, numbers on one scale; and back."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import DataError
from ..tables.table import Column
from .distribution import Distribution
from .numbers import LARGEST, LARGEST_OUTPUT
from .reading import (
    damaged,
    read_choice,
    read_flag,
    read_list,
    read_number,
    read_object,
    short,
)
from .weights import counted

Label = str | int | float | bool


@dataclass(frozen=True, eq=False)
class ClassTarget:
    """Classes: labels of any kind to codes, in sorted order, and back.

    Attributes
    ----------
    classes : the labels, all of one kind (str, int, float or bool), each once, sorted. The code of
        a class is its place here.
    """

    classes: tuple[Label, ...]

    @classmethod
    def fit(
        cls, labels: ArrayLike | Column, *, sample_weight: ArrayLike | None = None
    ) -> ClassTarget:
        """Learn which classes there are.

        Parameters
        ----------
        labels : shape (n,), n > 0: text, whole numbers, numbers or bools; or a table's column.
        sample_weight : float, shape (n,); a class whose rows all have the weight 0 does not exist.

        Raises
        ------
        DataError : a label is missing or infinite, or they are not of one kind.
        """
        unique, places = _labels(labels)
        rows = counted(sample_weight, len(places))
        present = np.zeros(len(unique), np.bool_)
        present[rows.take(places)] = True
        return cls(tuple(u for u, there in zip(unique, present, strict=True) if there))

    def transform(self, labels: ArrayLike | Column) -> np.ndarray:
        """The code of each label: int32, shape (n,).

        Raises
        ------
        DataError : a label that training did not know (the message names the nearest), or none.
        """
        unique, places = _labels(labels)
        # Equal numbers have equal hashes, so 1, 1.0 and True are one class here as in NumPy.
        known = {label: code for code, label in enumerate(self.classes)}
        codes = np.array([known.get(label, -1) for label in unique], np.int32)[places]
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            raise self._unseen(unique[places[row]], row)
        return codes

    def inverse(self, codes: ArrayLike) -> np.ndarray:
        """The labels of codes of any shape.

        Raises
        ------
        DataError : a code that is no whole number from 0 to the number of classes.
        """
        codes = np.asarray(codes)
        fits = codes.dtype.kind in "iu" and not ((codes < 0) | (codes >= len(self.classes))).any()
        if not fits:
            raise DataError(
                f"expected codes from 0 to {len(self.classes) - 1}, whole numbers, got "
                f"{short(codes.reshape(-1)[:4].tolist())}; take the argmax of the probabilities"
            )
        return np.array(self.classes)[codes]

    def _unseen(self, label: Label, row: int) -> DataError:
        text = isinstance(self.classes[0], str)
        if text and isinstance(label, str):
            near: list[Any] = difflib.get_close_matches(label, map(str, self.classes), 1)
        elif not text and not isinstance(label, str):
            near = [min(self.classes, key=lambda c: abs(float(c) - float(label)))]
        else:
            near = []
        hint = f"; the nearest is {near[0]!r}" if near else ""
        shown = ", ".join(repr(c) for c in self.classes[:10]) + ", ..." * (len(self.classes) > 10)
        return DataError(
            f"row {row} (counted from 0): expected one of the classes of training ({shown}), got "
            f"{short(label)}{hint}; correct the label, or train with rows of this class"
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        kind = type(self.classes[0]).__name__
        return {"target": "classes", "type": kind, "classes": list(self.classes)}

    @classmethod
    def from_json(cls, about: Any) -> ClassTarget:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object for the classes", ("target", "type", "classes"))
        read_choice(about["target"], "target", ("classes",))
        kind = read_choice(about["type"], "type", tuple(_KINDS))
        classes = read_list(about["classes"], "classes")
        if not classes or any(type(c) is not _KINDS[kind] for c in classes):
            raise damaged(f"expected {kind} as classes, got {short(classes)}")
        if kind == "float":
            classes = [read_number(c, "class") for c in classes]
        if any(not a < b for a, b in itertools.pairwise(classes)):
            raise damaged("the classes are not in ascending order")
        if kind == "int":
            largest = 1 << 63 if classes[0] < 0 else 1 << 64
            if not -(1 << 63) <= classes[0] <= classes[-1] < largest:
                raise damaged("a class lies beyond 64 bits")
        return cls(tuple(classes))


@dataclass(frozen=True, eq=False)
class NumberTarget:
    """Numbers to predict, each output with mean 0 and deviation 1, and back.

    Attributes
    ----------
    mean, deviation : float64, shape (outputs,); 0 and 1 where nothing is to be scaled. An output
        that never changed in training has the deviation 1.
    single : whether the target was of shape (n,), so that predictions are too.
    """

    mean: np.ndarray
    deviation: np.ndarray
    single: bool

    @classmethod
    def fit(
        cls,
        values: ArrayLike | Column,
        *,
        sample_weight: ArrayLike | None = None,
        standardise: bool = True,
    ) -> NumberTarget:
        """Learn the scale.

        Parameters
        ----------
        values : numbers of shape (n,) or (n, outputs), n > 0; or a table's column.
        sample_weight : float, shape (n,).
        standardise : False leaves the numbers as they are.

        Raises
        ------
        DataError : a number is missing or infinite, or they are none.
        """
        found, single = _numbers(values)
        rows = counted(sample_weight, len(found))
        mean, deviation = np.zeros(found.shape[1]), np.ones(found.shape[1])
        for place in range(found.shape[1] if standardise else 0):
            clipped = np.clip(rows.take(found[:, place]), -LARGEST, LARGEST)
            distribution = Distribution.of(clipped, rows.weights)
            mean[place] = distribution.mean()
            deviation[place] = max(distribution.deviation(), 1 / LARGEST)
            if distribution.constant:
                deviation[place] = 1
        return cls(mean, deviation, single)

    @property
    def outputs(self) -> int:
        """How many numbers there are to predict for a row."""
        return len(self.mean)

    def transform(self, values: ArrayLike | Column) -> np.ndarray:
        """Numbers on the scale: float32, shape (n, outputs), all finite.

        Raises
        ------
        DataError : a number is missing or infinite, or there are more or fewer outputs.
        """
        found, _ = _numbers(values)
        if found.shape[1] != self.outputs:
            raise DataError(
                f"expected {self.outputs} numbers for each row, shape (n, {self.outputs}), got "
                f"{found.shape[1]}"
            )
        with np.errstate(over="ignore"):
            scaled = (np.clip(found, -LARGEST, LARGEST) - self.mean) / self.deviation
        return np.clip(scaled, -LARGEST_OUTPUT, LARGEST_OUTPUT).astype(np.float32)

    def inverse(self, outputs: ArrayLike) -> np.ndarray:
        """Predictions as numbers: float64, shape (n,) if the target was, else (n, outputs).

        Parameters
        ----------
        outputs : of the network, shape (n, outputs); or (n,) for one.

        Raises
        ------
        DataError : another shape.
        """
        found = np.asarray(outputs, np.float64)
        if found.ndim == 1 and self.outputs == 1:
            found = found[:, None]
        if found.ndim != 2 or found.shape[1] != self.outputs:
            raise DataError(f"expected outputs of shape (n, {self.outputs}), got {found.shape}")
        with np.errstate(over="ignore"):
            values = found * self.deviation + self.mean
        return values[:, 0] if self.single else values

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "target": "numbers",
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "single": self.single,
        }

    @classmethod
    def from_json(cls, about: Any) -> NumberTarget:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object", ("target", "mean", "deviation", "single"))
        read_choice(about["target"], "target", ("numbers",))
        single = read_flag(about["single"], "single")
        mean, deviation = (
            np.array([read_number(v, part) for v in read_list(about[part], part)], np.float64)
            for part in ("mean", "deviation")
        )
        if not len(mean) or len(mean) != len(deviation) or (single and len(mean) != 1):
            raise damaged(f"{len(mean)} means and {len(deviation)} deviations of outputs")
        if (deviation < 1 / LARGEST).any() or (np.abs(mean) > LARGEST).any():
            raise damaged("the scale of an output is out of range")
        return cls(mean, deviation, single)


Target = ClassTarget | NumberTarget


def target_from_json(about: Any) -> Target:
    """The target of either kind that `to_json` described; `ModelFileError` for anything else."""
    kind = about.get("target") if isinstance(about, dict) else None
    known: tuple[tuple[str, type[Any]], ...] = (
        ("classes", ClassTarget),
        ("numbers", NumberTarget),
    )
    for name, target in known:
        if kind == name:
            found: Target = target.from_json(about)
            return found
    raise damaged(f"expected classes or numbers as target, got {short(kind)}")


_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


def _labels(labels: ArrayLike | Column) -> tuple[Sequence[Label], np.ndarray]:
    """The labels that there are, sorted, and for each row the place of its own, shape (n,).

    Raises
    ------
    DataError : see `ClassTarget.fit`.
    """
    if isinstance(labels, Column):
        if labels.levels is not None:
            return _words(labels)
        values = _column_numbers(labels)
    else:
        values = np.asarray(labels)
    if values.ndim != 1:
        raise DataError(
            f"expected one label for each row, shape (n,), got shape {values.shape}; "
            "give class numbers or names, not one column for each class"
        )
    if values.dtype.kind in "OT":
        values = _of_one_kind(values.astype(object))
    if values.dtype.kind not in "biufU":
        raise DataError(
            f"expected text or numbers as labels, got {values.dtype}; convert them to text first"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise _no_label(row, "a missing one" if np.isnan(values[row]) else "an infinite one")
    unique, places = np.unique(values, return_inverse=True)
    if unique.dtype.kind == "f":
        unique = unique + 0.0  # -0.0 is 0.0.
    found: list[Label] = unique.tolist()
    return found, places


def _words(column: Column) -> tuple[Sequence[Label], np.ndarray]:
    """What `_labels` gives, for a column of words; not each of them need occur."""
    levels, missing = column.levels or (), column.missing
    if missing.any():
        raise _no_label(int(missing.argmax()), "a missing one")
    order = np.array(sorted(range(len(levels)), key=levels.__getitem__), np.int64)
    places = np.empty(len(levels), np.int64)
    places[order] = np.arange(len(levels))
    return [levels[place] for place in order], places[column.values]


def _column_numbers(column: Column) -> np.ndarray:
    """The labels of a column of numbers; whole numbers as int, and bools as they were."""
    missing = column.missing
    if missing.any():
        raise _no_label(int(missing.argmax()), "a missing one")
    if column.storage == "dates":
        raise DataError(
            f"column '{column.name}': expected classes, got dates; convert them to text, or to "
            "numbers"
        )
    values = column.values
    whole = np.isfinite(values).all() and (values == np.rint(values)).all()
    if not whole or (np.abs(values) > 1 << 53).any():
        return values
    bools = "bool" in column.source.lower() and np.isin(values, (0, 1)).all()
    return values.astype(np.bool_ if bools else np.int64)


def _of_one_kind(values: np.ndarray) -> np.ndarray:
    """An array of objects as one of text, of bools or of numbers."""
    kinds: list[tuple[type, ...]] = [(str,), (bool, np.bool_), (bool, int, float, np.number)]
    types = set(map(type, values.tolist()))
    for kind in kinds:
        if all(issubclass(t, kind) for t in types):
            try:
                return np.array(values.tolist())
            except (OverflowError, ValueError):
                break
    for row, label in enumerate(values.tolist()):
        if label is None or type(label).__name__ in ("NAType", "NaTType") or label != label:
            raise _no_label(row, "a missing one")
    names = ", ".join(sorted(t.__name__ for t in types))
    raise DataError(f"expected labels of one kind, text or numbers, got {names}; make them text")


def _no_label(row: int, got: str) -> DataError:
    return DataError(
        f"row {row} (counted from 0): expected a label, got {got}; leave the row out, or correct it"
    )


def _numbers(values: ArrayLike | Column) -> tuple[np.ndarray, bool]:
    """Numbers as float64, shape (n, outputs), and whether they were of shape (n,)."""
    if isinstance(values, Column):
        if values.storage != "numbers":
            raise DataError(
                f"column '{values.name}': expected numbers to predict, got {values.storage}; "
                "correct the column, or predict classes"
            )
        values = values.values
    try:
        found = np.asarray(values)
        found = found.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "expected numbers to predict, got something else; correct them, or predict classes"
        ) from None
    if np.asarray(values).dtype.kind in "cmM" or found.ndim not in (1, 2) or 0 in found.shape[1:]:
        raise DataError(
            f"expected numbers to predict of shape (n,) or (n, outputs), got {np.shape(values)}"
        )
    single = found.ndim == 1
    found = found[:, None] if single else found
    wrong = ~np.isfinite(found)
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        where = "" if single else f", output {place} (counted from 0)"
        got = "a missing one" if np.isnan(found[row, place]) else "an infinite one"
        raise DataError(
            f"row {row} (counted from 0){where}: expected a finite number to predict, got {got}; "
            "leave the row out, or correct it"
        )
    return found, single
