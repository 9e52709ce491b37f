"""Which inputs an answer hangs on: the gradient of a class's score by the input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DataError, OptionError
from ..graph import argmax, batch, dtypes, gradients, input, one_hot, reshape, sum
from ..model import Model
from ..nn.module import Module
from .layer_outputs import Rows, layer_graph, rows_of, run_rows, width_of
from .preferred import target_of

LARGEST = 1 << 24
"""Numbers of noisy copies that are made at once."""


def saliency(
    net: Module | Model,
    inputs: Any,
    target: Any = None,
    samples: int = 0,
    noise: float = 0.15,
    seed: int = 0,
) -> Any:
    """How the score of one class changes with each number of the input, row by row.

    The score is the logit: of a network that ends in softmax or sigmoid, the number before it.
    Where the result is positive, more of the input speaks for the class; where it is negative,
    against it. Simonyan, Vedaldi & Zisserman 2013, "Deep inside convolutional networks".

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not.
    inputs : rows as the network takes them, or a tuple of several inputs.
    target : the number of the output whose score is meant: one for all rows, or one for each (n,);
        the largest output of each row when None.
    samples : with more than 0, the mean over so many noisy copies of each row. A network of ReLUs
        is made of flat pieces, and the slope of a single one is rough (SmoothGrad: Smilkov, Thorat,
        Kim, Viégas & Wattenberg 2017).
    noise : standard deviation of that noise, as a part of the range of each input.
    seed : of the noise.

    Returns
    -------
    An array of the shape of the input, in units of score per unit of input; for several inputs a
    tuple, with None for those that are whole numbers, such as codes of categories.

    Raises
    ------
    OptionError : a target that is no output, a negative number of samples or noise, or a network
        without an input of floats.
    DataError : not one target for each row.
    """
    if samples < 0 or not 0 <= noise < math.inf:
        raise OptionError(
            f"expected at least 0 samples and a noise of at least 0, got {samples!r} and {noise!r}"
        )
    rows = rows_of(net, inputs)
    graph = layer_graph(rows)
    score = target_of(graph, None)
    width = width_of(score)
    flat = reshape(score, (batch, width))
    count = len(rows.arrays[0])
    if target is None:
        numbers = run_rows(rows, {"largest": argmax(flat)})["largest"]
    else:
        numbers = _numbers(target, count, width)
    chosen = input("chosen", (batch,), dtypes.int32)
    total = sum(flat * one_hot(chosen, width, flat.dtype))
    floats = [x for x in graph.inputs if dtypes.is_float(x.dtype)]
    if not floats:
        raise OptionError("the network takes no floats, so there is no slope along its inputs")
    slopes = dict(zip(floats, gradients(total, floats), strict=True))
    found = _mean_slopes(rows, graph.inputs, slopes, numbers, samples, noise, seed)
    return found[0] if len(found) == 1 else tuple(found)


def _numbers(target: Any, count: int, width: int) -> np.ndarray:
    numbers = np.asarray(target)
    if numbers.ndim == 0:
        numbers = np.full(count, numbers)
    if numbers.shape != (count,):
        raise DataError(f"expected one target, or one for each of {count} rows, got shape "
                        f"{numbers.shape}")  # fmt: skip
    if numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= width:
        raise OptionError(
            f"expected the number of an output, from 0 to {width - 1}, as target; got {target!r}"
        )
    return numbers.astype(np.int32)


def _mean_slopes(
    rows: Rows,
    inputs: list[Any],
    slopes: dict[Any, Any],
    numbers: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> list[np.ndarray | None]:
    """The slope at each row, or its mean over noisy copies, for each input."""
    generator = np.random.default_rng(seed)
    places = [i for i, x in enumerate(inputs) if x in slopes]
    outputs = {str(i): slopes[inputs[i]] for i in places}
    spread = [noise * float(np.ptp(a)) if i in places else 0.0 for i, a in enumerate(rows.arrays)]
    at_once = max(1, LARGEST // max(a.size for a in rows.arrays))
    totals = {name: np.zeros(rows.arrays[int(name)].shape) for name in outputs}
    left = max(samples, 1)
    while left:
        copies = min(left, at_once)
        left -= copies
        arrays = []
        for array, deviation in zip(rows.arrays, spread, strict=True):
            tiled = np.tile(array, (copies, *(1,) * (array.ndim - 1)))
            if samples and deviation:
                tiled = tiled + deviation * generator.standard_normal(tiled.shape)
            arrays.append(tiled)
        found = run_rows(
            Rows(rows.module, tuple(arrays)), outputs, extra={"chosen": np.tile(numbers, copies)}
        )
        for name, values in found.items():
            totals[name] += values.reshape(copies, *totals[name].shape).sum(0, dtype=np.float64)
    result: list[np.ndarray | None] = [None] * len(inputs)
    for i in places:
        result[i] = (totals[str(i)] / max(samples, 1)).astype(inputs[i].dtype)
    return result


__all__ = ["saliency"]
