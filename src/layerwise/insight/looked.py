"""Where a classifier of pictures looked, and whether that means anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, OptionError, unknown
from ..model import Model
from .attention_rollout import attention_layers, attention_rollout
from .layer_outputs import layer_graph, rows_of
from .saliency import saliency
from .subject import model_of

METHODS = ("attention", "gradient")

SMOOTH = 8
"""Noisy copies of which a gradient is the mean."""

SQUARES = 7
"""About so many squares along a side, for networks without patches."""


@dataclass(frozen=True, eq=False)
class Looked:
    """Where a network looked in some pictures.

    Attributes
    ----------
    maps : float32 (n, height, width), at least 0; those of a picture sum to 1.
    pictures : float32 (n, channels, height, width), the pictures as the model takes them.
    patch : (height, width) of the patches that the network sees, or of squares for one without.
    method : "attention" or "gradient".
    """

    maps: np.ndarray
    pictures: np.ndarray
    patch: tuple[int, int]
    method: str

    @property
    def patches(self) -> np.ndarray:
        """The same summed over each patch, (n, patches down, patches across)."""
        return _by_patch(self.maps, self.patch)


@dataclass(frozen=True)
class MaskingCheck:
    """What masking does to the probability of the class that a network had answered.

    Attributes
    ----------
    attended, attended_error : mean drop where the patches looked at most are masked, and its
        standard error over the pictures.
    random, random_error : where as many are masked at random.
    difference, difference_error : the first less the second, picture by picture.
    answers_kept, answers_kept_random : part of the pictures whose answer stays the same.
    rows : pictures.
    share : of the patches, masked.
    method : that was checked.
    """

    attended: float
    attended_error: float
    random: float
    random_error: float
    difference: float
    difference_error: float
    answers_kept: float
    answers_kept_random: float
    rows: int
    share: float
    method: str

    @property
    def means_something(self) -> bool:
        """Whether masking what was looked at hurts more, by at least two standard errors."""
        return self.difference > 2 * self.difference_error and self.difference > 0

    def __str__(self) -> str:
        return (
            f"masking the {self.share:.0%} of the picture looked at most ({self.method}): the "
            f"answer's probability drops by {self.attended:.3f} ± {self.attended_error:.3f}; as "
            f"much at random: {self.random:.3f} ± {self.random_error:.3f} ({self.rows:,} pictures)"
        )


def where_it_looked(model: Any, pictures: Any, method: str | None = None, seed: int = 0) -> Looked:
    """Which parts of pictures an answer came from.

    Parameters
    ----------
    model : a model of pictures, loaded or not, a fitted `ImageClassifier`, or a network that takes
        (n, channels, height, width).
    pictures : as the model takes them.
    method : "attention" rolls the attention of all layers out, from the class token, or from the
        mean of all tokens, to the patches (`attention_rollout`). "gradient" is how much the score
        of the answer hangs on each pixel, of whichever sign: the mean of `saliency` over noisy
        copies. By default attention where there is some.
    seed : of the noise.

    Raises
    ------
    OptionError : an unknown method, attention of a network without, or no network of pictures.
    """
    if method is not None and method not in METHODS:
        raise unknown("method", method, METHODS)
    whole = model_of(model)
    given = _pictures(whole, pictures)
    net = _plain(whole)
    graph = layer_graph(rows_of(net, given[:1]))
    patch, grid, has_class = _patches(graph, given.shape[2:])
    if method is None:
        method = "attention" if attention_layers(graph) and grid is not None else "gradient"
    if method == "gradient":
        slopes = saliency(net, given, samples=SMOOTH, seed=seed)
        found = np.abs(slopes).sum(1)
    else:
        if grid is None:
            raise OptionError(
                "attention: expected a network with a PatchEmbedding and self-attention; the "
                "method 'gradient' is for every network"
            )
        rolled = attention_rollout(net, given)
        tokens = rolled[:, 0, 1:] if has_class else rolled.mean(1)
        found = _in_pixels(tokens.reshape(-1, *grid), patch, given.shape[2:])
    total = found.sum((1, 2), keepdims=True)
    # A picture of which nothing is known was looked at everywhere alike.
    even = 1 / math.prod(given.shape[2:])
    maps = np.where(total > 0, found / np.where(total > 0, total, 1), even)
    return Looked(maps.astype(np.float32), given, patch, method)


def masking_check(
    model: Any,
    pictures: Any,
    method: str | None = None,
    share: float = 0.2,
    repeats: int = 4,
    seed: int = 0,
    looked: Looked | None = None,
) -> MaskingCheck:
    """Mask the patches that were looked at most, and as many at random, to see which hurts more.

    Masked patches get the mean of all pictures at their place, so that they say nothing. If a map
    means something, the probability of the answer drops more without the patches that it shows
    (Samek et al. 2017, "Evaluating the visualization of what a deep neural network has learned").

    Parameters
    ----------
    model, pictures, method : as for `where_it_looked`. Some hundred pictures are plenty.
    share : of the patches that is masked, above 0 and below 1.
    repeats : random choices for each picture, whose mean is taken.
    seed : of these.
    looked : maps of these pictures, where they are known already.

    Raises
    ------
    OptionError : a share or a number of repeats that makes no sense.
    DataError : fewer than 2 pictures, which have no standard error.
    """
    if not 0 < share < 1 or repeats < 1:
        raise OptionError(
            f"expected a share between 0 and 1 and at least 1 repeat, got {share!r}, {repeats!r}"
        )
    whole = model_of(model)
    looked = where_it_looked(whole, pictures, method, seed) if looked is None else looked
    given = looked.pictures
    if len(given) < 2:
        raise DataError(f"expected at least 2 pictures, got {len(given)}")
    before = _probabilities(whole, given)
    answer = before.argmax(1)
    rows = np.arange(len(given))
    filling = np.broadcast_to(given.mean(0), given.shape)
    patches = looked.patches.reshape(len(given), -1)
    count = min(patches.shape[1] - 1, max(1, round(share * patches.shape[1])))

    def after(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Drops, and whether the answer is kept, without the first patches of an order."""
        masked = np.zeros(patches.shape, bool)
        np.put_along_axis(masked, order[:, :count], True, axis=1)
        grid = masked.reshape(looked.patches.shape)
        mask = _spread(grid, looked.patch, given.shape[2:])
        found = _probabilities(whole, np.where(mask[:, None], filling, given))
        return before[rows, answer] - found[rows, answer], found.argmax(1) == answer

    random = np.random.default_rng(seed)
    attended, kept = after(np.argsort(-patches, axis=1, kind="stable"))
    others = [after(np.argsort(random.random(patches.shape), axis=1)) for _ in range(repeats)]
    chance = np.mean([drops for drops, _ in others], axis=0)
    root = math.sqrt(len(given))

    def error(values: np.ndarray) -> float:
        return float(values.std(ddof=1) / root)

    return MaskingCheck(
        attended=float(attended.mean()),
        attended_error=error(attended),
        random=float(chance.mean()),
        random_error=error(chance),
        difference=float((attended - chance).mean()),
        difference_error=error(attended - chance),
        answers_kept=float(kept.mean()),
        answers_kept_random=float(np.mean([kept for _, kept in others])),
        rows=len(given),
        share=count / patches.shape[1],
        method=looked.method,
    )


