"""Rows as points of a plane, as each layer places them: which ones it puts close together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError, OptionError, unknown
from ..model import Model
from ..nn.module import Module
from .layer_outputs import Rows, layer_graph, layer_outputs, rows_of

METHODS = ("pca", "tsne")
FOR_TSNE = 50
"""Principal components that t-SNE is given, as van der Maaten & Hinton did."""


@dataclass(frozen=True)
class LayerMap:
    """One layer's outputs for some rows, seen in two dimensions.

    Attributes
    ----------
    path, layer : the layer; for the network's input the path is ``input``.
    points : float64 (rows, 2).
    explained : for PCA, the shares of the variance along each of the two axes; None for t-SNE,
        which keeps neighbours, not distances.
    y : the target of each row, or None.
    chosen : which of the given rows these are, int (rows,).
    """

    path: str
    layer: str
    points: np.ndarray = field(repr=False)
    explained: tuple[float, float] | None
    y: np.ndarray | None = field(repr=False, default=None)
    chosen: np.ndarray | None = field(repr=False, default=None)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; points rounded to four digits."""
        return {
            "path": self.path,
            "layer": self.layer,
            "points": [[float(f"{v:.4g}") for v in point] for point in self.points],
            "explained": None if self.explained is None else list(self.explained),
            "y": None if self.y is None else self.y.tolist(),
            "chosen": None if self.chosen is None else self.chosen.tolist(),
        }


def layer_maps(
    net: Module | Model,
    inputs: Any,
    y: Any = None,
    paths: Sequence[str] | None = None,
    method: str = "pca",
    rows: int = 600,
    seed: int = 0,
) -> list[LayerMap]:
    """A map of the rows for the input and for each layer.

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not.
    inputs : rows as the network takes them.
    y : a target for each row (n,), kept with the points; one-hot rows become class numbers.
    paths : the layers wanted, ``input`` among them if it is; the input and all layers when None.
    method : ``pca``, the two directions in which the outputs vary most (Pearson 1901); or ``tsne``,
        which keeps close what is close (van der Maaten & Hinton 2008), takes seconds a layer,
        and shows no distances between groups.
    rows : of more rows than this, a random choice.
    seed : of that choice, and of t-SNE.

    Returns
    -------
    In the order of the forward pass. Outputs that are not finite count as 0.

    Raises
    ------
    OptionError : no such method or layer. DataError : fewer than three rows.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    given = rows_of(net, inputs)
    count = len(given.arrays[0])
    if count < 3:
        raise DataError(f"a map needs at least three rows, got {count}")
    target = None if y is None else np.asarray(y)
    if target is not None:
        if target.ndim == 2 and target.shape[1] > 1:
            target = target.argmax(1)
        target = target.reshape(-1)
        if len(target) != count:
            raise DataError(f"expected a target for each of {count} rows, got {len(target)}")
    chosen = np.arange(count)
    if count > rows:
        if rows < 3:
            raise OptionError(f"expected at least three rows for a map, got rows={rows}")
        chosen = np.sort(np.random.default_rng(seed).permutation(count)[:rows])
    picked = Rows(given.module, tuple(a[chosen] for a in given.arrays))
    wanted = None if paths is None else [p for p in paths if p != "input"]
    graph = layer_graph(picked)
    found: dict[str, np.ndarray] = {}
    if paths is None or "input" in paths:
        found["input"] = np.concatenate(
            [a.reshape(len(chosen), -1).astype(np.float64) for a in picked.arrays], 1
        )
    if wanted is None or wanted:
        found |= layer_outputs(given.module, picked.arrays, wanted)
    maps = []
    for path, values in found.items():
        points, explained = _placed(values.reshape(len(chosen), -1), method, seed)
        layer = "" if path == "input" else graph.describe(path)
        kept = None if target is None else target[chosen]
        maps.append(LayerMap(path, layer, points, explained, kept, chosen))
    return maps


def _placed(
    values: np.ndarray, method: str, seed: int
) -> tuple[np.ndarray, tuple[float, float] | None]:
    points, shares = _principal(values, 2 if method == "pca" else FOR_TSNE)
    if method == "pca":
        return points, (float(shares[0]), float(shares[1]))
    from sklearn.manifold import TSNE

    if not points.any():
        return points[:, :2], None
    perplexity = min(30.0, (len(points) - 1) / 3)
    scale = points[:, 0].std()
    placed = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(
        points / scale
    )
    return np.asarray(placed, np.float64), None


def _principal(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows along their principal axes, and the share of the variance along each."""
    x = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    x = x - x.mean(0)
    # Through the rows or the columns, whichever are fewer.
    if x.shape[1] <= len(x):
        vectors = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :count]
        points = x @ vectors
    else:
        sizes, sides = np.linalg.eigh(x @ x.T)
        points = (sides * np.sqrt(np.maximum(sizes, 0)))[:, ::-1][:, :count]
    points = np.pad(points, ((0, 0), (0, max(0, 2 - points.shape[1]))))
    # An axis has no direction of its own; the farthest point shall lie on its positive side.
    points = points * np.sign(points[np.abs(points).argmax(0), np.arange(points.shape[1])] + 1e-300)
    total = float((x * x).sum())
    return points, (points * points).sum(0) / (total if total > 0 else 1.0)


__all__ = ["LayerMap", "layer_maps"]
