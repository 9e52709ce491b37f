"""Two ensembles on the same rows, each row predicted by members that had not seen it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..nn.losses import Loss
from ..tabular.record import HeldOut
from .trial import NOISE

MOST = 1e6
"""A row's loss counts as this at most, and a loss that is no number as this."""

FAR = 25.0
"""And as so many usual rows of a guess that is always the same: a network that blew up must not
decide by a few rows, nor hide behind them, as their spread would make any gain look like chance."""

LEAST = 1e-3
"""Part of a class that no row has, for the logarithm."""


class Comparison(NamedTuple):
    """How two ensembles do, row by row.

    Attributes
    ----------
    before, after : mean losses; a row's counts as at most 25 times the mean of a guess that is
        always the same. `gain` is the mean of the rows' differences, `error` its standard error.
    """

    before: float
    after: float
    gain: float
    error: float

    @property
    def improves(self) -> bool:
        """Whether the gain is more than its noise."""
        return self.gain > NOISE * self.error


def compare_held_out(
    before: HeldOut,
    after: HeldOut,
    losses: tuple[Loss, Loss],
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    balanced: bool = False,
) -> Comparison | None:
    """Compare outputs for rows that both had not seen; None with fewer than two of them.

    Parameters
    ----------
    before, after : of the same rows, in the same order.
    losses : of the one and of the other; they may differ in form, such as a sigmoid's and a
        softmax's cross-entropy.
    weight : (n,), how much each row counts.
    groups : (n,): rows of one group are not independent, so the error is that of groups.
    balanced : whether every class counts alike, however few rows it has.
    """
    known = before.seen & after.seen
    target = before.target[known]
    rows = int(known.sum())
    counts = np.ones(rows) if weight is None else weight[known].astype(np.float64)
    if balanced:
        codes = target.reshape(rows, -1)[:, 0].astype(np.int64)
        sums = np.bincount(codes, counts)
        counts = counts / sums[codes]
    if rows < 2 or not counts.sum():
        return None
    counts = counts / counts.sum()
    found = [
        _losses(each.raw[known], each.target[known], loss)
        for each, loss in zip((before, after), losses, strict=True)
    ]
    guess = float(_losses(_same(before.raw[known], target, losses[0]), target, losses[0]) @ counts)
    if guess > 0:
        found = [np.minimum(each, FAR * guess) for each in found]
    means = [float(each @ counts) for each in found]
    differences = found[0] - found[1]
    gain = float(differences @ counts)
    parts = counts * (differences - gain)
    if groups is not None:
        places = np.unique(groups[known], return_inverse=True)[1]
        parts = np.bincount(places, parts)
    if len(parts) < 2:
        return None
    error = float(np.sqrt(len(parts) / (len(parts) - 1) * np.square(parts).sum()))
    return Comparison(means[0], means[1], gain, error)


def _same(raw: np.ndarray, target: np.ndarray, loss: Loss) -> np.ndarray:
    """Raw outputs that say the classes' frequencies, or the mean, for every row."""
    if loss.output == "softmax":
        shares = np.bincount(target.reshape(-1).astype(np.int64), minlength=raw.shape[1])
        same = np.log(np.maximum(shares / len(target), LEAST))
    else:
        mean = target.reshape(len(target), -1).mean(0, dtype=np.float64)
        if loss.output == "sigmoid":
            mean = np.clip(mean, LEAST, 1 - LEAST)
            same = np.log(mean / (1 - mean))
        else:
            same = np.log(np.maximum(mean, LEAST)) if loss.output == "exp" else mean
    return np.broadcast_to(same, raw.shape)


def _losses(raw: np.ndarray, target: np.ndarray, loss: Loss) -> np.ndarray:
    """The loss of each row, float64 (n,)."""
    given = target if target.dtype.kind == "i" else target.astype(np.float64)
    with np.errstate(all="ignore"):
        found = np.asarray(loss.function(raw.astype(np.float64), given), np.float64)
    if found.shape != (len(raw),):
        found = np.square(raw - given).mean(1)
    return np.clip(np.nan_to_num(found, nan=MOST, posinf=MOST), -MOST, MOST)


__all__ = ["Comparison", "compare_held_out"]