# -- parts -----------------------------------------------------------------------------------------


def _pictures(model: Model, given: Any) -> np.ndarray:
    if model.pictures is not None:
        return model.pictures.take(given)[0]
    found = np.asarray(given, np.float32)
    if found.ndim != 4:
        raise OptionError(
            "expected pictures of shape (n, channels, height, width), as the network takes them, "
            f"got {found.shape}"
        )
    return found


def _plain(model: Model) -> Model:
    """The model for pictures that are of its kind already."""
    if model.pictures is None:
        return model
    return Model(model.whole, output=model.output, target=model.target, classes=model.classes,
                 summary=model.summary)  # fmt: skip


def _probabilities(model: Model, pictures: np.ndarray) -> np.ndarray:
    if model.target == "numbers":
        raise OptionError("expected a network that tells classes apart, got one of numbers")
    return np.asarray(_plain(model).predict_probabilities(pictures), np.float64)


def _patches(
    graph: Any, size: tuple[int, ...]
) -> tuple[tuple[int, int], tuple[int, int] | None, bool]:
    """Size of a patch, patches (down, across) or None, and whether there is a class token."""
    for name in graph.calls:
        # The layer of a loaded model is known by its text alone.
        text = graph.describe(name)
        found = re.search(r"PatchEmbedding\(.*patch=\((\d+), (\d+)\)", text)
        if found:
            patch = (int(found[1]), int(found[2]))
            grid = (-(-size[0] // patch[0]), -(-size[1] // patch[1]))
            return patch, grid, "class_token=False" not in text
    height, width = (max(1, round(length / SQUARES)) for length in size[:2])
    return (height, width), None, False


def _in_pixels(tokens: np.ndarray, patch: tuple[int, int], size: tuple[int, ...]) -> np.ndarray:
    """Each patch's share spread evenly over those of its pixels that are in the picture."""
    height, width = size
    ones = np.ones((1, height, width), np.float32)
    inside = _by_patch(ones, patch)
    return _spread(tokens / inside, patch, size)


def _by_patch(maps: np.ndarray, patch: tuple[int, int]) -> np.ndarray:
    count, height, width = maps.shape
    down, across = -(-height // patch[0]), -(-width // patch[1])
    rest = ((0, 0), (0, down * patch[0] - height), (0, across * patch[1] - width))
    return np.pad(maps, rest).reshape(count, down, patch[0], across, patch[1]).sum((2, 4))


def _spread(grid: np.ndarray, patch: tuple[int, int], size: tuple[int, ...]) -> np.ndarray:
    return grid.repeat(patch[0], 1).repeat(patch[1], 2)[:, : size[0], : size[1]]


__all__ = ["Looked", "MaskingCheck", "masking_check", "where_it_looked"]
