"""The rows that are kept for the test: at random, by groups, or the latest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .splits import Rows, fold_rows, split_rows

FEWEST = 5
"""Rows of a class from which on it is divided; all rows of a smaller one are trained on."""


class Held(NamedTuple):
    """Row numbers of two parts.

    Attributes
    ----------
    rest : to learn from.
    test : kept apart.
    """

    rest: Rows
    test: Rows


def hold_out(
    rows: int, share: float, seed: int, *, classes: np.ndarray | None = None
) -> tuple[Held, list[int]]:
    """Keep a part of the rows, drawn at random.

    Parameters
    ----------
    rows : how many there are.
    share : of the rows, more than 0 and less than 1.
    seed : the same one gives the same parts on every machine.
    classes : (rows,) numbers of classes: both parts then hold them in the same proportions. Classes
        of fewer than `FEWEST` rows are not divided: all their rows are learned from.

    Returns
    -------
    The parts, and the classes that were too small to divide.
    """
    if classes is None:
        return _checked(split_rows(np.zeros(rows, np.int8), seed, share, 0), rows), []
    counts = np.bincount(classes)
    small = np.flatnonzero((counts > 0) & (counts < FEWEST))
    kept = np.isin(classes, small)
    places = np.flatnonzero(~kept)
    if not len(places):
        return _checked(split_rows(np.zeros(rows, np.int8), seed, share, 0), rows), small.tolist()
    parts = split_rows(classes[places], seed, share, 0)
    rest = np.concatenate([places[parts.training], np.flatnonzero(kept)])
    return _checked((rest, places[parts.test]), rows), small.tolist()


def hold_out_groups(groups: np.ndarray, share: float, seed: int) -> Held:
    """Keep whole groups, of about so many rows.

    Parameters
    ----------
    groups : (rows,): rows with the same value stay together.
    share, seed : as for `hold_out`.

    Raises
    ------
    DataError : there are fewer than two groups.
    """
    count = len(np.unique(groups))
    if count < 2:
        raise DataError(
            "all rows are of one group, so none can be kept for the test; expected at least two "
            "groups"
        )
    # In random order, as many groups as come nearest to the share, but not all.
    order = fold_rows(len(groups), count, seed, groups=np.asarray(groups))
    sizes = np.bincount(order, minlength=count)
    shuffled = _shuffled(count, seed)
    reached = np.cumsum(sizes[shuffled])
    taken = 1 + int(np.abs(reached[:-1] - share * len(groups)).argmin())
    tested = np.isin(order, shuffled[:taken])
    return Held(np.flatnonzero(~tested), np.flatnonzero(tested))


def hold_out_latest(times: np.ndarray, share: float) -> Held:
    """Keep the latest rows; rows of the same time stay together.

    Parameters
    ----------
    times : (rows,) numbers or dates.
    share : as for `hold_out`.

    Raises
    ------
    DataError : all rows are of the same time.
    """
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    cuts = 1 + np.flatnonzero(ordered[1:] > ordered[:-1])
    if not len(cuts):
        raise DataError("all rows are of the same time, so none are the latest")
    cut = int(cuts[np.abs(cuts - (1 - share) * len(times)).argmin()])
    return Held(order[:cut], order[cut:])


def _shuffled(count: int, seed: int) -> Rows:
    """The numbers from 0 in an order that the seed decides."""
    return split_rows(np.zeros(count, np.int8), seed, 0, 0).training


def _checked(parts: tuple[Rows, ...], rows: int) -> Held:
    rest, test = parts[0], parts[-1]
    if not len(test) or not len(rest):
        raise DataError(
            f"{rows:,} rows are too few to keep some for the test; expected more, or measure with "
            "--cv"
        )
    return Held(rest, test)
