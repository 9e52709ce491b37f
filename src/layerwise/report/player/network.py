"""The JSON that the page's own network is made of."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import nn
from ...model import Model
from ...nn.module import Module
from .stack import NotPlayable, Stack

LARGEST_SIDE = 32
"""Of a picture: on more cells nobody can draw by hand, nor see them."""

MOST_NUMBERS = 400_000
"""Weights that a page may carry: 1.6 MB of float32, 2.1 MB as text; beyond half of it float16."""


@dataclass(frozen=True, eq=False)
class Playable:
    """A network for the page.

    Attributes
    ----------
    network : JSON values; ``layers`` with kinds and weights, ``factor`` and ``shift`` of pixels.
    frame : where training pictures have their ink: how a drawing is brought to their likeness.
    classes : their names.
    shape : (height, width) of a picture.
    brightest : the value of full ink.
    examples : real pictures to begin with, (name of the class, values 0 to `brightest`).
    tolerance : how far probabilities may be from Python's.
    """

    network: dict[str, Any]
    frame: dict[str, float]
    classes: tuple[str, ...]
    shape: tuple[int, int]
    brightest: float
    examples: tuple[tuple[str, list[float]], ...]
    tolerance: float

    def as_json(self) -> dict[str, Any]:
        """Everything the page needs."""
        return {
            "network": self.network,
            "frame": self.frame,
            "classes": list(self.classes),
            "height": self.shape[0],
            "width": self.shape[1],
            "brightest": self.brightest,
            "examples": [{"name": name, "pixels": pixels} for name, pixels in self.examples],
        }


def playable(
    model: Model,
    stack: Stack,
    shape: tuple[int, int],
    classes: tuple[str, ...],
    pictures: np.ndarray,
    labels: np.ndarray,
) -> Playable:
    """The network of a model of pictures.

    Parameters
    ----------
    model : of classes.
    stack : its layers, as `stack_of` found them.
    shape : (height, width) of its pictures.
    classes : names.
    pictures : float (n, height, width), real ones: they show what ink looks like.
    labels : int (n,), their classes.

    Raises
    ------
    NotPlayable : with the reason, for people.
    """
    if max(shape) > LARGEST_SIDE:
        raise NotPlayable(f"pictures of {shape[0]} x {shape[1]} are too fine to draw by hand")
    if model.output not in ("softmax", "sigmoid", "exp", "identity"):
        raise NotPlayable(f"its output {model.output} is of no kind that the page knows")
    count = model.parameter_count
    if count > MOST_NUMBERS:
        raise NotPlayable(f"its {count:,} weights would make the page too large")
    half = count > MOST_NUMBERS // 2
    brightest = float(np.percentile(pictures, 99.9)) or 1.0
    network = {
        "output": model.output,
        "half": half,
        "layers": _layers(stack, half),
        "factor": _packed(stack.factor, False),
        "shift": _packed(stack.shift, False),
    }
    return Playable(
        network,
        frame_of(pictures, brightest),
        classes,
        shape,
        brightest,
        _examples(pictures, labels, classes),
        1e-2 if half else 1e-4,
    )


def frame_of(pictures: np.ndarray, brightest: float) -> dict[str, float]:
    """How large ink is in pictures and where it lies, in cells.

    Parameters
    ----------
    pictures : float (n, height, width).
    brightest : the value of full ink; a cell counts as inked from a quarter of it.

    Returns
    -------
    ``height`` (median of the ink's box), ``widest`` (its 95th percentile of widths), ``x``, ``y``
    (mean centre of the ink's mass) and ``weight`` (mean stroke width).
    """
    inked = pictures >= brightest / 4
    rows, columns = np.asarray(inked.any(2)), np.asarray(inked.any(1))
    ink = pictures.sum((1, 2))
    known = rows.any(1) & (ink > 0)
    if not known.any():
        raise NotPlayable("its pictures are empty")
    tall, wide = np.arange(pictures.shape[1]) + 0.5, np.arange(pictures.shape[2]) + 0.5
    heights = rows.shape[1] - rows.argmax(1) - rows[:, ::-1].argmax(1)
    widths = columns.shape[1] - columns.argmax(1) - columns[:, ::-1].argmax(1)
    return {
        "height": float(np.median(heights[known])),
        "widest": float(np.percentile(widths[known], 95)),
        "x": float(((pictures.sum(1) @ wide)[known] / ink[known]).mean()),
        "y": float(((pictures.sum(2) @ tall)[known] / ink[known]).mean()),
        "weight": float(np.median(stroke_width(pictures[known]))),
    }


def stroke_width(pictures: np.ndarray) -> np.ndarray:
    """Width of the strokes of each picture, in cells: twice the ink over the length of its edge.

    A stroke of length l and width w has the ink l w and an edge of about 2 l. The edge's length is
    the sum of the steps between neighbouring cells; the page measures drawings the same way, so a
    constant factor does not matter.
    """
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    steps = np.hypot(np.diff(padded, axis=1)[:, :, :-1], np.diff(padded, axis=2)[:, :-1, :])
    found: np.ndarray = 2 * pictures.sum((1, 2)) / np.maximum(steps.sum((1, 2)), 1e-12)
    return found


def _examples(
    pictures: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]
) -> tuple[tuple[str, list[float]], ...]:
    """The first picture of each of the first ten classes."""
    found = []
    for label in range(min(len(classes), 10)):
        places = np.flatnonzero(labels == label)
        if len(places):
            pixels = [round(float(v), 4) for v in pictures[places[0]].reshape(-1)]
            found.append((classes[label], pixels))
    return tuple(found)


def _layers(stack: Stack, half: bool) -> list[dict[str, Any]]:
    found = []
    for path, module in zip(stack.paths, stack.modules, strict=True):
        about = _about(module, half)
        if about is not None:
            found.append({"path": path, "text": str(module), **about})
    return found


def _about(module: Module, half: bool) -> dict[str, Any] | None:
    """One layer; None for one that does nothing in evaluation."""
    if isinstance(module, nn.Dropout | nn.Flatten | nn.Identity):
        return None
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        bias = None if module.bias is None else _packed(module.bias.value, half)
        return {
            "kind": kind, "inputs": module.in_features, "outputs": module.out_features,
            "weight": _packed(module.weight.value, half), "bias": bias,
        }  # fmt: skip
    if isinstance(module, nn.BatchNorm1d):
        # In evaluation it is a scaling of each unit.
        scale = module.weight.value / np.sqrt(module.running_var.value + module.epsilon)
        shift = module.bias.value - module.running_mean.value * scale
        return {"kind": kind, "scale": _packed(scale, False), "shift": _packed(shift, False)}
    if isinstance(module, nn.LayerNorm):
        return {
            "kind": kind, "epsilon": module.epsilon,
            "scale": _packed(module.weight.value, False),
            "shift": _packed(module.bias.value, False),
        }  # fmt: skip
    if isinstance(module, nn.Softmax | nn.LogSoftmax) and module.axis not in (-1, 1):
        raise NotPlayable(f"its layer {module} works along an axis that the page does not know")
    settings = {
        name: float(getattr(module, name))
        for name in ("negative_slope", "alpha", "approximate")
        if hasattr(module, name)
    }
    return {"kind": kind, **settings}


def _packed(values: np.ndarray, half: bool) -> str:
    """Little-endian floats of 4 or 2 bytes, in base 64."""
    dtype = "<f2" if half else "<f4"
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode()
